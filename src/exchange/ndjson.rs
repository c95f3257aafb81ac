//! A JSON object a line: all that a bank keeps of a photo, so that a bank comes back as it was.

use std::borrow::Cow;
use std::io::{self, Write};

use photocheck_core::bank::{BankedPhoto, BankedView};
use photocheck_core::matching::hashes::PdqQuality;
use photocheck_core::matching::views::View;
use serde::{Deserialize, Serialize};

use super::error::{Fault, excerpt_up_to};
use super::fields::{self, Defaults};
use super::limits::ADDED_AT_MAX;

/// A record on the wire. Only the hash must be there. Unknown fields are refused: what they say
/// would be lost.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordJson<'a> {
    #[serde(borrow)]
    pdq: Cow<'a, str>,
    pdq_quality: Option<u64>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    gradient: Option<Cow<'a, str>>,
    #[serde(default, borrow, skip_serializing_if = "Vec::is_empty")]
    views: Vec<ViewJson<'a>>,
    #[serde(borrow)]
    note: Option<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    external_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    opinion: Option<Cow<'a, str>>,
    enabled: Option<bool>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    quarantined: Option<Cow<'a, str>>,
    added_at: Option<i64>,
}

/// The hashes of a view other than the whole, which stands in the record.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ViewJson<'a> {
    view: u64,
    #[serde(borrow)]
    pdq: Cow<'a, str>,
    pdq_quality: Option<u64>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    gradient: Option<Cow<'a, str>>,
}

pub(super) fn read(line: &str, defaults: &Defaults) -> Result<BankedPhoto, Fault> {
    let json: RecordJson =
        serde_json::from_str(line).map_err(|error| Fault::Json(plain_message(&error)))?;
    let mut record = fields::with_defaults(fields::pdq(&json.pdq)?, defaults);
    record.pdq_quality = quality(json.pdq_quality)?;
    record.gradient = fields::gradient(&json.gradient.unwrap_or_default())?;
    for view in &json.views {
        let view = read_view(view)?;
        if record.views.iter().any(|other| other.view == view.view) {
            return Err(Fault::ViewTwice(view.view.code()));
        }
        record.views.push(view);
    }
    if let Some(note) = json.note {
        record.note = fields::note("note", &note)?;
    }
    if let Some(opinion) = json.opinion {
        record.opinion = fields::opinion(&opinion)?;
    }
    record.external_id = fields::external_id(&json.external_id.unwrap_or_default())?;
    record.quarantined = fields::quarantined(&json.quarantined.unwrap_or_default())?;
    record.enabled = json.enabled.unwrap_or(true);
    if let Some(seconds) = json.added_at {
        let valid = (0..=ADDED_AT_MAX).contains(&seconds);
        record.added_at =
            if valid { seconds } else { return Err(Fault::AddedAt(seconds.to_string())) };
    }
    Ok(record)
}

fn read_view(json: &ViewJson) -> Result<BankedView, Fault> {
    let view = u8::try_from(json.view).ok().and_then(View::from_code);
    let view = view.filter(|view| *view != View::Whole).ok_or(Fault::View(json.view))?;
    let gradient = fields::gradient(json.gradient.as_deref().unwrap_or_default())?;
    let pdq_quality = quality(json.pdq_quality)?;
    Ok(BankedView { view, pdq: fields::pdq(&json.pdq)?, pdq_quality, gradient })
}

fn quality(value: Option<u64>) -> Result<PdqQuality, Fault> {
    let Some(value) = value else { return Ok(PdqQuality::BEST) };
    let quality = u8::try_from(value).ok().and_then(PdqQuality::new);
    quality.ok_or_else(|| Fault::Quality(value.to_string()))
}

/// The message without the line that serde counts: it is always 1.
fn plain_message(error: &serde_json::Error) -> String {
    const CHARACTERS_MAX: usize = 300;
    let text = error.to_string().replace(" at line 1 column", " at column");
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    excerpt_up_to(CHARACTERS_MAX, &plain.collect::<String>())
}

pub(super) fn write(record: &BankedPhoto, out: &mut impl Write) -> io::Result<()> {
    let external_id = record.external_id.as_str();
    let json = RecordJson {
        pdq: record.pdq.to_hex().into(),
        pdq_quality: Some(record.pdq_quality.value().into()),
        gradient: record.gradient.map(|hash| hash.to_hex().into()),
        views: record.views.iter().map(view_json).collect(),
        note: Some(Cow::Borrowed(record.note.as_str())),
        external_id: (!external_id.is_empty()).then_some(Cow::Borrowed(external_id)),
        opinion: Some(record.opinion.name().into()),
        enabled: Some(record.enabled),
        quarantined: record.quarantined.as_deref().map(Cow::Borrowed),
        added_at: Some(record.added_at),
    };
    serde_json::to_writer(&mut *out, &json)?;
    out.write_all(b"\n")
}

fn view_json(view: &BankedView) -> ViewJson<'static> {
    ViewJson {
        view: view.view.code().into(),
        pdq: view.pdq.to_hex().into(),
        pdq_quality: Some(view.pdq_quality.value().into()),
        gradient: view.gradient.map(|hash| hash.to_hex().into()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::error::excerpt;
    use super::super::tests::{defaults, record};
    use super::*;

    #[test]
    fn excerpts_are_short() {
        assert_eq!(excerpt(&"é".repeat(200)).chars().count(), 81);
    }

    #[test]
    fn what_breaks_a_rule_is_named() {
        let hash = "0".repeat(64);
        let check = |rest: &str, expected: &str| {
            let line = format!(r#"{{"pdq":"{hash}"{rest}}}"#);
            let fault = read(&line, &defaults()).unwrap_err().to_string();
            assert!(fault.contains(expected), "{rest}: {fault}");
        };
        check(r#","pdq_quality":101"#, r#"quality must be 0 to 100, not "101""#);
        check(r#","added_at":-1"#, r#"not "-1""#);
        check(r#","note":"a\u0000b""#, "note holds a control character");
        check(&format!(r#","note":"{}""#, "n".repeat(1001)), "note has 1001 bytes");
        check(r#","opinion":"maybe""#, r#"not "maybe""#);
        check(r#","surprise":1"#, "unknown field `surprise`");
        check(r#","enabled":true,"enabled":false"#, "duplicate field `enabled`");
        check(&format!(r#","views":[{{"view":0,"pdq":"{hash}"}}]"#), "view 0 is unknown");
        check(&format!(r#","views":[{{"view":256,"pdq":"{hash}"}}]"#), "view 256 is unknown");
        check(r#","gradient":"00""#, r#"gradient must be 64 hexadecimal digits, not "00""#);
    }

    #[test]
    fn only_the_hash_must_be_there() {
        let read = read(&format!(r#"{{"pdq":"{}"}}"#, "0".repeat(64)), &defaults()).unwrap();
        assert_eq!(read, record(0));
    }
}
