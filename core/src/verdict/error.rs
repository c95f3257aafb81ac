//! Why a policy file cannot be used: our fault. It stops the program at start.

use thiserror::Error;

use crate::matching::OutOfRange;

/// Why a policy file cannot be used, found when it is loaded.
#[derive(Debug, Error)]
pub enum PolicyError {
    #[error("the policy file is not valid: {0}")]
    File(#[from] toml::de::Error),
    #[error(transparent)]
    Range(#[from] OutOfRange),
    #[error("the policy is written for model {expected}, the model loaded is {found}")]
    Model { expected: String, found: String },
}
