//! Does the checks that wait: takes them from the database, one tenant after the other, and writes
//! down what came of them.
//!
//! A check is done as any other, by `App::check_at`, with a place at the same gate. It is written
//! down by whoever has it; once its worker is given up, that is another. What fails here is tried
//! again, a few times; what the photo is at fault for is its answer.

use std::fmt::Display;
use std::time::Duration;

use axum::body::Bytes;
use photocheck_core::photo::PhotoError;
use photocheck_core::report::Report;
use tokio::time::{Instant, sleep, timeout};

use super::App;
use super::error::{AppError, Failure, Refusal};
use super::later::{BEAT_EVERY, PhotoMissing};
use super::limits::IDEMPOTENT_CALLS_KEPT_S;
use super::metrics::Finished;
use super::waiting_photo::{Source, WaitingPhoto};
use super::worker::Running;
use crate::clock;
use crate::fetch::FetchError;
use crate::store::{ClaimedCheck, Outcome, StoreError, StoredCheck, StoredState};
use crate::tenancy::{Caller, TenantId};
use crate::webhooks::NewEvent;
use crate::wire::{ReportJson, events};

/// How often it is asked whether something is due that another program accepted.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often what is over its retention is deleted.
const DELETE_EVERY: Duration = Duration::from_hours(1);

/// Time for a check, with the fetching of its photo and its turn at the gate.
const CHECK_MAX: Duration = Duration::from_mins(3);

/// How often a check that fails here is begun. A photo that ends the program is among them.
const ATTEMPTS_MAX: u32 = 10;

/// The longest time until such a check is begun again is two to the power of this, in seconds.
const DUE_POWER_MAX: u32 = 6;

/// Time, when the program stops, for photos that wait in memory to be checked, and then for what
/// was begun to be finished.
const STOP_MAX: Duration = Duration::from_secs(30);

/// How often what this worker took and is not doing is freed: the answer of the database that it
/// was taken may have been lost, or doing it may have failed where nobody expects that.
pub(super) const FREE_EVERY: Duration = Duration::from_mins(1);

/// Between attempts to write down what came of work.
const WRITE_AGAIN: Duration = Duration::from_secs(1);

impl App {
    /// Does checks that wait until it is asked to stop. Failures are logged and tried again.
    pub async fn do_waiting_checks(&self) {
        let worker = self.worker();
        // Others take what it has for left behind while it does not say that it is alive.
        while let Err(error) = self.later().beat().await {
            tracing::warn!(%error, "this worker could not say that it is alive");
            if worker.is_stopping() || self.store().is_closed() {
                return;
            }
            sleep(LOOK_EVERY).await;
        }
        let (beating, tidying) = (self.clone(), self.clone());
        tokio::spawn(async move { beating.beat().await });
        tokio::spawn(async move { tidying.keep_tidy().await });
        let mut after = TenantId(0);
        let mut free_at = Instant::now() + FREE_EVERY;
        while !worker.is_stopping() && !self.store().is_closed() {
            let Some(place) = worker.place().await else { return };
            if free_at <= Instant::now() {
                match self.store().free_checks(self.later().worker(), &worker.running()).await {
                    Ok(_) => free_at = Instant::now() + FREE_EVERY,
                    Err(error) => tracing::warn!(%error, "lost checks are freed later"),
                }
            }
            match self.next_check(after).await {
                Ok(Some(claimed)) => {
                    after = claimed.tenant;
                    let running = Running::new(worker, &claimed, place);
                    let app = self.clone();
                    tokio::spawn(async move {
                        app.do_check(&claimed).await;
                        drop(running);
                        // One of a tenant that had its share may be due.
                        app.later().woken().notify_one();
                    });
                    continue;
                }
                Ok(None) => {}
                Err(error) => {
                    // One may have been taken all the same.
                    free_at = Instant::now();
                    tracing::warn!(%error, "checks that wait cannot be read");
                }
            }
            drop(place);
            let _ = timeout(LOOK_EVERY, self.later().woken().notified()).await;
        }
    }

    /// Lets what was begun be finished, and what nobody else has. The rest is another's, or waits
    /// for the next start.
    pub(super) async fn stop_working(&self) {
        let worker = self.worker();
        if !self.later().was_alive() {
            return;
        }
        let all_done = async {
            while self.later().holds_photos() {
                sleep(LOOK_EVERY / 10).await;
            }
        };
        if timeout(STOP_MAX, all_done).await.is_err() {
            tracing::warn!("photos that waited in memory are lost: they are checked no more");
        }
        worker.stop();
        self.later().woken().notify_one();
        if !worker.end(STOP_MAX).await {
            tracing::warn!("stopped before every check that was begun was finished");
        }
        if let Err(error) = self.store().worker_has_ended(self.later().worker()).await {
            tracing::warn!(%error, "others learn only in some seconds that this program has ended");
        }
    }

    /// Says that this worker is alive. Nothing else is done here: what takes long must not have
    /// the others take it for gone.
    async fn beat(&self) {
        while !self.worker().has_ended() && !self.store().is_closed() {
            if let Err(error) = self.later().beat().await {
                tracing::warn!(%error, "this worker could not say that it is alive");
            }
            sleep(BEAT_EVERY).await;
        }
    }

    /// Looks after what others left behind, and what is over its retention.
    async fn keep_tidy(&self) {
        let mut deleted_at = None;
        while !self.worker().has_ended() && !self.store().is_closed() {
            if let Err(error) = self.tidy(&mut deleted_at).await {
                tracing::warn!(%error, "what others left behind is looked after later");
            }
            sleep(BEAT_EVERY).await;
        }
    }

    async fn tidy(&self, deleted_at: &mut Option<Instant>) -> Result<(), AppError> {
        let taken_over = self.store().take_over_checks().await?;
        if 0 < taken_over {
            tracing::info!(checks = taken_over, "took over checks of a worker that is gone");
            self.later().woken().notify_one();
        }
        if 0 < self.store().take_over_messages().await? {
            self.deliveries().woken().notify_one();
        }
        self.finish_lost_checks().await?;
        self.later().forget_finished().await?;
        if deleted_at.is_none_or(|at| DELETE_EVERY <= at.elapsed()) {
            self.store().delete_gone_workers().await?;
            let checks = self.later().delete_old(clock::now_s()).await?;
            if 0 < checks {
                tracing::info!(checks, "deleted checks that are over their retention");
            }
            self.store().delete_old_calls(IDEMPOTENT_CALLS_KEPT_S).await?;
            self.store().delete_old_shadows(clock::now_s()).await?;
            *deleted_at = Some(Instant::now());
        }
        Ok(())
    }

    /// Says of checks whose photos were lost with the memory of a program that they are.
    async fn finish_lost_checks(&self) -> Result<(), AppError> {
        let (outcome, now_s) = (problem(&Refusal::PhotoLost.into()), clock::now_s());
        for check in self.store().lost_checks().await? {
            let id = check.id;
            let event = event(&check, &outcome, now_s);
            if self.store().finish_lost_check(id, &outcome, &event, now_s).await? {
                tracing::warn!(check_id = %id, "a photo was lost with the memory of a worker");
                self.metrics().finished(Finished::Failed);
                self.deliveries().woken().notify_one();
            }
        }
        Ok(())
    }

    /// Takes a check of the next tenant that has one.
    async fn next_check(&self, after: TenantId) -> Result<Option<ClaimedCheck>, StoreError> {
        let (id, full) = (self.later().worker(), self.worker().full_tenants());
        match self.store().claim_check(id, after, &full).await? {
            None if after != TenantId(0) => self.store().claim_check(id, TenantId(0), &full).await,
            claimed => Ok(claimed),
        }
    }

    /// Does a check that was taken, and writes down what came of it.
    async fn do_check(&self, claimed: &ClaimedCheck) {
        let worker = self.later().worker();
        let checked = timeout(CHECK_MAX, self.check_claimed(claimed)).await;
        let mut was_tried = true;
        let outcome = match checked {
            Ok(Ok(report)) => report_json(&report),
            // It waits for its tenant, for as long as that takes.
            Ok(Err(AppError::Failed(error @ Failure::PolicyNotUsable { .. }))) => {
                tracing::error!(check_id = %claimed.check.id, %error, "a check is put off");
                was_tried = false;
                None
            }
            Ok(Err(error @ AppError::Refused(_))) => Some(problem(&error)),
            Ok(Err(AppError::Failed(error))) => {
                tracing::error!(check_id = %claimed.check.id, %error, "a check failed");
                None
            }
            Err(_) => {
                tracing::error!(check_id = %claimed.check.id, "a check took too long");
                None
            }
        };
        let outcome = match outcome {
            None if was_tried && ATTEMPTS_MAX <= claimed.attempt => {
                Some(problem(&Refusal::CheckGivenUp.into()))
            }
            outcome => outcome,
        };
        let Some(outcome) = outcome else {
            let power = if was_tried { claimed.attempt.min(DUE_POWER_MAX) } else { DUE_POWER_MAX };
            let release = || self.store().release_check(worker, claimed, 1 << power, was_tried);
            let released = self.until_done(&claimed.check.id, release).await;
            self.metrics().finished(Finished::PutBack);
            if let Err(error) = released {
                tracing::error!(check_id = %claimed.check.id, %error, "a check was not given back");
            }
            return;
        };
        self.write_down(claimed, &outcome).await;
    }

    /// Writes down what came of a check, for as long as that takes.
    async fn write_down(&self, claimed: &ClaimedCheck, outcome: &Outcome) {
        let (worker, id, now_s) = (self.later().worker(), claimed.check.id, clock::now_s());
        let event = event(&claimed.check, outcome, now_s);
        let finish = || self.store().finish_check(worker, claimed, outcome, &event, now_s);
        match self.until_done(&id, finish).await {
            Ok(true) => {
                self.deliveries().woken().notify_one();
                let (code, finished) = match outcome {
                    Outcome::Report(_) => ("", Finished::Done),
                    Outcome::Problem { code, .. } => (code.as_str(), Finished::Failed),
                };
                self.metrics().finished(finished);
                tracing::info!(check_id = %id, code, "finished a check");
            }
            Ok(false) => tracing::warn!(check_id = %id, "another worker has this check now"),
            Err(error) => {
                tracing::error!(check_id = %id, %error, "a check was not written down");
            }
        }
        self.later().forget_photo(id);
    }

    /// Does something in the database for a check or a message, for as long as that takes: where
    /// the database fails, it is tried again until it is closed.
    pub(super) async fn until_done<T, F>(
        &self,
        id: &impl Display,
        attempt: impl Fn() -> F,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        use StoreError::{Busy, Database, Unreachable};
        loop {
            match attempt().await {
                Err(error @ (Busy | Unreachable(_) | Database(_))) if !self.store().is_closed() => {
                    tracing::warn!(%id, %error, "what came of it is written down later");
                    sleep(WRITE_AGAIN).await;
                }
                done => return done,
            }
        }
    }

    async fn check_claimed(&self, claimed: &ClaimedCheck) -> Result<Report, AppError> {
        if ATTEMPTS_MAX < claimed.attempt {
            // It was begun as often and never ended: perhaps it ends the program.
            return Err(Refusal::CheckGivenUp.into());
        }
        let WaitingPhoto { source, account } = match self.later().photo_of(claimed).await? {
            Ok(photo) => photo,
            Err(PhotoMissing::Lost) => return Err(Refusal::PhotoLost.into()),
            Err(PhotoMissing::OtherKey) => return Err(Failure::OtherPhotoKey.into()),
        };
        let photo = match source {
            Source::Bytes(photo) => photo,
            Source::Url(url) => {
                // What waits for another policy is not fetched each time.
                self.checker_for(claimed.tenant)?;
                self.fetch_photo(&url).await?
            }
        };
        let caller = Caller::of_accepted_work(claimed.tenant);
        let place = self.gate().wait(&caller).await;
        let (report, ()) = self.check_at(place, &caller, photo, account, |_| ()).await?;
        Ok(report)
    }

    async fn fetch_photo(&self, url: &str) -> Result<Bytes, AppError> {
        let fetcher = self.fetcher().ok_or(Refusal::UrlsNotTaken)?;
        match fetcher.download(url).await {
            Err(FetchError::Busy { .. } | FetchError::LookupsBusy { .. }) => {
                Err(Failure::Busy("no more photos are fetched at a time").into())
            }
            // As of a photo that was sent.
            Err(FetchError::TooManyBytes { bytes_max }) => {
                Err(PhotoError::TooManyBytes { bytes: bytes_max + 1, bytes_max }.into())
            }
            Err(error) => Err(Refusal::Fetch(error).into()),
            Ok(photo) => Ok(photo),
        }
    }
}

fn event(check: &StoredCheck, outcome: &Outcome, now_s: i64) -> NewEvent {
    let state = StoredState::Finished { at: now_s, outcome: outcome.clone() };
    events::check_finished(StoredCheck { state, ..check.clone() }, now_s)
}

fn report_json(report: &Report) -> Option<Outcome> {
    serde_json::to_string(&ReportJson::from(report)).ok().map(Outcome::Report)
}

fn problem(error: &AppError) -> Outcome {
    Outcome::Problem { code: error.code().to_owned(), detail: error.to_string() }
}
