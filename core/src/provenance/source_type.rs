//! The digital source type: the IPTC's word for where a picture comes from.
//!
//! One list of words serves XMP (`Iptc4xmpExt:DigitalSourceType`) and the actions of Content
//! Credentials. `trainedAlgorithmicMedia` is a picture made by AI; a composite of it was changed by
//! AI in a part; `algorithmicallyEnhanced` is neither, phones write it for noise reduction. A word
//! that is not in the list is shown and says nothing.

use super::blocks::{Section, Text};
use super::mark::{Claim, Kind, Mark};

const BASES: [&str; 3] =
    ["cv.iptc.org/newscodes/digitalsourcetype/", "c2pa.org/digitalsourcetype/", ""];

/// The words of the IPTC's list, with those that it has retired.
const WORDS: [(&str, Claim); 21] = [
    ("trainedAlgorithmicMedia", Claim::AiGenerated),
    ("compositeWithTrainedAlgorithmicMedia", Claim::AiEdited),
    ("compositeSynthetic", Claim::AiEdited),
    ("digitalCapture", Claim::Camera),
    ("computationalCapture", Claim::Camera),
    ("multiFrameComputationalCapture", Claim::Camera),
    ("negativeFilm", Claim::Camera),
    ("positiveFilm", Claim::Camera),
    ("print", Claim::Camera),
    ("humanEdits", Claim::Edited),
    ("minorHumanEdits", Claim::Edited),
    ("compositeCapture", Claim::Edited),
    ("algorithmicallyEnhanced", Claim::Edited),
    ("algorithmicMedia", Claim::Unknown),
    ("composite", Claim::Unknown),
    ("dataDrivenMedia", Claim::Unknown),
    ("digitalArt", Claim::Unknown),
    ("digitalCreation", Claim::Unknown),
    ("screenCapture", Claim::Unknown),
    ("softwareImage", Claim::Unknown),
    ("virtualRecording", Claim::Unknown),
];

/// What a source type says, and its word. It is an address that ends in the word, or the word.
#[must_use]
pub fn meaning(value: &str) -> Option<(&'static str, Claim)> {
    let value = value.trim().trim_end_matches('/');
    let address = value.split_once("://").map_or(value, |(_, address)| address);
    let word = BASES.iter().find_map(|base| address.strip_prefix(base))?;
    WORDS.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(word))
}

/// A mark for each source type that XMP states.
pub(super) fn read(texts: &[Text<'_>]) -> Vec<Mark> {
    let in_xmp = |name: &'static str| {
        texts.iter().filter(move |text| text.section == Section::Xmp && text.keyword == name)
    };
    let system = in_xmp("AISystemUsed").next().map(|text| &*text.value);
    let mark = |text: &Text<'_>| {
        let (word, claim) = meaning(&text.value).unwrap_or((&text.value, Claim::Unknown));
        let mark = Mark::new(Kind::DigitalSourceType, claim).with("source_type", word);
        mark.claimed_by(system.unwrap_or_default())
    };
    let mut marks: Vec<Mark> = in_xmp("DigitalSourceType").map(mark).collect();
    marks.dedup();
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, expected: Option<Claim>) {
        assert_eq!(meaning(value).map(|(_, claim)| claim), expected, "{value}");
    }

    #[test]
    fn a_source_type_is_an_address_or_a_word() {
        let iptc = "http://cv.iptc.org/newscodes/digitalsourcetype/";
        check(&format!("{iptc}trainedAlgorithmicMedia"), Some(Claim::AiGenerated));
        check(&format!(" {iptc}digitalCapture/ "), Some(Claim::Camera));
        check("https://cv.iptc.org/newscodes/digitalsourcetype/humanEdits", Some(Claim::Edited));
        check("compositeWithTrainedAlgorithmicMedia", Some(Claim::AiEdited));
        check("http://example.org/trainedAlgorithmicMedia", None);
        check("not trainedAlgorithmicMedia", None);
        check("", None);
    }

    #[test]
    fn enhancement_by_algorithm_is_not_ai() {
        check("algorithmicallyEnhanced", Some(Claim::Edited));
        check("algorithmicMedia", Some(Claim::Unknown));
    }
}
