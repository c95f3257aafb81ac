//! Writes down what came of calls that are done once. [`super::idempotency`] begins them.

use super::App;
use super::error::AppError;
use crate::store::{Claim, KeptAnswer};

impl App {
    /// Keeps the answer of a call, for as long as that takes: what was done must not be done again.
    ///
    /// # Errors
    /// When the database is closed.
    pub async fn answer_call(&self, claim: &Claim, answer: &KeptAnswer) -> Result<(), AppError> {
        let worker = self.later().worker();
        let keep = || self.store().answer_call(worker, claim, answer);
        Ok(self.until_done(&claim.id, keep).await?)
    }

    /// Lets a call be done again.
    ///
    /// # Errors
    /// When the database is closed.
    pub async fn release_call(&self, claim: &Claim) -> Result<(), AppError> {
        let worker = self.later().worker();
        let release = || self.store().release_call(worker, claim);
        Ok(self.until_done(&claim.id, release).await?)
    }
}
