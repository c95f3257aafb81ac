//! What was said of a photo before, beside what is said of it now.

use serde::Serialize;
use serde_json::Value;

use super::receipt::{Receipt, ReceiptVersions};

/// Both of each thing that is said, and of each version that it depends on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Replay {
    pub check_id: String,
    /// Whether the verdict or an answer is another than before.
    pub changed: bool,
    pub verdict: Compared,
    pub answers: Vec<ComparedAnswer>,
    pub versions: Vec<ComparedVersion>,
}

/// What was said, and what is said now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Compared {
    pub before: String,
    pub now: String,
}

/// The answer to one question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ComparedAnswer {
    pub question: String,
    pub before: String,
    /// `None` where the question was not asked again: a replay names no account.
    pub now: Option<String>,
}

/// One version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ComparedVersion {
    pub of: &'static str,
    #[serde(flatten)]
    pub compared: Compared,
}

impl Replay {
    /// Compares what two checks said of one photo.
    #[must_use]
    pub fn new(before: &Receipt, now: &Receipt) -> Self {
        let verdict = Compared { before: before.verdict.clone(), now: now.verdict.clone() };
        let answers: Vec<_> = before
            .answers
            .as_object()
            .into_iter()
            .flat_map(|answers| answers.keys())
            .map(|question| ComparedAnswer {
                question: question.clone(),
                before: answer(&before.answers, question).unwrap_or_default(),
                now: answer(&now.answers, question),
            })
            .collect();
        let is_other = |it: &ComparedAnswer| it.now.as_ref().is_some_and(|now| *now != it.before);
        Self {
            check_id: before.check_id.clone(),
            changed: verdict.is_other() || answers.iter().any(is_other),
            verdict,
            answers,
            versions: versions(&before.versions, &now.versions),
        }
    }
}

impl Compared {
    /// Whether it changed.
    #[must_use]
    pub fn is_other(&self) -> bool {
        self.before != self.now
    }
}

fn answer(answers: &Value, question: &str) -> Option<String> {
    Some(answers.get(question)?.get("answer")?.as_str()?.to_owned())
}

fn versions(before: &ReceiptVersions, now: &ReceiptVersions) -> Vec<ComparedVersion> {
    let program = |versions: &ReceiptVersions| versions.program.clone().unwrap_or_default();
    let policy = |versions: &ReceiptVersions| {
        let policy = &versions.policy;
        format!("{} {} (thresholds {})", policy.name, policy.version, policy.thresholds)
    };
    let both = [
        ("photocheck", program(before), program(now)),
        ("model", before.model.clone(), now.model.clone()),
        ("policy", policy(before), policy(now)),
        ("index", before.index.to_string(), now.index.to_string()),
    ];
    let compared = both.map(|(of, before, now)| {
        let compared = Compared { before, now };
        ComparedVersion { of, compared }
    });
    compared.into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::receipts::receipt::{ReceiptPhoto, ReceiptPolicy};

    fn receipt(verdict: &str, answers: Value, model: &str) -> Receipt {
        let policy = ReceiptPolicy {
            name: "strict".to_owned(),
            version: "1".to_owned(),
            thresholds: "x".to_owned(),
        };
        Receipt {
            check_id: "7".to_owned(),
            checked_at: 1,
            photo: ReceiptPhoto { sha256: "0".repeat(64) },
            verdict: verdict.to_owned(),
            answers,
            versions: ReceiptVersions { program: None, model: model.to_owned(), policy, index: 1 },
        }
    }

    #[test]
    fn another_answer_is_a_change_and_another_version_alone_is_none() {
        let answer = |it: &str| json!({ "answer": it });
        let said = |ai: &str, known: &str| {
            let (ai, known) = (answer(ai), answer(known));
            json!({ "made_by_ai": ai, "known_photo": known })
        };
        let before = receipt("clear", said("no_sign", "no_match"), "old");
        let same = Replay::new(&before, &receipt("clear", said("no_sign", "no_match"), "new"));
        assert!(!same.changed, "{same:?}");
        let models: Vec<_> = same.versions.iter().filter(|it| it.compared.is_other()).collect();
        assert_eq!((models.len(), models[0].of), (1, "model"));
        // What does not change the verdict, and what does.
        let other = Replay::new(&before, &receipt("clear", said("unsure", "no_match"), "old"));
        let stricter = Replay::new(&before, &receipt("fake", said("no_sign", "no_match"), "old"));
        assert!(other.changed && stricter.changed);
    }

    #[test]
    fn what_was_asked_of_an_account_is_not_asked_again() {
        let before = json!({ "seen_elsewhere": { "answer": "yes" } });
        let replay = Replay::new(&receipt("clear", before, "x"), &receipt("clear", json!({}), "x"));
        assert_eq!((replay.changed, replay.answers[0].now.as_ref()), (false, None));
    }
}
