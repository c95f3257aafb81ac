//! Why a policy cannot be used: the operator's fault or ours. It stops the program at start.

use std::fmt::{self, Display};

use thiserror::Error;

use super::code::{Code, Verdict};
use crate::matching::OutOfRange;

/// All that is wrong with a policy, found when it is loaded.
#[derive(Debug, Error)]
pub struct PolicyError(pub Vec<PolicyFault>);

/// One thing that is wrong with a policy or its thresholds.
#[derive(Debug, Error)]
pub enum PolicyFault {
    #[error("it is not TOML: {0}")]
    Syntax(String),
    #[error("the thresholds are not TOML: {0}")]
    ThresholdsSyntax(String),
    #[error("{0} is missing")]
    Missing(&'static str),
    #[error("there is no {0}")]
    Unknown(String),
    #[error("{field} has 1 to {most} characters of a-z, 0-9, '.', '_' and '-', not {value}")]
    NotPlain { field: &'static str, value: String, most: usize },
    #[error("{section}: {error}")]
    Section { section: &'static str, error: String },
    #[error(transparent)]
    Range(#[from] OutOfRange),
    #[error("weights is not a table")]
    WeightsNotTable,
    #[error("weights.{} is missing", .0.name())]
    WeightMissing(Code),
    #[error("weights.{0}: there is no such reason")]
    NoSuchReason(String),
    #[error("weights.{0}: no policy weighs this reason")]
    NeverWeighed(String),
    #[error(
        "weights.{} is {value}, it must be \"clear\", \"inconclusive\", \"suspect\" or \
         \"fake\"",
        .code.name()
    )]
    NoVerdict { code: Code, value: String },
    #[error("weights.{} is \"{}\", it must be at most \"{}\"",
        .code.name(), .weight.name(), .most.name())]
    TooSevere { code: Code, weight: Verdict, most: Verdict },
    #[error("the thresholds are written for model {expected}, the model loaded is {found}")]
    Model { expected: String, found: String },
}

impl Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [fault] => write!(f, "the policy is not valid: {fault}"),
            faults => {
                write!(f, "the policy is not valid:")?;
                faults.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
            }
        }
    }
}
