//! Marks of origin: what a file claims about where its picture comes from.

use crate::limits;

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

/// What a mark claims about the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// A picture made by AI.
    AiGenerated,
    /// A picture of which AI made or changed a part.
    AiEdited,
    /// A photo that a camera took.
    Camera,
    /// A photo that a person or a program changed without AI.
    Edited,
    /// Nothing about the origin.
    Unknown,
    /// The mark does not belong to this picture, or is damaged.
    Invalid,
}

/// One mark of origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub kind: Kind,
    pub claim: Claim,
    /// The program, camera or signer that claims it, as it names itself.
    pub claimed_by: Option<String>,
    /// Whether a signature proves who claims it. Everybody can write an unsigned mark.
    pub trusted: bool,
    /// What else the mark says: a stable name and the value.
    pub detail: Vec<(&'static str, String)>,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::C2pa,
        Self::DigitalSourceType,
        Self::AigcLabel,
        Self::GeneratorText,
        Self::Software,
        Self::Camera,
        Self::Thumbnail,
        Self::Encoder,
        Self::Unreadable,
    ];

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

impl Claim {
    /// Every claim.
    pub const ALL: [Self; 6] = [
        Self::AiGenerated,
        Self::AiEdited,
        Self::Camera,
        Self::Edited,
        Self::Unknown,
        Self::Invalid,
    ];

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

impl Mark {
    pub(super) fn new(kind: Kind, claim: Claim) -> Self {
        Self { kind, claim, claimed_by: None, trusted: false, detail: Vec::new() }
    }

    pub(super) fn claimed_by(mut self, name: &str) -> Self {
        self.claimed_by = sanitized(name);
        self
    }

    /// Adds a detail; an empty value is left out.
    pub(super) fn with(mut self, name: &'static str, value: impl AsRef<str>) -> Self {
        self.detail.extend(sanitized(value.as_ref()).map(|value| (name, value)));
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
fn sanitized(value: &str) -> Option<String> {
    let is_mark = |c: char| matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}');
    let is_turn = |c: char| matches!(c, '\u{2060}'..='\u{206F}' | '\u{FEFF}');
    let plain = value.trim().chars().filter(|c| !c.is_control() && !is_mark(*c) && !is_turn(*c));
    let kept: String = plain.take(limits::SHOWN_CHARS_MAX).collect();
    (!kept.trim().is_empty()).then_some(kept)
}
