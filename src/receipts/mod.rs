//! Receipts: reports that are signed, so that who has one can prove what was said of a photo. No
//! I/O.

mod envelope;
mod keys;
mod receipt;
mod replay;

pub use envelope::{ReceiptError, read_public_keys};
pub use keys::{KeyFile, KeyFileError, PublicKey, SigningKeys};
pub use receipt::Receipt;
pub use replay::{Compared, ComparedAnswer, ComparedVersion, Replay};
