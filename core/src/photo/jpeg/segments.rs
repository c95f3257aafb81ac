//! The segments of a JPEG, one after the other.
//!
//! Decoders pass over bytes between two segments and over fill bytes, so both are passed over here.
//! Of the markers without a body only the start and the end of an image are returned.

/// Start of scan.
pub const SOS: u8 = 0xDA;
/// Start of image.
pub const SOI: u8 = 0xD8;
/// End of image.
pub const EOI: u8 = 0xD9;

/// A marker and what stands in its segment.
#[derive(Debug, Clone, Copy)]
pub struct Segment<'a> {
    pub marker: u8,
    /// What follows the length; empty for the start and the end of an image.
    pub body: &'a [u8],
    /// Where the segment ends, in bytes from the start of the file.
    pub end: usize,
}

impl Segment<'_> {
    /// Whether this is a start of frame; 0xC4, 0xC8 and 0xCC are other things.
    #[must_use]
    pub fn is_frame(&self) -> bool {
        matches!(self.marker, 0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF)
    }
}

/// The first segment at or after `at`; `None` where the file ends before it does.
#[must_use]
pub fn next(bytes: &[u8], mut at: usize) -> Option<Segment<'_>> {
    loop {
        at += bytes.get(at..)?.iter().position(|byte| *byte == 0xFF)?;
        at += bytes.get(at..)?.iter().position(|byte| *byte != 0xFF)?;
        let marker = *bytes.get(at)?;
        at += 1;
        match marker {
            // These have no body; 0 is no marker at all.
            0x00 | 0x01 | 0xD0..=0xD7 => {}
            SOI | EOI => return Some(Segment { marker, body: &[], end: at }),
            _ => {
                let length = u16::from_be_bytes(*bytes.get(at..)?.first_chunk::<2>()?);
                let end = at.checked_add(usize::from(length))?;
                let body = bytes.get(at + 2..end)?;
                return Some(Segment { marker, body, end });
            }
        }
    }
}
