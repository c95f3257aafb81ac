//! A file of the results, as the state and the summary name it.

use serde::{Deserialize, Serialize};

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartFile {
    /// Below the folder of the job.
    pub name: String,
    pub rows: usize,
    pub bytes: u64,
    /// Of its bytes, hexadecimal.
    pub sha256: String,
}
