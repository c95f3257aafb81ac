//! Which scores photos have, by tenant and day (UTC), for drift.
//!
//! Scores are counted in memory and written down every `WRITE_EVERY`, so that a check waits for
//! no write, and all machines add to one count. A machine that is killed forgets as much.

use std::collections::BTreeMap;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use photocheck_core::evaluation::drift::{ScoreBin, ScoreCounts};
use photocheck_core::report::Report;
use photocheck_core::signals::Synthetic;

use super::error::AppError;
use crate::clock;
use crate::store::{Store, TenantDay};
use crate::tenancy::{Caller, Credential};

/// How often counts are written down.
pub(super) const WRITE_EVERY: Duration = Duration::from_secs(30);

/// See the module's text. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Scores {
    store: Store,
    model: Arc<str>,
    unwritten: Arc<Mutex<BTreeMap<TenantDay, ScoreCounts>>>,
}

impl Scores {
    /// Scores of this model that are written down in this database.
    #[must_use]
    pub(super) fn new(store: Store, model: &str) -> Self {
        Self { store, model: model.into(), unwritten: Arc::default() }
    }

    /// Counts the score of a report, if it has one. What somebody tries on the command line says
    /// nothing of a tenant's photos.
    pub(super) fn count(&self, caller: &Caller, report: &Report) {
        let Synthetic::Evaluated(evaluated) = &report.signals.synthetic else { return };
        if caller.credential == Credential::CommandLine {
            return;
        }
        let day = TenantDay { tenant: caller.tenant, day: clock::today() };
        self.unwritten().entry(day).or_default().add(ScoreBin::of(evaluated.score), 1);
    }

    /// Writes down what was counted.
    ///
    /// # Errors
    /// When the database fails; then it is written the next time.
    pub async fn write(&self) -> Result<(), AppError> {
        let counted = mem::take(&mut *self.unwritten());
        if counted.is_empty() {
            return Ok(());
        }
        let written = self.store.add_scores(&self.model, &counted).await;
        if written.is_err() {
            let mut unwritten = self.unwritten();
            for (day, counts) in &counted {
                unwritten.entry(*day).or_default().add_all(counts);
            }
        }
        Ok(written?)
    }

    fn unwritten(&self) -> MutexGuard<'_, BTreeMap<TenantDay, ScoreCounts>> {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
