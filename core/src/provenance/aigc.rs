//! The label that China asks of AI-made pictures: GB 45438-2025, by the committee TC260.
//!
//! A JSON object of seven fields, in XMP, in a PNG text `AIGC`, or in the EXIF comment as the value
//! of `AIGC`. `Label` says 1: made by AI, 2: may be, 3: suspected to be; the last two are what
//! whoever passed the picture on believes. The ids and reserved fields are not taken out.

use serde_json::{Map, Value};

use super::blocks::{Place, Text};
use super::{Finding, Kind, Says};

/// A finding for each label.
pub(super) fn read(texts: &[Text<'_>]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = texts.iter().filter_map(finding).collect();
    findings.dedup();
    findings
}

fn finding(text: &Text<'_>) -> Option<Finding> {
    let is_label = match (text.place, &*text.keyword) {
        (Place::Xmp | Place::Container, "AIGC" | "aigc") => true,
        (Place::Exif, "UserComment" | "ImageDescription") => false,
        _ => return None,
    };
    let fields = fields_of(&text.value, is_label);
    if fields.is_none() && is_label {
        let invalid = Finding::new(Kind::AigcLabel, Says::Invalid);
        return Some(invalid.with("reason", "no label of this kind"));
    }
    let fields = fields?;
    let field = |name: &str| fields.get(name).map(plain).unwrap_or_default();
    let label = field("Label");
    let says = if label.trim() == "1" { Says::AiGenerated } else { Says::Unknown };
    let finding = Finding::new(Kind::AigcLabel, says)
        .by(&field("ContentProducer"))
        .with("label", label)
        .with("propagator", field("ContentPropagator"));
    Some(finding)
}

/// The seven fields: the object itself, or the value of `AIGC` in it.
fn fields_of(text: &str, is_label: bool) -> Option<Map<String, Value>> {
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
