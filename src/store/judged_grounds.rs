//! What a judged verdict rests on: the reasons that led to it, and the banked photos.
//!
//! Read from the report once, when somebody judges the verdict for the first time, so that nobody
//! has to read reports to count. A reason led to the verdict if its weight is the verdict. A banked
//! photo is judged with the verdict only where it decided: that a photo which somebody disputes was
//! not flagged says nothing about the one it is a copy of.

use std::collections::BTreeMap;

use photocheck_core::bank::{Opinion, Purpose};
use photocheck_core::verdict::{Code, Verdict};
use serde::Deserialize;
use sqlx::AnyConnection;
use uuid::Uuid;

use super::error::StoreError;
use crate::tenancy::TenantId;

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Ground {
    /// Empty for a banked photo.
    code: String,
    /// 0 for a reason.
    content: i64,
    bank: String,
    purpose: String,
}

#[derive(Deserialize)]
struct Report {
    verdict: String,
    reasons: Vec<Reason>,
    #[serde(default)]
    evidence: Evidence,
}

#[derive(Deserialize)]
struct Reason {
    code: String,
    #[serde(default)]
    weight: String,
}

#[derive(Deserialize, Default)]
struct Evidence {
    matches: Vec<Match>,
}

#[derive(Deserialize)]
struct Match {
    bank: String,
    purpose: String,
    content_id: i64,
    opinion: String,
}

/// Notes what the verdict of a check rests on, if that was not noted before.
pub(super) async fn note(
    connection: &mut AnyConnection,
    tenant: TenantId,
    check: Uuid,
    report: &str,
) -> Result<(), StoreError> {
    for Ground { code, content, bank, purpose } in of(report) {
        let statement = "insert into judged_ground \
                 (check_id, tenant_id, code, content_id, bank, purpose) \
             values ($1, $2, $3, $4, $5, $6) on conflict (check_id, code, content_id) do nothing";
        sqlx::query(statement)
            .bind(check.to_string())
            .bind(tenant.0)
            .bind(code)
            .bind(content)
            .bind(bank)
            .bind(purpose)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

fn of(report: &str) -> Vec<Ground> {
    let Ok(Report { verdict, reasons, evidence }) = serde_json::from_str(report) else {
        return Vec::new();
    };
    let led = |reason: &&Reason| reason.weight == verdict;
    let codes: Vec<_> = reasons.iter().filter(led).map(|reason| reason.code.as_str()).collect();
    let mut grounds = BTreeMap::new();
    for code in &codes {
        let ground = Ground {
            code: (*code).to_owned(),
            content: 0,
            bank: String::new(),
            purpose: String::new(),
        };
        grounds.insert((ground.code.clone(), 0), ground);
    }
    for Match { bank, purpose, content_id, opinion } in evidence.matches {
        if opinion != Opinion::Disputed.name() && decided(&purpose, &verdict, &codes) {
            let code = String::new();
            let ground = Ground { code, content: content_id, bank, purpose };
            grounds.insert((String::new(), content_id), ground);
        }
    }
    grounds.into_values().collect()
}

/// Whether banked photos of this purpose led to the verdict.
fn decided(purpose: &str, verdict: &str, codes: &[&str]) -> bool {
    let known = [Code::KnownPhoto, Code::KnownPhotoUnsure, Code::KnownPhotoPartAllowed];
    let led = |code: Code| codes.contains(&code.name());
    match Purpose::from_name(purpose) {
        Some(Purpose::KnownFake) => verdict != Verdict::Clear.name() && known.into_iter().any(led),
        Some(Purpose::Allow) => led(Code::AllowedPhoto),
        Some(Purpose::Seen) | None => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What a report with these reasons and matches rests on, as codes and contents.
    fn check(
        verdict: &str,
        reasons: &[(&str, &str)],
        matches: &[(i64, &str, &str)],
    ) -> Vec<String> {
        let reasons = reasons.iter().map(|(code, weight)| json!({"code": code, "weight": weight}));
        let matches = matches.iter().map(|(id, purpose, opinion)| {
            json!({"bank": "B", "content_id": id, "purpose": purpose, "opinion": opinion})
        });
        let report = json!({
            "verdict": verdict,
            "reasons": reasons.collect::<Vec<_>>(),
            "evidence": { "matches": matches.collect::<Vec<_>>() },
        });
        let name = |it: Ground| if it.content == 0 { it.code } else { it.content.to_string() };
        let mut found: Vec<_> = of(&report.to_string()).into_iter().map(name).collect();
        found.sort();
        found
    }

    #[test]
    fn what_led_to_the_verdict_is_judged_and_nothing_else() {
        let (known, synthetic) = (("KNOWN_PHOTO", "fake"), ("SYNTHETIC_FACE", "suspect"));
        let copy = (7, "known_fake", "confirmed");
        assert_eq!(check("fake", &[known, synthetic], &[copy, copy]), ["7", "KNOWN_PHOTO"]);
        assert_eq!(check("suspect", &[synthetic], &[]), ["SYNTHETIC_FACE"]);
        // What nobody flagged is not judged by what was said of a clear verdict.
        let disputed = ("KNOWN_PHOTO_DISPUTED", "clear");
        let doubtful = (8, "known_fake", "disputed");
        assert_eq!(check("clear", &[disputed], &[doubtful]), ["KNOWN_PHOTO_DISPUTED"]);
        assert_eq!(check("fake", &[known], &[copy, doubtful]), ["7", "KNOWN_PHOTO"]);
        // A photo that is allowed outranks what is known.
        let allowed = [("ALLOWED_PHOTO", "clear"), ("KNOWN_PHOTO", "clear")];
        let both = [copy, (9, "allow", "confirmed")];
        assert_eq!(check("clear", &allowed, &both), ["9", "ALLOWED_PHOTO", "KNOWN_PHOTO"]);
        assert!(of("{}").is_empty() && of("").is_empty());
    }
}
