//! Provenance: what the file itself says about where its picture comes from.
//!
//! Many AI-made photos still carry a mark of it: a line of their generator, a digital source type,
//! China's AIGC label, Content Credentials. A mark that is there is near-certain evidence, since
//! nobody declares a real photo to be made by AI. **Its absence proves nothing**: messengers and
//! dating apps strip every mark.
//!
//! The containers are walked by their structure and only parsed fields count; nothing is ever
//! searched for in raw bytes. Everything is bounded (see [`crate::limits`]), and what is
//! damaged or passes a limit becomes a finding, never an error: a broken mark is no reason to
//! refuse a photo. Prompts, names of people, places and serial numbers are never taken out.

pub mod aigc;
pub mod blocks;
pub mod credentials;
pub mod encoder;
pub mod exif;
pub mod generator_text;
pub mod gif;
pub mod heif;
pub mod jpeg;
pub mod png;
pub mod recompression;
pub mod sizes;
pub mod source_type;
pub mod thumbnail;
pub mod tiff;
pub mod tools;
pub mod webp;
pub mod xmp;

use crate::limits;
use crate::matching::hashes::PhotoHashes;
use crate::photo::{Photo, PhotoFormat};
use blocks::{Blocks, Fault};

/// What kind of mark was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Content Credentials.
    C2pa,
    /// The digital source type of the IPTC, in XMP.
    DigitalSourceType,
    /// The label that China asks for (GB 45438-2025, TC260).
    AigcLabel,
    /// The settings that an image generator writes beside its picture.
    GeneratorText,
    /// The program that wrote the file, as it names itself.
    Software,
    /// The camera that took the photo, as EXIF names it.
    Camera,
    /// The small picture in EXIF, compared with the photo.
    Thumbnail,
    /// How the file was encoded: context that decides nothing.
    Encoder,
    /// A mark that could not be read.
    Unreadable,
}

/// What a mark says about the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    AiGenerated,
    /// A picture of which AI made or changed a part.
    AiEdited,
    Camera,
    Edited,
    /// Nothing about the origin.
    Unknown,
    /// The mark does not belong to this picture, or is damaged.
    Invalid,
}

/// One mark of origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub kind: Kind,
    pub says: Says,
    /// The program, camera or signer that says so, as it names itself.
    pub by: Option<String>,
    /// Whether a signature proves who says so. Everybody can write an unsigned mark.
    pub trusted: bool,
    /// What else the mark says: a stable name and the value.
    pub detail: Vec<(&'static str, String)>,
}

impl Kind {
    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::C2pa => "c2pa",
            Self::DigitalSourceType => "digital_source_type",
            Self::AigcLabel => "aigc_label",
            Self::GeneratorText => "generator_text",
            Self::Software => "software",
            Self::Camera => "camera",
            Self::Thumbnail => "thumbnail",
            Self::Encoder => "encoder",
            Self::Unreadable => "unreadable",
        }
    }
}

impl Says {
    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AiGenerated => "ai_generated",
            Self::AiEdited => "ai_edited",
            Self::Camera => "camera",
            Self::Edited => "edited",
            Self::Unknown => "unknown",
            Self::Invalid => "invalid",
        }
    }
}

impl Finding {
    fn new(kind: Kind, says: Says) -> Self {
        Self { kind, says, by: None, trusted: false, detail: Vec::new() }
    }

    fn by(mut self, name: &str) -> Self {
        self.by = shown(name);
        self
    }

    /// Adds a detail; an empty value is left out.
    fn with(mut self, name: &'static str, value: impl AsRef<str>) -> Self {
        self.detail.extend(shown(value.as_ref()).map(|value| (name, value)));
        self
    }

    /// The value of a detail.
    #[must_use]
    pub fn detail(&self, name: &str) -> Option<&str> {
        let named = self.detail.iter().find(|(detail, _)| *detail == name);
        named.map(|(_, value)| value.as_str())
    }
}

/// A value as a report may show it: one line without characters that steer a terminal or turn the
/// direction of writing, cut to a limit; `None` when nothing is left.
fn shown(value: &str) -> Option<String> {
    let is_mark = |c: char| matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}');
    let is_turn = |c: char| matches!(c, '\u{2060}'..='\u{206F}' | '\u{FEFF}');
    let plain = value.trim().chars().filter(|c| !c.is_control() && !is_mark(*c) && !is_turn(*c));
    let kept: String = plain.take(limits::SHOWN_CHARS_MAX).collect();
    (!kept.trim().is_empty()).then_some(kept)
}

/// Reads every mark of the file that `photo` was decoded from, the strongest first.
#[must_use]
pub fn read(bytes: &[u8], photo: &Photo, hashes: &PhotoHashes) -> Vec<Finding> {
    let blocks = blocks_of(bytes, photo.format());
    let mut findings = Vec::new();
    if blocks.has_c2pa {
        findings.push(credentials::read(bytes, photo.format()));
    }
    findings.extend(read_blocks(&blocks));
    let exif = blocks.exif.as_deref().and_then(exif::read);
    let is_turned = exif.as_ref().is_some_and(|exif| exif.orientation != 1);
    findings.extend(exif.and_then(|exif| thumbnail::read(&exif, photo, hashes)));
    add_traces(&mut findings, &blocks, photo, is_turned);
    findings.truncate(limits::FINDINGS_MAX);
    findings
}

/// Adds what the pixels tell about the encoder to what its tables tell.
fn add_traces(findings: &mut Vec<Finding>, blocks: &Blocks<'_>, photo: &Photo, is_turned: bool) {
    let steps = blocks.encoder.as_ref().and_then(encoder::Encoder::luma);
    // The pixels of a photo that was turned or made smaller do not lie as its blocks did.
    let steps = steps.filter(|_| !is_turned && !photo.is_shrunk());
    let again = steps.and_then(|steps| recompression::is_recompressed(photo.pixels(), steps));
    let size = sizes::typical_of(photo.width(), photo.height());
    let mut traces = Finding::new(Kind::Encoder, Says::Unknown)
        .with("compressed", if again == Some(true) { "more than once" } else { "" })
        .with("typical_size", size.unwrap_or_default());
    match findings.iter_mut().find(|finding| finding.kind == Kind::Encoder) {
        Some(known) => known.detail.append(&mut traces.detail),
        None if traces.detail.is_empty() => {}
        None => findings.push(traces),
    }
}

/// Reads the marks that need no pixels.
#[must_use]
pub fn read_blocks(blocks: &Blocks<'_>) -> Vec<Finding> {
    let exif = blocks.exif.as_deref().and_then(exif::read);
    let (xmp_texts, xmp_faults) = xmp::read(blocks);
    let mut texts = blocks.texts.clone();
    texts.extend(xmp_texts);
    texts.extend(exif.iter().flat_map(|exif| exif.texts.iter().cloned()));

    let mut findings = source_type::read(&texts);
    findings.extend(aigc::read(&texts));
    findings.extend(generator_text::read(&texts));
    findings.extend(tools::read(&texts));
    findings.extend(exif.as_ref().and_then(exif::Exif::camera));
    findings.extend(blocks.encoder.as_ref().and_then(encoder::Encoder::finding));
    findings.extend(blocks.faults.iter().chain(&xmp_faults).map(Fault::finding));
    if blocks.exif.is_some() && exif.is_none() {
        findings.push(Fault::damaged("exif", "no TIFF header").finding());
    }
    findings
}

/// Walks the container.
#[must_use]
pub fn blocks_of(bytes: &[u8], format: PhotoFormat) -> Blocks<'_> {
    match format {
        PhotoFormat::Jpeg => jpeg::blocks(bytes),
        PhotoFormat::Png => png::blocks(bytes),
        PhotoFormat::WebP => webp::blocks(bytes),
        PhotoFormat::Gif => gif::blocks(bytes),
        PhotoFormat::Heic => heif::blocks(bytes),
    }
}
