//! The segments of a JPEG, from its start to its first scan.
//!
//! APP1 holds EXIF, XMP and pieces of extended XMP, APP11 Content Credentials, COM a comment; the
//! tables and the frame header tell how the picture was encoded. What stands after the first scan
//! begins (trailing bytes, a second picture) is not looked at: viewers do not show it.

use std::borrow::Cow;

use super::blocks::{Blocks, Fault, XmpPiece, decode_text};
use super::encoder::Encoder;
use crate::limits;

const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const XMP_PIECE: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";

const START_OF_SCAN: u8 = 0xDA;
const END_OF_IMAGE: u8 = 0xD9;

/// A marker and what stands in its segment.
struct Segment<'a> {
    marker: u8,
    body: &'a [u8],
}

/// The blocks of a JPEG.
#[must_use]
pub fn blocks(bytes: &[u8]) -> Blocks<'_> {
    let mut blocks = Blocks { encoder: Some(Encoder::default()), ..Blocks::default() };
    let Some(mut rest) = bytes.strip_prefix(&[0xFF, 0xD8]) else { return blocks };
    for _ in 0..limits::BLOCKS_MAX {
        let Some(segment) = next_segment(&mut rest) else { return blocks };
        take(&segment, &mut blocks);
    }
    blocks.fault(Fault::too_many("jpeg segments"));
    blocks
}

/// The next segment; `None` at the first scan and where the file ends.
fn next_segment<'a>(rest: &mut &'a [u8]) -> Option<Segment<'a>> {
    loop {
        // Decoders pass over what stands between two segments, and over fill bytes.
        let at = rest.iter().position(|byte| *byte == 0xFF)?;
        *rest = rest.get(at..)?;
        let fill = rest.iter().position(|byte| *byte != 0xFF)?;
        let marker = *rest.get(fill)?;
        *rest = rest.get(fill + 1..)?;
        match marker {
            START_OF_SCAN | END_OF_IMAGE => return None,
            // These have no body; 0 is no marker at all.
            0x00 | 0x01 | 0xD0..=0xD8 => {}
            _ => {
                let length = u16::from_be_bytes(*rest.first_chunk::<2>()?);
                let body = rest.split_off(..usize::from(length))?.get(2..)?;
                return Some(Segment { marker, body });
            }
        }
    }
}

fn take<'a>(segment: &Segment<'a>, blocks: &mut Blocks<'a>) {
    let body = segment.body;
    match segment.marker {
        0xE1 if body.starts_with(b"Exif\0\0") => blocks.add_exif(body),
        0xE1 => {
            if let Some(packet) = body.strip_prefix(XMP) {
                blocks.add_xmp(Cow::Borrowed(packet));
            } else if let Some(piece) = body.strip_prefix(XMP_PIECE) {
                take_xmp_piece(piece, blocks);
            }
        }
        // JPEG XT boxes: the identifier, the instance, the number; then a box of type `jumb`.
        0xEB if body.starts_with(b"JP") && body.get(12..16) == Some(b"jumb") => {
            blocks.has_c2pa = true;
        }
        0xFE => blocks.add_text(Cow::Borrowed("Comment"), decode_text(body)),
        0xDB => blocks.encoder.iter_mut().for_each(|encoder| encoder.take_tables(body)),
        // Every start of frame; 0xC4, 0xC8 and 0xCC are other things.
        marker @ (0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF) => {
            blocks.encoder.iter_mut().for_each(|encoder| encoder.take_frame(marker, body));
        }
        _ => {}
    }
}

/// 32 digits of the packet, its length, the offset, the data.
fn take_xmp_piece<'a>(piece: &'a [u8], blocks: &mut Blocks<'a>) {
    let read = || {
        let (packet, rest) = piece.split_at_checked(32)?;
        let (bytes_all, rest) = rest.split_first_chunk::<4>()?;
        let (offset, data) = rest.split_first_chunk::<4>()?;
        let bytes_all = usize::try_from(u32::from_be_bytes(*bytes_all)).ok()?;
        let offset = usize::try_from(u32::from_be_bytes(*offset)).ok()?;
        Some(XmpPiece { packet, bytes_all, offset, data })
    };
    match read() {
        Some(piece) => blocks.xmp_pieces.push(piece),
        None => blocks.fault(Fault::damaged("extended xmp", "a piece without a header")),
    }
}
