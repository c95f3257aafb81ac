//! What a text of the API may be, for its description: the names that the types themselves have.

use photocheck_core::bank::{Opinion, Purpose};
use photocheck_core::photo::PhotoFormat;
use photocheck_core::provenance::{Claim, Kind};
use photocheck_core::verdict::{Code, KnownCopy, MadeByAi, SeenOn, Verdict};
use utoipa::openapi::schema::{ArrayBuilder, SchemaType};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};

use crate::exchange::Format;
use crate::words::language::Language;

/// A verdict.
#[must_use]
pub fn verdict() -> Schema {
    let means = "What the policy makes of the answers. `clear`: nothing that counts was found, \
                 which is no proof. `inconclusive`: not sure. `suspect`: there are signs that \
                 count against the photo. `fake`: it is a copy of a confirmed known fake, or what \
                 the policy weighs as much.";
    one_of(Verdict::ALL.map(Verdict::name), None, means)
}

/// The weight of a reason.
#[must_use]
pub fn weight() -> Schema {
    let means = "The verdict that the policy makes of this reason alone; `clear` where it does not \
                 count. The verdict is the most severe weight, and `clear` where the photo is \
                 allowed.";
    one_of(Verdict::ALL.map(Verdict::name), None, means)
}

/// The code of a reason.
#[must_use]
pub fn reason() -> Schema {
    one_of(Code::ALL.map(Code::name), None, "Stable code; docs/answers.md describes each.")
}

/// Codes of reasons.
#[must_use]
pub fn reasons() -> Schema {
    let means = "Codes of the report's reasons that led to the answer.";
    ArrayBuilder::new().items(RefOr::T(reason())).description(Some(means)).into()
}

/// Whether AI made the photo.
#[must_use]
pub fn made_by_ai() -> Schema {
    let means = "`declared`: the file says so itself. `likely`: the score passes the threshold, \
                 and small changes of the photo do not change that. `unsure`: hard to tell. \
                 `no_sign`: no sign was found, which is no proof. `not_judged`: `code` says why.";
    one_of(MadeByAi::NAMES, None, means)
}

/// Whether the photo is a copy of a known one.
#[must_use]
pub fn known_copy() -> Schema {
    let means = "`match`: a copy of a confirmed known fake. `unsure`: a copy of a listed photo of \
                 which it is not certain that it belongs there. `allowed`: a copy of one that is \
                 never flagged. `no_match`: none of those it was compared with. `not_compared`: \
                 `code` says why.";
    one_of(KnownCopy::NAMES, None, means)
}

/// Whether other accounts show the photo.
#[must_use]
pub fn seen_on() -> Schema {
    one_of(SeenOn::NAMES, None, "Whether other accounts than the one named show the photo.")
}

/// The format of a photo.
#[must_use]
pub fn photo_format() -> Schema {
    one_of(PhotoFormat::ALL.map(PhotoFormat::name), None, "The format of the file.")
}

/// A reviewer's opinion.
#[must_use]
pub fn opinion() -> Schema {
    one_of(Opinion::ALL.map(Opinion::name), None, "A reviewer's judgement of the banked photo.")
}

/// An opinion that is `confirmed` where nobody says another.
#[must_use]
pub fn opinion_sent() -> Schema {
    let means = "A reviewer's judgement of the photos.";
    one_of(Opinion::ALL.map(Opinion::name), Some(Opinion::Confirmed.name()), means)
}

/// An opinion, or none where it is to stay as it is.
#[must_use]
pub fn opinion_changed() -> Schema {
    or_null(Opinion::ALL.map(Opinion::name), "Absent or null: it stays as it is.")
}

/// The purpose of a bank.
#[must_use]
pub fn purpose() -> Schema {
    one_of(Purpose::ALL.map(Purpose::name), None, PURPOSES)
}

/// A purpose that is `known_fake` where nobody says another.
#[must_use]
pub fn purpose_sent() -> Schema {
    or_null(Purpose::ALL.map(Purpose::name), PURPOSES)
}

/// The same for a bank that is created by an import.
#[must_use]
pub fn purpose_imported() -> Schema {
    let names = [Purpose::KnownFake, Purpose::Allow].map(Purpose::name);
    one_of(names, Some(Purpose::KnownFake.name()), "What a bank that is created is for.")
}

/// The format of a list that is imported or was.
#[must_use]
pub fn import_format() -> Schema {
    let means = "The format of the list; an import detects it from the first lines when absent.";
    one_of(Format::ALL.map(Format::name), None, means)
}

/// The format of an export.
#[must_use]
pub fn export_format() -> Schema {
    let means = "The format of the list. Only `ndjson` has all that the bank keeps.";
    one_of(Format::ALL.map(Format::name), Some(Format::Ndjson.name()), means)
}

/// The language of a statement.
#[must_use]
pub fn language() -> Schema {
    one_of(Language::ALL.map(Language::code), None, "The language of its sentences.")
}

/// The kind of a mark of origin.
#[must_use]
pub fn mark_kind() -> Schema {
    one_of(Kind::ALL.map(Kind::name), None, "Where in the file it stands.")
}

/// What a mark of origin claims.
#[must_use]
pub fn mark_claim() -> Schema {
    one_of(Claim::ALL.map(Claim::name), None, "What it says about the file's origin.")
}

const PURPOSES: &str = "What the bank is for. `known_fake`: stolen photos, or photos that scams \
     were run with; it is meant where none is said. `allow`: photos that are never flagged. \
     `seen`: photos seen on accounts.";

fn one_of<const N: usize>(
    names: [&'static str; N],
    default: Option<&'static str>,
    means: &str,
) -> Schema {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(names))
        .default(default.map(Into::into))
        .description(Some(means))
        .into()
}

/// A text of JSON that may be left out or null.
fn or_null<const N: usize>(names: [&'static str; N], means: &str) -> Schema {
    let names = names.map(Some).into_iter().chain([None]);
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .enum_values(Some(names))
        .description(Some(means))
        .into()
}
