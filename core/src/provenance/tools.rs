//! The program that wrote the file, as it names itself: EXIF `Software`, XMP `CreatorTool`, the PNG
//! text `Software`, and credit lines that generators set.
//!
//! A name counts only at the start of such a field and as whole words; a description that mentions
//! a generator does not. Names that are not in the list are shown and say nothing: most are
//! versions of a camera's own program.

use super::blocks::{Place, Text};
use super::{Finding, Kind, Says};

/// Programs that make pictures by AI.
const GENERATORS: [&str; 24] = [
    "adobe firefly",
    "automatic1111",
    "bing image creator",
    "chatgpt",
    "comfyui",
    "dall-e",
    "dall·e",
    "draw things",
    "dreamstudio",
    "easy diffusion",
    "fooocus",
    "gpt-4o",
    "gpt-image",
    "ideogram",
    "imagen",
    "invokeai",
    "leonardo.ai",
    "made with google ai",
    "midjourney",
    "novelai",
    "openai",
    "stable diffusion",
    "stability ai",
    "swarmui",
];

/// Programs that change a part of a picture by AI.
const AI_EDITORS: [&str; 3] = ["edited with google ai", "faceapp", "remini"];

/// Programs that edit pictures by hand.
const EDITORS: [&str; 26] = [
    "adobe",
    "affinity photo",
    "beautyplus",
    "canva",
    "capture one",
    "darktable",
    "facetune",
    "gimp",
    "imagemagick",
    "instagram",
    "krita",
    "lightroom",
    "luminar",
    "meitu",
    "paint.net",
    "paint shop",
    "photoscape",
    "photoshop",
    "picasa",
    "picsart",
    "pixelmator",
    "polarr",
    "rawtherapee",
    "snapseed",
    "vsco",
    "www.meitu.com",
];

/// What it says about a picture that this program wrote it.
#[must_use]
pub fn says(name: &str) -> Says {
    let name = name.trim().to_lowercase();
    let named = |list: &[&str]| list.iter().any(|known| begins_with_words(&name, known));
    match () {
        () if named(&GENERATORS) => Says::AiGenerated,
        () if named(&AI_EDITORS) => Says::AiEdited,
        () if named(&EDITORS) => Says::Edited,
        () => Says::Unknown,
    }
}

fn begins_with_words(name: &str, words: &str) -> bool {
    let after = name.strip_prefix(words).map(|rest| rest.chars().next());
    after.is_some_and(|next| next.is_none_or(|next| !next.is_alphanumeric()))
}

/// A finding for each program that the file names.
pub(super) fn read(texts: &[Text<'_>]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for text in texts {
        let says = says(&text.value);
        let is_program = match (text.place, &*text.keyword) {
            (_, "Software") | (Place::Xmp, "CreatorTool") => true,
            // A credit line names a person unless it names a generator.
            (Place::Xmp, "Credit") => matches!(says, Says::AiGenerated | Says::AiEdited),
            _ => false,
        };
        let finding = Finding::new(Kind::Software, says).by(&text.value);
        if is_program && finding.by.is_some() && !findings.iter().any(|it| it.by == finding.by) {
            findings.push(finding.with("field", format!("{} {}", text.place.name(), text.keyword)));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_known_by_the_words_it_begins_with() {
        assert_eq!(says("Midjourney"), Says::AiGenerated);
        assert_eq!(says("Fooocus v2.5.5"), Says::AiGenerated);
        assert_eq!(says("Edited with Google AI"), Says::AiEdited);
        assert_eq!(says("Adobe Firefly 3"), Says::AiGenerated);
        assert_eq!(says("Adobe Photoshop 21.1 (Macintosh)"), Says::Edited);
        assert_eq!(says("Imagenomic Portraiture"), Says::Unknown);
        assert_eq!(says("a photo of a midjourney"), Says::Unknown);
        assert_eq!(says("HDR+ 1.0.345618096zd"), Says::Unknown);
        assert_eq!(says(""), Says::Unknown);
    }
}
