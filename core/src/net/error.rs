//! Why a model cannot be used: our fault. It stops the program at start, before any photo is taken
//! in.

use thiserror::Error;

/// Why a model cannot be used, found when it is loaded.
#[derive(Debug, Error)]
pub enum ModelError {
    #[error("the model's description is not valid: {0}")]
    Description(#[from] toml::de::Error),
    #[error("the model's description is not usable: {0}")]
    Unusable(String),
    #[error("the model file has sha256 {found}, its description says {expected}")]
    Digest { expected: String, found: String },
    #[error("the model cannot be loaded: {0}")]
    Load(String),
}
