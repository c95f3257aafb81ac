//! Checking a photo: the same for a request, a file in a list, and a test.

use std::sync::Arc;
use std::time::Instant;

use photocheck_core::checker::Stage;
use photocheck_core::report::Report;
use photocheck_core::verdict::Policy;

use super::App;
use super::error::{AppError, Refusal};
use crate::accounts::AccountHash;
use crate::clock;

impl App {
    /// Whether a check may name the account that shows the photo.
    #[must_use]
    pub fn keeps_sightings(&self) -> bool {
        self.sightings().is_some()
    }

    /// The account of that id, for a check to name.
    ///
    /// # Errors
    /// [`Refusal::SightingsNotKept`], or [`Refusal::AccountId`] when the id is outside the limits.
    pub fn account(&self, id: &str) -> Result<AccountHash, AppError> {
        let sightings = self.sightings().ok_or(Refusal::SightingsNotKept)?;
        Ok(sightings.account(id)?)
    }

    /// The policy that decides for whoever asks: the operator's. A tenant's own is to be chosen
    /// here.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        self.checker().policy()
    }

    /// Checks one photo. Where the caller names the account that shows it, that is recorded, and
    /// the report says on how many others it was seen.
    ///
    /// # Errors
    /// When the photo is refused, no place is free, the database is not to be used, or it fails.
    pub async fn check(
        &self,
        photo: impl AsRef<[u8]> + Send + 'static,
        account: Option<AccountHash>,
    ) -> Result<Report, AppError> {
        // Banks that are no longer the operator's flag nobody.
        self.banks.store().in_place()?;
        let (banks, checker) = (self.banks.clone(), Arc::clone(self.checker()));
        let place = self.gate().enter()?;
        let (metrics, entered) = (Arc::clone(self.metrics()), Instant::now());
        let work = move || {
            metrics.waited(entered.elapsed());
            let mut stages = metrics.stages();
            // The index of the moment the work begins: what was banked while it waited counts.
            let index = banks.index();
            checker.examine_in_stages(photo.as_ref(), &index, &mut |stage| stages.done(stage))
        };
        let examined = place.run(work).await??;
        let seen = match (self.sightings(), account) {
            (Some(sightings), Some(account)) => {
                sightings.record(&examined, account, clock::now_s()).await?
            }
            _ => None,
        };
        let mut verdict = self.metrics().stages();
        let report = self.checker().report(examined, seen, self.policy());
        verdict.done(Stage::Verdict);
        self.metrics().checked(&report);
        Ok(report)
    }
}
