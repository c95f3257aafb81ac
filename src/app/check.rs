//! Checking a photo: the same for a request, a file in a list, and a test.

use std::sync::Arc;
use std::time::Instant;

use photocheck_core::checker::{Checker, Stage};
use photocheck_core::photo::{Photo, PhotoError};
use photocheck_core::report::Report;

use super::App;
use super::error::{AppError, Failure, Refusal};
use super::gate::Place;
use crate::accounts::AccountHash;
use crate::clock;
use crate::store::Expired;
use crate::tenancy::{Caller, TenantId};

impl App {
    /// Whether a check may name the account that shows the photo.
    #[must_use]
    pub fn keeps_sightings(&self) -> bool {
        self.sightings().is_some()
    }

    /// The account of that id, for a check to name.
    ///
    /// # Errors
    /// [`Refusal::SightingsNotKept`] when none are kept for the caller's tenant, or
    /// [`Refusal::AccountId`] when the id is outside the limits.
    pub async fn account(&self, caller: &Caller, id: &str) -> Result<AccountHash, AppError> {
        let sightings = self.sightings().ok_or(Refusal::SightingsNotKept)?;
        sightings.ensure_kept_for(caller.tenant).await?;
        Ok(sightings.account(id)?)
    }

    /// What judges the photos of a tenant: by its own policy, if it has one, or else by the
    /// operator's.
    ///
    /// # Errors
    /// [`Failure::PolicyNotUsable`] when its policy is none for this program: another one must
    /// not decide instead.
    pub fn checker_for(&self, tenant: TenantId) -> Result<Arc<Checker>, AppError> {
        let own = self.live().and_then(|live| live.policy_of(tenant));
        let Some(own) = own else { return Ok(Arc::clone(self.checker())) };
        let policy = self.policies().read(&own).map_err(|error| {
            let (tenant, faults) = (tenant.0, error.to_string());
            Failure::PolicyNotUsable { tenant, faults }
        })?;
        Ok(Arc::new(self.checker().with_policy(policy)))
    }

    /// Erases what is kept of an account of the caller's tenant; returns what that was.
    ///
    /// # Errors
    /// As of [`Self::account`], or when the database fails.
    pub async fn erase_account(&self, caller: &Caller, id: &str) -> Result<Expired, AppError> {
        let sightings = self.sightings().ok_or(Refusal::SightingsNotKept)?;
        sightings.erase_account(caller, id).await
    }

    /// Checks one photo against the banks that the caller's tenant sees. Where the caller names the
    /// account that shows it, that is recorded, and the report says on how many others of the
    /// tenant it was seen.
    ///
    /// # Errors
    /// When the photo is refused, no place is free, the database is not to be used, or it fails.
    pub async fn check(
        &self,
        caller: &Caller,
        photo: impl AsRef<[u8]> + Send + 'static,
        account: Option<AccountHash>,
    ) -> Result<Report, AppError> {
        let (report, ()) = self.check_and(caller, photo, account, |_| ()).await?;
        Ok(report)
    }

    /// The same, and what `look` makes of the decoded photo, which nobody keeps.
    ///
    /// # Errors
    /// As of [`Self::check`].
    pub async fn check_and<T: Send + 'static>(
        &self,
        caller: &Caller,
        photo: impl AsRef<[u8]> + Send + 'static,
        account: Option<AccountHash>,
        look: impl FnOnce(&Photo) -> T + Send + 'static,
    ) -> Result<(Report, T), AppError> {
        // Nobody waits for a place only to learn that there are no banks.
        self.store().in_place()?;
        let place = self.gate().enter(caller)?;
        self.check_at(place, caller, photo, account, look).await
    }

    /// The same with a place that was taken before.
    ///
    /// # Errors
    /// When the photo is refused, the database is not to be used, or it fails.
    pub(super) async fn check_at<T: Send + 'static>(
        &self,
        place: Place,
        caller: &Caller,
        photo: impl AsRef<[u8]> + Send + 'static,
        account: Option<AccountHash>,
        look: impl FnOnce(&Photo) -> T + Send + 'static,
    ) -> Result<(Report, T), AppError> {
        // Banks that are no longer the operator's flag nobody.
        self.store().in_place()?;
        let (banks, checker) = (self.banks(caller.tenant), self.checker_for(caller.tenant)?);
        let judging = Arc::clone(&checker);
        let (metrics, entered) = (Arc::clone(self.metrics()), Instant::now());
        let mut spans = self.spans().stages();
        let work = move || {
            metrics.waited(entered.elapsed());
            spans.done("wait");
            let mut stages = metrics.stages();
            // The index of the moment the work begins: what was banked while it waited counts.
            let view = banks.view();
            let mut done = |stage: Stage| {
                stages.done(stage);
                spans.done(stage.name());
            };
            let bytes = photo.as_ref();
            let decoded = Photo::decode(bytes)?;
            done(Stage::Decode);
            let (examined, _) =
                judging.examine_decoded(bytes, &decoded, &view.index, &view.scope, &mut done);
            let looked = look(&decoded);
            Ok::<_, PhotoError>((examined, looked, (photo, view)))
        };
        let (examined, looked, (photo, view)) = place.run(work).await??;
        let seen = match (self.sightings(), account) {
            (Some(sightings), Some(account)) => {
                sightings.record(caller.tenant, &examined, account, clock::now_s()).await?
            }
            _ => None,
        };
        let mut verdict = self.metrics().stages();
        let report = checker.report(examined, seen, checker.policy());
        verdict.done(Stage::Verdict);
        self.metrics().checked(caller.tenant, &report);
        self.scores().count(caller, &report);
        // The candidate is none for a tenant's own policy.
        let shadow = self.shadow().filter(|_| Arc::ptr_eq(&checker, self.checker()));
        if let Some(shadow) = shadow {
            shadow.check((self.gate(), caller), view, photo, &report);
        }
        Ok((report, looked))
    }
}
