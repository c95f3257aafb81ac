//! Progress: what a running job has done so far, for whoever watches it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::outcome::NOT_A_PICTURE;
use super::state::rows::Done;

/// Counts of a running job. All its threads write to them.
#[derive(Debug, Default)]
pub struct Progress {
    /// Entries of the job; 0 until they are counted, or where they cannot be.
    total: AtomicU64,
    done: AtomicU64,
    kept: AtomicU64,
    checked: AtomicU64,
    refused: AtomicU64,
    no_pictures: AtomicU64,
    verdicts: Mutex<BTreeMap<String, u64>>,
    is_over: AtomicBool,
}

/// The counts at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moment {
    /// `None` while it is not known.
    pub total: Option<u64>,
    /// Entries that are done.
    pub done: u64,
    /// Of these, how many were done before this run.
    pub kept: u64,
    /// Photos that were examined in this run.
    pub checked: u64,
    /// Of the checked, how many were refused.
    pub refused: u64,
    /// Of the checked, files that are no pictures.
    pub no_pictures: u64,
    /// Of the checked, by verdict.
    pub verdicts: BTreeMap<String, u64>,
    pub is_over: bool,
}

impl Progress {
    /// Notes how many entries there are.
    pub fn note_total(&self, total: u64) {
        self.total.store(total, Ordering::Relaxed);
    }

    /// Notes entries that are kept in the state.
    pub fn note_done(&self, done: &[Done]) {
        for one in done {
            self.done.fetch_add(1, Ordering::Relaxed);
            let Done::Row(row) = one else {
                self.kept.fetch_add(1, Ordering::Relaxed);
                continue;
            };
            if row.error.is_some() {
                self.refused.fetch_add(1, Ordering::Relaxed);
            }
            let Some(check) = &row.check else { continue };
            self.checked.fetch_add(1, Ordering::Relaxed);
            match (check.outcome.error_code.as_deref(), &check.outcome.verdict) {
                (Some(NOT_A_PICTURE), _) => self.no_pictures.fetch_add(1, Ordering::Relaxed),
                (Some(_), _) => self.refused.fetch_add(1, Ordering::Relaxed),
                (None, Some(verdict)) => {
                    let mut verdicts = self.verdicts.lock().unwrap_or_else(PoisonError::into_inner);
                    *verdicts.entry(verdict.clone()).or_default() += 1;
                    continue;
                }
                (None, None) => continue,
            };
        }
    }

    /// Notes that the job is over.
    pub fn note_over(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// The counts as they are now.
    #[must_use]
    pub fn now(&self) -> Moment {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Moment {
            total: Some(read(&self.total)).filter(|total| 0 < *total),
            done: read(&self.done),
            kept: read(&self.kept),
            checked: read(&self.checked),
            refused: read(&self.refused),
            no_pictures: read(&self.no_pictures),
            verdicts: self.verdicts.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            is_over: self.is_over.load(Ordering::Relaxed),
        }
    }
}
