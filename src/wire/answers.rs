//! The answers to the questions about a photo, as JSON.

use photocheck_core::verdict::{Answer, Answers, Code, Cost, KnownCopy, MadeByAi, SeenOn};
use serde::Serialize;
use utoipa::ToSchema;

use super::names;
use crate::words;

/// Was it made by AI, is it a copy of a known photo, do other accounts show it? The answers are the
/// same by every policy; the verdict is what the policy makes of them.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AnswersJson {
    pub made_by_ai: MadeByAiJson,
    pub known_photo: KnownCopyJson,
    /// Only where the caller named an account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen_elsewhere: Option<SeenOnJson>,
}

/// Was the photo made by AI?
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MadeByAiJson {
    #[schema(schema_with = names::made_by_ai)]
    pub answer: &'static str,
    /// Why it is `not_judged`.
    #[schema(example = "NO_FACE_FOUND")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// Plain words.
    pub message: String,
    /// The reasons that led to it.
    #[schema(schema_with = names::reasons)]
    pub reasons: Vec<&'static str>,
    /// Share of honest photos that reach the threshold; null where nobody has measured it.
    #[schema(required)]
    pub false_positive_rate: Option<f64>,
}

/// Is the photo a copy of a known one?
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct KnownCopyJson {
    #[schema(schema_with = names::known_copy)]
    pub answer: &'static str,
    /// Why it is `not_compared`.
    #[schema(example = "NO_BANKS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// Plain words.
    pub message: String,
    /// The reasons that led to it.
    #[schema(schema_with = names::reasons)]
    pub reasons: Vec<&'static str>,
    /// Share of pairs of different photos that match, at most, as measured; null where none did.
    #[schema(required)]
    pub false_match_rate: Option<f64>,
}

/// Do other accounts show the photo?
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SeenOnJson {
    #[schema(schema_with = names::seen_on)]
    pub answer: &'static str,
    pub other_accounts: u32,
    /// Plain words.
    pub message: String,
    /// The reasons that led to it.
    #[schema(schema_with = names::reasons)]
    pub reasons: Vec<&'static str>,
    /// Share of honest photos that other accounts show; null, since nobody has measured it.
    #[schema(required)]
    pub false_positive_rate: Option<f64>,
}

impl From<&Answers> for AnswersJson {
    fn from(answers: &Answers) -> Self {
        let Answers { made_by_ai, known_photo, seen_elsewhere } = answers;
        Self {
            made_by_ai: made_by_ai.into(),
            known_photo: known_photo.into(),
            seen_elsewhere: seen_elsewhere.as_ref().map(SeenOnJson::from),
        }
    }
}

impl From<&Answer<MadeByAi>> for MadeByAiJson {
    fn from(answer: &Answer<MadeByAi>) -> Self {
        Self {
            answer: answer.answer.name(),
            code: answer.answer.code(),
            message: words::made_by_ai(answer),
            reasons: code_names(&answer.reasons),
            false_positive_rate: false_positive_rate(answer.cost),
        }
    }
}

impl From<&Answer<KnownCopy>> for KnownCopyJson {
    fn from(answer: &Answer<KnownCopy>) -> Self {
        Self {
            answer: answer.answer.name(),
            code: answer.answer.code(),
            message: words::known_copy(answer),
            reasons: code_names(&answer.reasons),
            false_match_rate: match answer.cost {
                Some(Cost::FalseMatchRate(rate)) => Some(rate),
                Some(Cost::FalsePositiveRate(_)) | None => None,
            },
        }
    }
}

impl From<&Answer<SeenOn>> for SeenOnJson {
    fn from(answer: &Answer<SeenOn>) -> Self {
        Self {
            answer: answer.answer.name(),
            other_accounts: match answer.answer {
                SeenOn::Yes { other_accounts } => other_accounts,
                SeenOn::No => 0,
            },
            message: words::seen_on(answer),
            reasons: code_names(&answer.reasons),
            false_positive_rate: false_positive_rate(answer.cost),
        }
    }
}

fn code_names(codes: &[Code]) -> Vec<&'static str> {
    codes.iter().map(|code| code.name()).collect()
}

fn false_positive_rate(cost: Option<Cost>) -> Option<f64> {
    match cost {
        Some(Cost::FalsePositiveRate(rate)) => Some(rate),
        Some(Cost::FalseMatchRate(_)) | None => None,
    }
}
