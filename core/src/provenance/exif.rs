//! EXIF: which camera took the photo, when, and the texts that programs leave there.
//!
//! Of all fields only those are taken out that tell the origin: make, model, program, dates,
//! comment, description, thumbnail. Places, owners and serial numbers are not looked at.

use std::borrow::Cow;

use super::blocks::{Section, Text};
use super::mark::{Claim, Kind, Mark};
use super::tiff::{Directory, Tiff};

/// What is read from EXIF.
#[derive(Debug)]
pub struct Exif<'a> {
    /// Make, model, program, description and comment.
    pub texts: Vec<Text<'a>>,
    /// When the photo was taken.
    pub taken: Option<Cow<'a, str>>,
    /// When the file was last changed.
    pub changed: Option<Cow<'a, str>>,
    /// Whether the exposure is stated, as every camera does.
    pub has_exposure: bool,
    /// How viewers turn the picture, 1 to 8.
    pub orientation: u8,
    /// The small picture, a JPEG.
    pub thumbnail: Option<&'a [u8]>,
}

const TEXTS: [(&str, u16); 4] =
    [("ImageDescription", 0x10E), ("Make", 0x10F), ("Model", 0x110), ("Software", 0x131)];
const ORIENTATION: u16 = 0x112;
const CHANGED: u16 = 0x132;
const EXIF: u16 = 0x8769;
const EXPOSURE_TIME: u16 = 0x829A;
const TAKEN: u16 = 0x9003;
const USER_COMMENT: u16 = 0x9286;
const THUMBNAIL: u16 = 0x201;
const THUMBNAIL_BYTES: u16 = 0x202;

/// Reads EXIF; `None` when the bytes are none.
#[must_use]
pub fn read(bytes: &[u8]) -> Option<Exif<'_>> {
    let tiff = Tiff::open(bytes)?;
    let first = tiff.first()?;
    let inner = tiff.inner(first, EXIF);
    // Some writers put fields of the first directory into the inner one.
    let text = |tag| tiff.text(first, tag).or_else(|| tiff.text(inner?, tag));
    let named = |(name, tag): (&'static str, u16)| text(tag).map(|value| exif_text(name, value));
    let comment = inner.and_then(|inner| tiff.comment(inner, USER_COMMENT));
    let mut texts: Vec<Text<'_>> = TEXTS.into_iter().filter_map(named).collect();
    texts.extend(comment.map(|value| exif_text("UserComment", value)));
    let orientation = tiff.number(first, ORIENTATION).and_then(|value| u8::try_from(value).ok());
    Some(Exif {
        texts,
        taken: inner.and_then(|inner| tiff.text(inner, TAKEN)),
        changed: tiff.text(first, CHANGED),
        has_exposure: inner.is_some_and(|inner| tiff.has(inner, EXPOSURE_TIME)),
        orientation: orientation.unwrap_or(1),
        thumbnail: tiff.next(first).and_then(|second| thumbnail(&tiff, second)),
    })
}

fn exif_text<'a>(name: &'static str, value: Cow<'a, str>) -> Text<'a> {
    Text { section: Section::Exif, keyword: Cow::Borrowed(name), value }
}

fn thumbnail<'a>(tiff: &Tiff<'a>, second: Directory) -> Option<&'a [u8]> {
    let (at, length) = (tiff.number(second, THUMBNAIL)?, tiff.number(second, THUMBNAIL_BYTES)?);
    tiff.part(at, length)
}

impl Exif<'_> {
    fn text(&self, name: &str) -> Option<&str> {
        let named = self.texts.iter().find(|text| text.keyword == name);
        named.map(|text| text.value.trim()).filter(|value| !value.is_empty())
    }

    /// The camera, when one is named.
    pub(super) fn camera(&self) -> Option<Mark> {
        // ComfyUI keeps its graph in these two fields of a WebP.
        let is_name = |value: &&str| value.len() <= 100 && !value.contains(['{', '[']);
        let make = self.text("Make").filter(is_name);
        let model = self.text("Model").filter(is_name);
        let name = match (make, model) {
            // "Canon Canon EOS 5D" says it twice.
            (Some(make), Some(model)) if !model.starts_with(make) => format!("{make} {model}"),
            (_, Some(model)) => model.to_owned(),
            (Some(make), None) => make.to_owned(),
            (None, None) => return None,
        };
        let mark = Mark::new(Kind::Camera, Claim::Camera)
            .claimed_by(&name)
            .with("taken", self.taken.as_deref().unwrap_or_default())
            .with("changed", self.changed.as_deref().unwrap_or_default())
            .with("exposure", if self.has_exposure { "stated" } else { "not stated" });
        Some(mark)
    }
}
