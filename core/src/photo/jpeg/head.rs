//! The head of a JPEG: all that stands before its first scan.
//!
//! What a decoder can't read is refused here by its name. The rule for the colours is that of
//! libjpeg, which browsers follow: JFIF means `YCbCr` whatever else is said, then Adobe's marker
//! counts, then the components' names.

use super::huffman::Table;
use super::segments::{self, EOI, SOS, Segment};
use crate::limits;
use crate::photo::error::PhotoError;

/// What stands before the first scan.
#[derive(Debug, Default)]
pub struct Head {
    pub frame: Frame,
    pub tables: Tables,
    /// EXIF, from its TIFF header on.
    pub exif: Option<Vec<u8>>,
    /// The colour profile, put together from its segments.
    pub profile: Option<Vec<u8>>,
    is_jfif: bool,
    /// The colour transform that Adobe's marker states.
    adobe: Option<u8>,
    /// Where Adobe's marker states a transform that does not exist.
    pub strange_adobe: Option<usize>,
    /// Where the segment of the first scan begins.
    pub scan_at: usize,
}

/// The frame: one picture of one to four components.
#[derive(Debug, Clone, Default)]
pub struct Frame {
    pub is_progressive: bool,
    pub width: u32,
    pub height: u32,
    pub components: Vec<Component>,
}

/// One component: luma, chroma or an ink.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Component {
    pub id: u8,
    /// Horizontal sampling, 1 to 4.
    pub across: u32,
    /// Vertical sampling, 1 to 4.
    pub down: u32,
}

/// How the components become colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    Grey,
    YCbCr,
    Rgb,
    Cmyk,
    /// CMYK of which the first three were turned into luma and chroma.
    Ycck,
}

/// Huffman tables and restart interval as they stand at some point of the file.
#[derive(Debug, Default)]
pub struct Tables {
    pub dc: [Option<Table>; 4],
    pub ac: [Option<Table>; 4],
    /// Units between two restart markers; 0 for none.
    pub restart: u32,
}

impl Head {
    /// Reads the head.
    ///
    /// # Errors
    /// [`PhotoError::Damaged`], or [`PhotoError::UnsupportedFormat`] for a kind of JPEG that is not
    /// read.
    pub fn read(bytes: &[u8]) -> Result<Self, PhotoError> {
        let mut head = Self::default();
        let (mut profile, mut at) = (ProfileParts::default(), 0);
        loop {
            let segment = segments::next(bytes, at).ok_or_else(|| {
                damaged(format!("it ends after {} bytes, in its head", bytes.len()))
            })?;
            match segment.marker {
                SOS if head.frame.components.is_empty() => {
                    return Err(damaged("its picture begins before its size is stated".into()));
                }
                SOS => break,
                EOI => return Err(damaged("it holds no picture".into())),
                0xE0 if segment.body.starts_with(b"JFIF\0") => head.is_jfif = true,
                0xE1 => head.take_exif(segment.body),
                0xE2 => profile.take(segment.body),
                0xEE if segment.body.starts_with(b"Adobe") => {
                    head.adobe = segment.body.get(11).copied().or(head.adobe);
                    if head.adobe.is_some_and(|transform| 2 < transform) {
                        head.strange_adobe = Some(segment.end - segment.body.len() + 11);
                    }
                }
                0xCC => return Err(unsupported(ARITHMETIC)),
                0xDE | 0xDF => return Err(unsupported("a hierarchical JPEG")),
                _ if segment.is_frame() => head.take_frame(&segment)?,
                _ => head.tables.take(&segment),
            }
            head.scan_at = segment.end;
            at = segment.end;
        }
        head.profile = profile.whole();
        Ok(head)
    }

    /// Of several EXIF segments the first counts; one that begins without a TIFF header continues
    /// it.
    fn take_exif(&mut self, body: &[u8]) {
        let Some(data) = body.strip_prefix(b"Exif\0\0") else { return };
        match &mut self.exif {
            None => self.exif = Some(data.to_vec()),
            Some(exif) if !is_tiff(data) && exif.len() + data.len() <= limits::EXIF_BYTES_MAX => {
                exif.extend_from_slice(data);
            }
            Some(_) => {}
        }
    }

    fn take_frame(&mut self, segment: &Segment<'_>) -> Result<(), PhotoError> {
        if !self.frame.components.is_empty() {
            return Err(damaged("it states two sizes".into()));
        }
        let broken = || damaged("the statement of its size is too short".into());
        let (head, components) = segment.body.split_first_chunk::<6>().ok_or_else(broken)?;
        let [precision, h1, h0, w1, w0, count] = *head;
        match segment.marker {
            0xC0..=0xC2 => {}
            0xC3 => return Err(unsupported("a lossless JPEG")),
            0xC9..=0xCB | 0xCD..=0xCF => return Err(unsupported(ARITHMETIC)),
            _ => return Err(unsupported("a hierarchical JPEG")),
        }
        if precision != 8 {
            let name = if precision == 12 { "a 12-bit JPEG" } else { "a JPEG of an unusual depth" };
            return Err(unsupported(name));
        }
        let components = components.chunks_exact(3).take(count.into()).map(|it| {
            let [id, sampling, _] = *it.first_chunk().unwrap_or(&[0; 3]);
            Component { id, across: u32::from(sampling >> 4), down: u32::from(sampling & 15) }
        });
        self.frame = Frame {
            is_progressive: segment.marker == 0xC2,
            width: u32::from(u16::from_be_bytes([w1, w0])),
            height: u32::from(u16::from_be_bytes([h1, h0])),
            components: components.collect(),
        };
        let is_whole = self.frame.components.len() == usize::from(count);
        if !is_whole || self.frame.width == 0 || self.frame.height == 0 {
            return Err(damaged("the statement of its size makes no sense".into()));
        }
        if !matches!(count, 1 | 3 | 4) {
            return Err(unsupported("a JPEG of two, or more than four, components"));
        }
        let is_valid = |factor: u32| (1..=4).contains(&factor);
        if !self.frame.components.iter().all(|it| is_valid(it.across) && is_valid(it.down)) {
            return Err(damaged("the sampling of a component is not 1 to 4".into()));
        }
        Ok(())
    }

    /// How the components become colours.
    #[must_use]
    pub fn colours(&self) -> Colours {
        let ids: Vec<u8> = self.frame.components.iter().map(|component| component.id).collect();
        match (ids.as_slice(), self.adobe) {
            ([_], _) => Colours::Grey,
            ([_, _, _], _) if self.is_jfif => Colours::YCbCr,
            ([_, _, _], Some(0)) | (b"RGB", None) => Colours::Rgb,
            ([_, _, _, _], None | Some(0)) => Colours::Cmyk,
            ([_, _, _, _], Some(_)) => Colours::Ycck,
            _ => Colours::YCbCr,
        }
    }

    /// Whether the colours are said in the plainest way, which no decoder takes for another.
    #[must_use]
    pub fn is_plain_colour(&self) -> bool {
        let is_rgb = self.frame.components.iter().map(|it| it.id).eq(*b"RGB");
        match self.colours() {
            Colours::Grey => true,
            Colours::YCbCr => matches!(self.adobe, None | Some(1)) && !is_rgb,
            _ => false,
        }
    }
}

impl Frame {
    /// The largest sampling of a component, across and down.
    #[must_use]
    pub fn sampling_max(&self) -> (u32, u32) {
        let across = self.components.iter().map(|it| it.across).max();
        let down = self.components.iter().map(|it| it.down).max();
        (across.unwrap_or(1), down.unwrap_or(1))
    }

    /// Units of a scan of several components, across and down.
    #[must_use]
    pub fn units(&self) -> (u32, u32) {
        let (across, down) = self.sampling_max();
        (self.width.div_ceil(8 * across), self.height.div_ceil(8 * down))
    }

    /// Blocks of one component, across and down, without those that only fill up a unit.
    #[must_use]
    pub fn blocks(&self, component: Component) -> (u32, u32) {
        let (across, down) = self.sampling_max();
        let side = |length: u32, part: u32, all: u32| (length * part).div_ceil(all).div_ceil(8);
        (side(self.width, component.across, across), side(self.height, component.down, down))
    }
}

impl Tables {
    /// Takes the tables of a DHT segment or the interval of a DRI segment.
    pub fn take(&mut self, segment: &Segment<'_>) {
        match segment.marker {
            0xC4 => self.take_huffman(segment.body),
            0xDD => {
                if let Some(interval) = segment.body.first_chunk::<2>() {
                    self.restart = u32::from(u16::from_be_bytes(*interval));
                }
            }
            _ => {}
        }
    }

    fn take_huffman(&mut self, mut body: &[u8]) {
        while let Some((class_and_slot, rest)) = body.split_first() {
            let Some((table, rest)) = Table::read(rest) else { return };
            let kind = if class_and_slot >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            if let Some(slot) = kind.get_mut(usize::from(class_and_slot & 15)) {
                *slot = Some(table);
            }
            body = rest;
        }
    }
}

/// The parts of a colour profile: each segment holds its number, how many there are, and data.
#[derive(Debug, Default)]
struct ProfileParts<'a> {
    parts: Vec<(u8, u8, &'a [u8])>,
}

impl<'a> ProfileParts<'a> {
    fn take(&mut self, body: &'a [u8]) {
        let Some(data) = body.strip_prefix(b"ICC_PROFILE\0") else { return };
        if let Some((&[number, count], data)) = data.split_first_chunk::<2>()
            && self.parts.len() < usize::from(u8::MAX)
        {
            self.parts.push((number, count, data));
        }
    }

    /// The profile, when every part is there once and all of them keep within the limit.
    fn whole(mut self) -> Option<Vec<u8>> {
        self.parts.sort_by_key(|(number, ..)| *number);
        let count = self.parts.len();
        let is_right = |(at, part): (usize, &(u8, u8, &[u8]))| {
            usize::from(part.0) == at + 1 && usize::from(part.1) == count
        };
        let bytes: usize = self.parts.iter().map(|(.., data)| data.len()).sum();
        let is_whole = 0 < count && self.parts.iter().enumerate().all(is_right);
        (is_whole && bytes <= limits::PROFILE_BYTES_MAX)
            .then(|| self.parts.iter().flat_map(|(.., data)| data.iter().copied()).collect())
    }
}

const ARITHMETIC: &str = "an arithmetic-coded JPEG";

/// Whether EXIF begins here, and not only goes on.
#[must_use]
pub fn is_tiff(data: &[u8]) -> bool {
    data.starts_with(b"II*\0") || data.starts_with(b"MM\0*")
}

/// A refusal of a JPEG that is damaged.
#[must_use]
pub fn damaged(detail: String) -> PhotoError {
    PhotoError::Damaged { format: "jpeg", detail }
}

/// A refusal of a kind of JPEG that is not read.
#[must_use]
pub fn unsupported(format: &'static str) -> PhotoError {
    PhotoError::UnsupportedFormat { format, advice: "save it as a usual 8-bit JPEG and send that" }
}
