//! The statement of reasons for a verdict, as JSON and as plain text: what a platform in the
//! European Union has to tell the person concerned (Digital Services Act, article 17(3)), as far as
//! a program can say it. The rest is the platform's, and the statement names it.

use std::fmt::Write;

use chrono::DateTime;
use photocheck_core::verdict::{Code, Verdict};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::kept::{KeptReason, KeptReport};
use super::names;
use super::versions::PolicyVersionJson;
use crate::store::{Appeal, Decision};
use crate::words;
use crate::words::language::Language;
use crate::words::rates::{counted, one_in};

/// Why a verdict is as it is, for the person whose photo it is. It names no list and no score.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StatementJson {
    /// Left out where the check is not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", nullable = false)]
    check_id: Option<String>,
    #[schema(schema_with = names::language)]
    language: &'static str,
    /// Seconds since 1970, UTC.
    checked_at: i64,
    /// SHA-256 of the photo's bytes, hexadecimal.
    photo_sha256: String,
    #[schema(schema_with = names::verdict)]
    verdict: &'static str,
    /// The verdict in plain words.
    message: &'static str,
    /// Facts and circumstances (article 17(3)(b)), what counts first.
    facts: Vec<FactJson>,
    automated_means: AutomatedMeansJson,
    ground: GroundJson,
    decision: DecisionJson,
    redress: RedressJson,
}

/// One thing that was found.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FactJson {
    #[schema(schema_with = names::reason)]
    code: &'static str,
    /// Plain words, with how often the same is found without cause, as measured.
    message: String,
    /// Whether the verdict rests on it.
    relied_on: bool,
}

/// The use of automated means (article 17(3)(c)).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AutomatedMeansJson {
    /// Whether a program examined the photo: always.
    detected: bool,
    /// Whether a program alone came to the verdict: it did, until a moderator or an
    /// appeal decides.
    judged: bool,
    #[schema(example = "synthetic-8")]
    model: String,
    message: String,
}

/// What the verdict follows from. It is no legal or contractual ground (article 17(3)(d) and (e)).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GroundJson {
    policy: PolicyVersionJson,
    message: String,
}

/// The decision that the platform made because of the verdict.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DecisionJson {
    /// What this service cannot know and the platform has to add.
    left_to_platform: [LeftToPlatformJson; 5],
    message: &'static str,
}

/// What the platform has to add.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeftToPlatformJson {
    /// What was restricted (article 17(3)(a)).
    Restriction,
    /// Where, and for how long (article 17(3)(a)).
    TerritoryAndDuration,
    /// Whether it began with somebody's notice (article 17(3)(b)).
    NoticeOrOwnInitiative,
    /// The law or the term of use (article 17(3)(d) and (e)).
    LegalOrContractualGround,
    /// How to complain, to have a dispute settled and to go to court (article 17(3)(f)).
    ComplaintAndRedress,
}

/// How to contest the verdict (article 17(3)(f)).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RedressJson {
    appeal: AppealedJson,
    /// Where the platform passes an appeal on; left out where the check is not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/v1/checks/019abf5e-0000-7000-8000-000000000000/appeal", nullable = false)]
    path: Option<String>,
    message: &'static str,
}

/// Whether the verdict was contested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AppealedJson {
    None,
    /// Nobody has decided yet.
    Open,
    /// A person confirmed the verdict.
    Upheld,
    /// A person found it wrong.
    Overturned,
}

/// Which check a statement is of.
#[derive(Debug, Clone, Copy)]
pub struct OfCheck<'a> {
    /// `None` where it is not kept.
    pub id: Option<Uuid>,
    /// Seconds since 1970, UTC.
    pub at: i64,
    pub appeal: Option<&'a Appeal>,
    /// What a moderator made of it, if one did.
    pub reviewed: Option<Reviewed>,
}

/// What a moderator decided about a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reviewed {
    pub is_wrong: bool,
    /// Seconds since 1970, UTC.
    pub at: i64,
}

impl StatementJson {
    /// The statement of a check's report, in a language.
    #[must_use]
    pub fn new(report: &KeptReport, check: OfCheck<'_>, language: Language) -> Self {
        let w = words::of_statements(language);
        let decision = check.appeal.and_then(|appeal| appeal.decision.as_ref());
        let appeal = match (check.appeal, decision) {
            (None, _) => AppealedJson::None,
            (Some(_), None) => AppealedJson::Open,
            (Some(_), Some(Decision { is_overturned: true, .. })) => AppealedJson::Overturned,
            (Some(_), Some(_)) => AppealedJson::Upheld,
        };
        let day = decision.map(|it| moment(it.decided_at, "%Y-%m-%d")).unwrap_or_default();
        let reviewed = match appeal {
            AppealedJson::None => match check.reviewed {
                None => w.not_reviewed.to_owned(),
                Some(Reviewed { is_wrong, at }) => {
                    let day = moment(at, "%Y-%m-%d");
                    if is_wrong { (w.rejected)(&day) } else { (w.confirmed)(&day) }
                }
            },
            AppealedJson::Open => w.appealed.to_owned(),
            AppealedJson::Upheld => (w.upheld)(&day),
            AppealedJson::Overturned => (w.overturned)(&day),
        };
        let counting = report.reasons.iter().filter(|it| !is_outranked(it.code, report));
        let mut facts: Vec<_> = counting.map(|it| fact(it, report, language)).collect();
        facts.sort_by_key(|fact| !fact.relied_on);
        // Several lists may say the same, and none is named.
        facts.dedup_by(|one, other| one.message == other.message);
        let (model, policy) = (report.versions.model.clone(), &report.versions.policy);
        Self {
            check_id: check.id.map(|id| id.to_string()),
            language: language.code(),
            checked_at: check.at,
            photo_sha256: report.photo_sha256.clone(),
            verdict: report.verdict.name(),
            message: (w.verdict)(report.verdict),
            facts,
            automated_means: AutomatedMeansJson {
                detected: true,
                judged: decision.is_none() && check.reviewed.is_none(),
                message: format!("{} {reviewed}", (w.automated)(&model)),
                model,
            },
            ground: GroundJson {
                message: (w.ground)(&policy.name, &policy.version),
                policy: PolicyVersionJson {
                    name: policy.name.clone(),
                    version: policy.version.clone(),
                    thresholds: policy.thresholds.clone(),
                },
            },
            decision: DecisionJson {
                left_to_platform: [
                    LeftToPlatformJson::Restriction,
                    LeftToPlatformJson::TerritoryAndDuration,
                    LeftToPlatformJson::NoticeOrOwnInitiative,
                    LeftToPlatformJson::LegalOrContractualGround,
                    LeftToPlatformJson::ComplaintAndRedress,
                ],
                message: w.decision,
            },
            redress: RedressJson {
                appeal,
                path: check.id.map(|id| format!("/v1/checks/{id}/appeal")),
                message: w.redress,
            },
        }
    }

    /// The same as plain text, in its language.
    #[must_use]
    pub fn text(&self) -> String {
        let language = Language::from_code(self.language).unwrap_or(Language::English);
        let w = words::of_statements(language);
        let mut text = format!("{}\n\n", w.title);
        // Writing to a String cannot fail.
        if let Some(id) = &self.check_id {
            let _ = writeln!(text, "{}: {id}", w.check);
        }
        let at = moment(self.checked_at, "%Y-%m-%d %H:%M UTC");
        let _ = writeln!(text, "{}: {at}", w.checked_at);
        let _ = writeln!(text, "{}: {}", w.photo, self.photo_sha256);
        let _ = writeln!(text, "{}: {}", w.result, self.message);
        let _ = writeln!(text, "\n1. {}\n", w.facts_title);
        let (counted, other): (Vec<_>, Vec<_>) = self.facts.iter().partition(|it| it.relied_on);
        if counted.is_empty() {
            let _ = writeln!(text, "{}", w.none_counted);
        }
        for (lead, facts) in [(w.counted, counted), (w.not_counted, other)] {
            if !facts.is_empty() {
                let _ = writeln!(text, "{lead}");
            }
            for fact in facts {
                let _ = writeln!(text, "- {}", fact.message);
            }
        }
        for (number, title, message) in [
            (2, w.automated_title, self.automated_means.message.as_str()),
            (3, w.ground_title, &self.ground.message),
            (4, w.decision_title, self.decision.message),
            (5, w.redress_title, self.redress.message),
        ] {
            let _ = writeln!(text, "\n{number}. {title}\n\n{message}");
        }
        text
    }
}

/// Whether one list says the opposite of another that counts more: that it is on both would be
/// false in a sentence of its own.
fn is_outranked(code: Code, report: &KeptReport) -> bool {
    let is_allowed = report.verdict == Verdict::Clear
        && report.reasons.iter().any(|it| it.code == Code::AllowedPhoto);
    match code {
        Code::AllowedPhoto => report.verdict != Verdict::Clear,
        Code::KnownPhoto | Code::KnownPhotoUnsure => is_allowed,
        _ => false,
    }
}

/// What was found, and whether the verdict rests on it.
fn fact(reason: &KeptReason, report: &KeptReport, language: Language) -> FactJson {
    let relied_on = match report.verdict {
        // Whatever else was found: it is allowed, or nothing was.
        Verdict::Clear => matches!(reason.code, Code::AllowedPhoto | Code::NoEvidence),
        _ => reason.weight == report.verdict,
    };
    let pages = words::of_pages(language);
    let cost = match (reason.false_positive_rate, reason.false_match_rate) {
        (Some(rate), _) => {
            let (count, of) = counted(rate);
            Some((pages.made_by_ai.real)(count, of))
        }
        (None, Some(rate)) => Some((pages.known_photo.by_chance)(one_in(rate))),
        (None, None) => None,
    };
    let found = (words::of_statements(language).fact)(reason.code, other_accounts(reason));
    let message = cost.map_or_else(|| found.clone(), |cost| format!("{found} {cost}"));
    FactJson { code: reason.code.name(), message, relied_on }
}

/// The number of a reason, where it is one of accounts.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is clamped")]
fn other_accounts(reason: &KeptReason) -> u32 {
    reason.value.unwrap_or_default().clamp(0.0, f64::from(u32::MAX)) as u32
}

fn moment(at_s: i64, format: &str) -> String {
    DateTime::from_timestamp(at_s, 0).unwrap_or_default().format(format).to_string()
}

#[cfg(test)]
mod tests {
    use photocheck_core::bank::Note;

    use super::*;

    fn report(verdict: &str, code: &str, weight: &str) -> KeptReport {
        let example = include_str!("../http/report_example.json");
        let mut report: serde_json::Value = serde_json::from_str(example).unwrap();
        report["verdict"] = verdict.into();
        report["reasons"][0]["code"] = code.into();
        report["reasons"][0]["weight"] = weight.into();
        report["reasons"][0]["value"] = 3.0.into();
        KeptReport::read(&report.to_string()).unwrap()
    }

    const NOT_KEPT: OfCheck<'_> =
        OfCheck { id: None, at: 1_795_800_000, appeal: None, reviewed: None };

    /// What outranks what is said where it counts, and only there; and who looked at it.
    #[test]
    fn a_statement_says_what_led_to_the_result_and_who_reviewed_it() {
        let example = include_str!("../http/report_example.json");
        let mut report: serde_json::Value = serde_json::from_str(example).unwrap();
        let mut second = report["reasons"][0].clone();
        (report["reasons"][0]["code"], report["reasons"][0]["weight"]) =
            ("KNOWN_PHOTO".into(), "fake".into());
        (second["code"], second["weight"]) = ("NO_FACE_FOUND".into(), "inconclusive".into());
        report["verdict"] = "fake".into();
        report["reasons"].as_array_mut().unwrap().push(second);
        let said = |report: &serde_json::Value, reviewed| {
            let report = KeptReport::read(&report.to_string()).unwrap();
            let check = OfCheck { reviewed, ..NOT_KEPT };
            StatementJson::new(&report, check, Language::English)
        };
        let relied_on = |statement: &StatementJson| -> Vec<_> {
            statement.facts.iter().map(|fact| (fact.code, fact.relied_on)).collect()
        };
        let found = relied_on(&said(&report, None));
        assert_eq!(found, [("KNOWN_PHOTO", true), ("NO_FACE_FOUND", false)]);
        let wrong = Reviewed { is_wrong: true, at: 1_795_900_000 };
        let reviewed = said(&report, Some(wrong)).automated_means;
        assert!(!reviewed.judged && reviewed.message.contains("a person reviewed the result"));
        report["verdict"] = "clear".into();
        report["reasons"][1]["code"] = "ALLOWED_PHOTO".into();
        report["reasons"][1]["weight"] = "clear".into();
        assert_eq!(relied_on(&said(&report, None)), [("ALLOWED_PHOTO", true)]);
    }

    #[test]
    fn every_code_has_a_sentence_in_every_language() {
        for code in Code::ALL {
            let text = |language| {
                // That it is allowed is said where it counts alone.
                let verdict = if code == Code::AllowedPhoto { "clear" } else { "suspect" };
                let report = report(verdict, code.name(), verdict);
                StatementJson::new(&report, NOT_KEPT, language).facts[0].message.clone()
            };
            let (english, spanish) = (text(Language::English), text(Language::Spanish));
            assert_ne!(english, spanish, "{}", code.name());
            assert!(english.contains(". Of 100 real photos") && spanish.contains(". De cada 100"));
        }
        let seen = report("suspect", "SEEN_ON_OTHER_ACCOUNTS", "suspect");
        let seen = StatementJson::new(&seen, NOT_KEPT, Language::English).text();
        assert!(seen.contains("- 3 other accounts show it too."), "{seen}");
    }

    #[test]
    fn what_counts_is_apart_from_what_does_not() {
        let statement = |verdict, code, weight| {
            StatementJson::new(&report(verdict, code, weight), NOT_KEPT, Language::English)
        };
        assert!(statement("suspect", "SYNTHETIC_FACE", "suspect").facts[0].relied_on);
        assert!(!statement("suspect", "THUMBNAIL_DIFFERS", "clear").facts[0].relied_on);
        assert!(!statement("clear", "SYNTHETIC_FACE", "suspect").facts[0].relied_on);
        assert!(statement("clear", "ALLOWED_PHOTO", "clear").facts[0].relied_on);
        let text = statement("clear", "SYNTHETIC_FACE", "suspect").text();
        assert!(text.contains("Nothing that was found counts"), "{text}");
    }

    #[test]
    fn a_person_who_decided_is_named_as_that() {
        let mut appeal =
            Appeal { reason: Note::new("it is me").unwrap(), appealed_at: 1, decision: None };
        let report = report("fake", "KNOWN_PHOTO", "fake");
        let of = |appeal: &Appeal| {
            let check = OfCheck { appeal: Some(appeal), ..NOT_KEPT };
            StatementJson::new(&report, check, Language::Spanish)
        };
        let open = of(&appeal);
        assert_eq!((open.redress.appeal, open.automated_means.judged), (AppealedJson::Open, true));
        for (is_overturned, state) in
            [(true, AppealedJson::Overturned), (false, AppealedJson::Upheld)]
        {
            let reason = Note::new("seen").unwrap();
            let decided_at = 1_795_800_000;
            appeal.decision = Some(Decision { is_overturned, reason, decided_at });
            let decided = of(&appeal);
            assert_eq!(decided.redress.appeal, state);
            assert!(!decided.automated_means.judged);
            assert!(decided.text().contains("2026-11-27"), "{}", decided.text());
        }
    }
}
