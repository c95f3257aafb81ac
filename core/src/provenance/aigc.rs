//! The label that China asks of AI-made pictures: GB 45438-2025, by the committee TC260.
//!
//! A JSON object of seven fields, in XMP, in a PNG text `AIGC`, or in the EXIF comment as the value
//! of `AIGC`. `Label` says 1: made by AI, 2: may be, 3: suspected to be; the last two are what
//! whoever passed the picture on believes. The ids and reserved fields are not taken out.

use serde_json::{Map, Value};

use super::blocks::{Section, Text};
use super::mark::{Claim, Kind, Mark};

/// A mark for each label.
pub(super) fn read(texts: &[Text<'_>]) -> Vec<Mark> {
    let mut marks: Vec<Mark> = texts.iter().filter_map(mark).collect();
    marks.dedup();
    marks
}

fn mark(text: &Text<'_>) -> Option<Mark> {
    let is_label = match (text.section, &*text.keyword) {
        (Section::Xmp | Section::Container, "AIGC" | "aigc") => true,
        (Section::Exif, "UserComment" | "ImageDescription") => false,
        _ => return None,
    };
    let fields = read_fields(&text.value, is_label);
    if fields.is_none() && is_label {
        let invalid = Mark::new(Kind::AigcLabel, Claim::Invalid);
        return Some(invalid.with("reason", "no label of this kind"));
    }
    let fields = fields?;
    let field = |name: &str| fields.get(name).map(plain).unwrap_or_default();
    let label = field("Label");
    let claim = if label.trim() == "1" { Claim::AiGenerated } else { Claim::Unknown };
    let mark = Mark::new(Kind::AigcLabel, claim)
        .claimed_by(&field("ContentProducer"))
        .with("label", label)
        .with("propagator", field("ContentPropagator"));
    Some(mark)
}

/// The seven fields: the object itself, or the value of `AIGC` in it.
fn read_fields(text: &str, is_label: bool) -> Option<Map<String, Value>> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    let Ok(Value::Object(mut object)) = serde_json::from_str(text) else { return None };
    let fields = match object.remove("AIGC") {
        Some(Value::Object(inner)) => inner,
        // Some writers put the object into a string.
        Some(Value::String(inner)) => serde_json::from_str(&inner).ok()?,
        _ if is_label => object,
        _ => return None,
    };
    fields.contains_key("Label").then_some(fields)
}

/// Numbers are written as such or as texts.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}
