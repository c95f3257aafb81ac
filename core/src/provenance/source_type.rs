//! The digital source type: the IPTC's word for where a picture comes from.
//!
//! One list of words serves XMP (`Iptc4xmpExt:DigitalSourceType`) and the actions of Content
//! Credentials. `trainedAlgorithmicMedia` is a picture made by AI; a composite of it was changed by
//! AI in a part; `algorithmicallyEnhanced` is neither, phones write it for noise reduction. A word
//! that is not in the list is shown and says nothing.

use super::blocks::{Place, Text};
use super::{Finding, Kind, Says};

const BASES: [&str; 3] =
    ["cv.iptc.org/newscodes/digitalsourcetype/", "c2pa.org/digitalsourcetype/", ""];

/// The words of the IPTC's list, with those that it has retired.
const WORDS: [(&str, Says); 21] = [
    ("trainedAlgorithmicMedia", Says::AiGenerated),
    ("compositeWithTrainedAlgorithmicMedia", Says::AiEdited),
    ("compositeSynthetic", Says::AiEdited),
    ("digitalCapture", Says::Camera),
    ("computationalCapture", Says::Camera),
    ("multiFrameComputationalCapture", Says::Camera),
    ("negativeFilm", Says::Camera),
    ("positiveFilm", Says::Camera),
    ("print", Says::Camera),
    ("humanEdits", Says::Edited),
    ("minorHumanEdits", Says::Edited),
    ("compositeCapture", Says::Edited),
    ("algorithmicallyEnhanced", Says::Edited),
    ("algorithmicMedia", Says::Unknown),
    ("composite", Says::Unknown),
    ("dataDrivenMedia", Says::Unknown),
    ("digitalArt", Says::Unknown),
    ("digitalCreation", Says::Unknown),
    ("screenCapture", Says::Unknown),
    ("softwareImage", Says::Unknown),
    ("virtualRecording", Says::Unknown),
];

/// What a source type says, and its word. It is an address that ends in the word, or the word.
#[must_use]
pub fn meaning(value: &str) -> Option<(&'static str, Says)> {
    let value = value.trim().trim_end_matches('/');
    let address = value.split_once("://").map_or(value, |(_, address)| address);
    let word = BASES.iter().find_map(|base| address.strip_prefix(base))?;
    WORDS.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(word))
}

/// A finding for each source type that XMP states.
pub(super) fn read(texts: &[Text<'_>]) -> Vec<Finding> {
    let in_xmp = |name: &'static str| {
        texts.iter().filter(move |text| text.place == Place::Xmp && text.keyword == name)
    };
    let system = in_xmp("AISystemUsed").next().map(|text| &*text.value);
    let finding = |text: &Text<'_>| {
        let (word, says) = meaning(&text.value).unwrap_or((&text.value, Says::Unknown));
        let finding = Finding::new(Kind::DigitalSourceType, says).with("source_type", word);
        finding.by(system.unwrap_or_default())
    };
    let mut findings: Vec<Finding> = in_xmp("DigitalSourceType").map(finding).collect();
    findings.dedup();
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, expected: Option<Says>) {
        assert_eq!(meaning(value).map(|(_, says)| says), expected, "{value}");
    }

    #[test]
    fn a_source_type_is_an_address_or_a_word() {
        let iptc = "http://cv.iptc.org/newscodes/digitalsourcetype/";
        check(&format!("{iptc}trainedAlgorithmicMedia"), Some(Says::AiGenerated));
        check(&format!(" {iptc}digitalCapture/ "), Some(Says::Camera));
        check("https://cv.iptc.org/newscodes/digitalsourcetype/humanEdits", Some(Says::Edited));
        check("compositeWithTrainedAlgorithmicMedia", Some(Says::AiEdited));
        check("http://example.org/trainedAlgorithmicMedia", None);
        check("not trainedAlgorithmicMedia", None);
        check("", None);
    }

    #[test]
    fn enhancement_by_algorithm_is_not_ai() {
        check("algorithmicallyEnhanced", Some(Says::Edited));
        check("algorithmicMedia", Some(Says::Unknown));
    }
}
