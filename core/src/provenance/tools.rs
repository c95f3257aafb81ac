//! The program that wrote the file, as it names itself: EXIF `Software`, XMP `CreatorTool`, the PNG
//! text `Software`, and credit lines that generators set.
//!
//! A name counts only at the start of such a field and as whole words; a description that mentions
//! a generator does not. Names that are not in the list are shown and say nothing: most are
//! versions of a camera's own program.

use super::blocks::{Section, Text};
use super::mark::{Claim, Kind, Mark};

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
pub fn claim(name: &str) -> Claim {
    let name = name.trim().to_lowercase();
    let named = |list: &[&str]| list.iter().any(|known| begins_with_words(&name, known));
    match () {
        () if named(&GENERATORS) => Claim::AiGenerated,
        () if named(&AI_EDITORS) => Claim::AiEdited,
        () if named(&EDITORS) => Claim::Edited,
        () => Claim::Unknown,
    }
}

fn begins_with_words(name: &str, words: &str) -> bool {
    let after = name.strip_prefix(words).map(|rest| rest.chars().next());
    after.is_some_and(|next| next.is_none_or(|next| !next.is_alphanumeric()))
}

/// A mark for each program that the file names.
pub(super) fn read(texts: &[Text<'_>]) -> Vec<Mark> {
    let mut marks: Vec<Mark> = Vec::new();
    for text in texts {
        let claim = claim(&text.value);
        let is_program = match (text.section, &*text.keyword) {
            (_, "Software") | (Section::Xmp, "CreatorTool") => true,
            // A credit line names a person unless it names a generator.
            (Section::Xmp, "Credit") => matches!(claim, Claim::AiGenerated | Claim::AiEdited),
            _ => false,
        };
        let mark = Mark::new(Kind::Software, claim).claimed_by(&text.value);
        if is_program
            && mark.claimed_by.is_some()
            && !marks.iter().any(|it| it.claimed_by == mark.claimed_by)
        {
            marks.push(mark.with("field", format!("{} {}", text.section.name(), text.keyword)));
        }
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_known_by_the_words_it_begins_with() {
        assert_eq!(claim("Midjourney"), Claim::AiGenerated);
        assert_eq!(claim("Fooocus v2.5.5"), Claim::AiGenerated);
        assert_eq!(claim("Edited with Google AI"), Claim::AiEdited);
        assert_eq!(claim("Adobe Firefly 3"), Claim::AiGenerated);
        assert_eq!(claim("Adobe Photoshop 21.1 (Macintosh)"), Claim::Edited);
        assert_eq!(claim("Imagenomic Portraiture"), Claim::Unknown);
        assert_eq!(claim("a photo of a midjourney"), Claim::Unknown);
        assert_eq!(claim("HDR+ 1.0.345618096zd"), Claim::Unknown);
        assert_eq!(claim(""), Claim::Unknown);
    }
}
