//! How much keys are used: the quota of a day, which holds on all machines together, and when each
//! was used last.
//!
//! Requests are counted in memory and written down every [`WRITE_EVERY`], so that a check waits for
//! no write. What other machines wrote is read as often. So a quota can be exceeded by what the
//! other machines let in within that time, and by nothing else; a machine that is killed forgets as
//! much. Days are those of UTC.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::error::AppError;
use crate::clock::{self, DAY_S};
use crate::store::{Store, Used};
use crate::tenancy::{Denied, KeyId, KeyLimits};

/// How often counts are written down, and for how long a count that was read is believed.
pub const WRITE_EVERY: Duration = Duration::from_secs(2);

/// A key without a quota is written down this often: nobody waits for its count.
const WRITE_IDLE_EVERY: Duration = Duration::from_mins(1);

/// See the module's text. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Usage {
    store: Store,
    counts: Arc<Mutex<HashMap<KeyId, Count>>>,
}

/// What is known of one key's day.
#[derive(Debug, Clone)]
struct Count {
    day: i64,
    /// Of all machines, as it was read; `None` where nobody asked.
    written: Option<(u64, Instant)>,
    /// Of this machine since then.
    since: u64,
    /// Of these, not written down yet.
    unwritten: u32,
    last_used_at: i64,
    has_quota: bool,
    written_at: Option<Instant>,
}

/// What is left of a key's day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaLeft {
    pub per_day: NonZeroU32,
    pub requests: u64,
    /// Seconds until the next day.
    pub resets_s: u64,
}

impl Usage {
    /// Usage that is written down in this database.
    #[must_use]
    pub(super) fn new(store: Store) -> Self {
        Self { store, counts: Arc::default() }
    }

    /// Counts a request of a key. Returns what is left of its quota; `None` where it has none.
    ///
    /// # Errors
    /// [`Denied::QuotaUsedUp`], or when the database fails.
    pub async fn count(
        &self,
        key: &KeyId,
        limits: KeyLimits,
    ) -> Result<Option<QuotaLeft>, AppError> {
        let now_s = clock::now_s();
        let day = now_s.div_euclid(DAY_S);
        let Some(per_day) = limits.per_day else {
            self.with(key, day, |count| count.add(now_s));
            return Ok(None);
        };
        if self.with(key, day, |count| count.wants_reading()) {
            let read_at = Instant::now();
            let requests = self.store.requests_of(key, day).await?;
            self.with(key, day, |count| count.read(requests, read_at));
        }
        let resets_s = u64::try_from((day + 1) * DAY_S - now_s).unwrap_or(1);
        self.with(key, day, |count| {
            count.has_quota = true;
            let sent = count.sent();
            let left = u64::from(per_day.get()).saturating_sub(sent);
            if left == 0 {
                return Err(Denied::QuotaUsedUp { per_day, retry_after_s: resets_s }.into());
            }
            count.add(now_s);
            Ok(Some(QuotaLeft { per_day, requests: left - 1, resets_s }))
        })
    }

    /// Writes counts down until the database is closed. Failures are logged and tried again.
    pub async fn follow(&self) {
        let mut cleaned_on = None;
        while !self.store.is_closed() {
            tokio::time::sleep(WRITE_EVERY).await;
            if let Err(error) = self.write(false).await {
                tracing::warn!(%error, "the use of keys could not be written down");
                continue;
            }
            let today = clock::today();
            if cleaned_on != Some(today) && !self.counts().is_empty() {
                cleaned_on = Some(today);
                if let Err(error) = self.store.delete_old_usage(today).await {
                    tracing::warn!(%error, "old counts of requests could not be deleted");
                }
            }
        }
    }

    /// Writes down what is due, or `all`.
    ///
    /// # Errors
    /// When the database fails; then it is written the next time.
    pub async fn write(&self, all: bool) -> Result<(), AppError> {
        let (now, today) = (Instant::now(), clock::today());
        let used: Vec<Used> = {
            let counts = self.counts();
            let due = counts.iter().filter(|(_, count)| all || count.is_due(now, today));
            due.filter(|(_, count)| 0 < count.unwritten)
                .map(|(key, count)| count.used(key))
                .collect()
        };
        if used.is_empty() {
            return Ok(());
        }
        self.store.add_usage(&used).await?;
        let mut counts = self.counts();
        for Used { key, day, requests, .. } in used {
            if let Some(count) = counts.get_mut(&key).filter(|count| count.day == day) {
                count.unwritten -= requests.min(count.unwritten);
                count.written_at = Some(now);
            }
        }
        counts.retain(|_, count| count.day == today || 0 < count.unwritten);
        Ok(())
    }

    /// Does something with the count of a key on a day. What was not written down of the day before
    /// goes with it to the next one.
    fn with<T>(&self, key: &KeyId, day: i64, work: impl FnOnce(&mut Count) -> T) -> T {
        let mut counts = self.counts();
        let count = counts.entry(key.clone()).or_insert_with(|| Count::new(day));
        if count.day != day {
            *count = Count { unwritten: count.unwritten, ..Count::new(day) };
        }
        work(count)
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<KeyId, Count>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Count {
    fn new(day: i64) -> Self {
        Self {
            day,
            written: None,
            since: 0,
            unwritten: 0,
            last_used_at: 0,
            has_quota: false,
            written_at: None,
        }
    }

    fn add(&mut self, now_s: i64) {
        self.since += 1;
        self.unwritten = self.unwritten.saturating_add(1);
        self.last_used_at = now_s;
    }

    fn wants_reading(&self) -> bool {
        self.written.is_none_or(|(_, read_at)| WRITE_EVERY <= read_at.elapsed())
    }

    /// Takes over what was read: of this machine it lacks what is not written down.
    fn read(&mut self, requests: u64, read_at: Instant) {
        self.written = Some((requests, read_at));
        self.since = u64::from(self.unwritten);
    }

    fn sent(&self) -> u64 {
        self.written.map_or(0, |(requests, _)| requests) + self.since
    }

    fn is_due(&self, now: Instant, today: i64) -> bool {
        let is_waited_for = self.has_quota || self.day != today;
        let since = self.written_at.map(|at| now.duration_since(at));
        is_waited_for || since.is_none_or(|since| WRITE_IDLE_EVERY <= since)
    }

    fn used(&self, key: &KeyId) -> Used {
        let Self { day, unwritten, last_used_at, .. } = *self;
        Used { key: key.clone(), day, requests: unwritten, last_used_at }
    }
}
