//! Blocks: what a file carries beside its pixels, borrowed from its bytes.
//!
//! Each container has its own walker ([`super::jpeg`], [`super::png`], [`super::webp`],
//! [`super::gif`]); all return the same blocks, so that a mark is read by one reader wherever it
//! stood. A walker never fails: a file that ends early has the blocks before its end, and a block
//! that is damaged or too large leaves a [`Fault`].

use std::borrow::Cow;

use super::encoder::Encoder;
use super::mark::{Claim, Kind, Mark};
use crate::limits;
use crate::photo::jpeg::is_tiff;

/// What a file carries beside its pixels.
#[derive(Debug, Default)]
pub struct Blocks<'a> {
    /// EXIF, from its TIFF header on.
    pub exif: Option<Cow<'a, [u8]>>,
    /// XMP packets, at most [`limits::XMP_PACKETS_MAX`] and [`limits::XMP_BYTES_MAX`].
    pub xmp: Vec<Cow<'a, [u8]>>,
    /// Pieces of XMP packets that were too large for one JPEG segment.
    pub xmp_pieces: Vec<XmpPiece<'a>>,
    /// Texts with a keyword, at most [`limits::TEXTS_MAX`].
    pub texts: Vec<Text<'a>>,
    /// Whether there are Content Credentials.
    pub has_c2pa: bool,
    /// How a JPEG was encoded.
    pub encoder: Option<Encoder>,
    /// What could not be read.
    pub faults: Vec<Fault>,
}

/// A text and the keyword it stands under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text<'a> {
    pub section: Section,
    pub keyword: Cow<'a, str>,
    pub value: Cow<'a, str>,
}

/// Where a text stood; keywords of one section mean nothing in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// A comment, or a text chunk of a PNG.
    Container,
    Exif,
    Xmp,
}

/// A piece of an extended XMP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct XmpPiece<'a> {
    /// Which packet it belongs to: 32 hexadecimal digits.
    pub packet: &'a [u8],
    /// Bytes of the whole packet.
    pub bytes_all: usize,
    /// Where in the packet it stands.
    pub offset: usize,
    pub data: &'a [u8],
}

/// A mark that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// The block, in the words of its format.
    pub block: &'static str,
    pub reason: &'static str,
    /// Damaged, or else left unread because of a limit.
    pub is_damaged: bool,
}

impl<'a> Blocks<'a> {
    pub(super) fn add_text(&mut self, keyword: Cow<'a, str>, value: Cow<'a, str>) {
        if self.texts.len() < limits::TEXTS_MAX {
            self.texts.push(Text { section: Section::Container, keyword, value });
        }
    }

    /// Takes the first EXIF block, with or without the name that JPEG puts before it. A later one
    /// that begins without a TIFF header continues it; any other is passed over, as viewers do.
    pub(super) fn add_exif(&mut self, data: &'a [u8]) {
        let data = data.strip_prefix(b"Exif\0\0").unwrap_or(data);
        let bytes = self.exif.as_ref().map_or(0, |exif| exif.len());
        if self.exif.is_some() && is_tiff(data) {
            return;
        }
        if limits::EXIF_BYTES_MAX < bytes + data.len() {
            self.fault(Fault::too_large("exif"));
        }
        let data = data.get(..limits::EXIF_BYTES_MAX.saturating_sub(bytes)).unwrap_or(data);
        match &mut self.exif {
            None => self.exif = Some(Cow::Borrowed(data)),
            Some(exif) => exif.to_mut().extend_from_slice(data),
        }
    }

    /// Takes an XMP packet; of one that is too large, its beginning.
    pub(super) fn add_xmp(&mut self, mut packet: Cow<'a, [u8]>) {
        if self.xmp.contains(&packet) {
            return;
        }
        let taken: usize = self.xmp.iter().map(|packet| packet.len()).sum();
        let bytes_max = limits::MARK_BYTES_MAX.min(limits::XMP_BYTES_MAX.saturating_sub(taken));
        if bytes_max == 0 || limits::XMP_PACKETS_MAX <= self.xmp.len() {
            return self.fault(Fault::too_many("xmp packets"));
        }
        if bytes_max < packet.len() {
            self.fault(Fault::too_large("xmp"));
            match &mut packet {
                Cow::Borrowed(bytes) => *bytes = bytes.get(..bytes_max).unwrap_or_default(),
                Cow::Owned(bytes) => bytes.truncate(bytes_max),
            }
        }
        self.xmp.push(packet);
    }

    /// Notes what could not be read; the first ones tell enough.
    pub(super) fn fault(&mut self, fault: Fault) {
        if self.faults.len() < 8 && !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }
}

impl Section {
    /// Lower-case name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Container => "text",
            Self::Exif => "exif",
            Self::Xmp => "xmp",
        }
    }
}

impl Fault {
    pub(super) fn damaged(block: &'static str, reason: &'static str) -> Self {
        Self { block, reason, is_damaged: true }
    }

    pub(super) fn too_large(block: &'static str) -> Self {
        Self { block, reason: "larger than the limit", is_damaged: false }
    }

    pub(super) fn too_many(block: &'static str) -> Self {
        Self { block, reason: "more than the limit", is_damaged: false }
    }

    pub(super) fn mark(&self) -> Mark {
        let claim = if self.is_damaged { Claim::Invalid } else { Claim::Unknown };
        Mark::new(Kind::Unreadable, claim).with("block", self.block).with("reason", self.reason)
    }
}

/// Text in whatever encoding it is: UTF-8, or else Latin-1 as PNG has it.
#[must_use]
pub(super) fn decode_text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().copied().map(char::from).collect()),
    }
}

/// Splits at the first zero byte, which is left out.
#[must_use]
pub(super) fn split_at_zero(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|byte| *byte == 0)?;
    let (before, rest) = bytes.split_at_checked(at)?;
    Some((before, rest.get(1..)?))
}
