//! The CPU gate: how much work is done at once, and how much may wait for it.
//!
//! Checking a photo is CPU work and blocks; async tasks must not. Work goes through the gate: it
//! takes a place in the queue or is turned away at once, waits for a core, and moves its permit
//! into the blocking closure, so that a permit is free only when the work is really over. Work that
//! is dropped while it waits frees its place and is never begun.
//!
//! A place is for a photo that is there: while one is on its way in, [`crate::http::room`] bounds
//! it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task;

/// Time of a piece of work, until one was measured.
const WORK_GUESS: Duration = Duration::from_millis(400);

/// Seconds after which somebody who was turned away may try again, at most.
const RETRY_AFTER_S_MAX: u64 = 60;

/// No place was free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{places} photos are being checked or are waiting; the queue is full")]
pub struct QueueFull {
    pub places: usize,
    /// Seconds in which all of them should be done, by the time that the last ones took.
    pub retry_after_s: u64,
}

/// How many places are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    pub working: usize,
    pub waiting: usize,
    pub free: usize,
}

/// See the module's text. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Gate {
    cores: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    cores_count: usize,
    places: usize,
    work_us: Arc<AtomicU64>,
}

/// A place in the queue, free again when this is dropped.
#[derive(Debug)]
pub struct Place {
    cores: Arc<Semaphore>,
    work_us: Arc<AtomicU64>,
    _queue: OwnedSemaphorePermit,
}

impl Gate {
    /// A gate for `cores` pieces of work at once and `waiting_max` more in the queue.
    #[must_use]
    pub fn new(cores: usize, waiting_max: usize) -> Self {
        let places = cores + waiting_max;
        let queue = Arc::new(Semaphore::new(places));
        let work_us = Arc::new(AtomicU64::new(micros(WORK_GUESS)));
        let cores_count = cores.max(1);
        Self { cores: Arc::new(Semaphore::new(cores)), queue, cores_count, places, work_us }
    }

    /// How many pieces of work there may be, done and waiting.
    #[must_use]
    pub fn places(&self) -> usize {
        self.places
    }

    /// How many places are taken at the moment.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let free = self.queue.available_permits();
        let working = self.cores_count.saturating_sub(self.cores.available_permits());
        let waiting = self.places.saturating_sub(free).saturating_sub(working);
        Usage { working, waiting, free }
    }

    /// Takes a place, for work that can begin.
    ///
    /// # Errors
    /// [`QueueFull`] at once when none is free.
    pub fn enter(&self) -> Result<Place, QueueFull> {
        let permit = Arc::clone(&self.queue).try_acquire_owned();
        let queue = permit.map_err(|_| self.full())?;
        let (cores, work_us) = (Arc::clone(&self.cores), Arc::clone(&self.work_us));
        Ok(Place { cores, work_us, _queue: queue })
    }

    /// Whether a place is free at the moment, so that nobody sends a photo for nothing.
    ///
    /// # Errors
    /// [`QueueFull`] when none is free at the moment.
    pub fn has_place(&self) -> Result<(), QueueFull> {
        if 0 < self.queue.available_permits() { Ok(()) } else { Err(self.full()) }
    }

    fn full(&self) -> QueueFull {
        let taken = self.places.saturating_sub(self.queue.available_permits()) as u64;
        let all_us = taken.saturating_mul(self.work_us.load(Ordering::Relaxed));
        let seconds = (all_us / self.cores_count as u64).div_ceil(1_000_000);
        QueueFull { places: self.places, retry_after_s: seconds.clamp(1, RETRY_AFTER_S_MAX) }
    }
}

impl Place {
    /// Waits for a core and runs `work` on it.
    ///
    /// # Errors
    /// [`task::JoinError`] when `work` panics.
    pub async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, task::JoinError> {
        // The semaphore is never closed, so there is always a permit in the end.
        let core = Arc::clone(&self.cores).acquire_owned().await.ok();
        task::spawn_blocking(move || {
            let _until_the_end = (core, &self);
            let begun = Instant::now();
            let done = work();
            self.note(begun.elapsed());
            done
        })
        .await
    }

    /// Lets the last piece of work count for an eighth of the mean.
    fn note(&self, work: Duration) {
        let mean = |mean: u64| mean - mean / 8 + micros(work) / 8;
        let _ =
            self.work_us.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |it| Some(mean(it)));
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_queue_turns_away_and_a_left_place_is_free_again() {
        let gate = Gate::new(1, 1);
        let first = gate.enter().unwrap();
        assert_eq!(gate.has_place(), Ok(()));
        let second = gate.enter().unwrap();
        let full = QueueFull { places: 2, retry_after_s: 1 };
        assert_eq!((gate.enter().unwrap_err(), gate.has_place()), (full, Err(full)));
        drop(second);
        let third = gate.enter().unwrap();
        assert_eq!(first.run(|| 7).await.unwrap(), 7);
        assert_eq!(third.run(|| 8).await.unwrap(), 8);
        assert!(gate.enter().is_ok());
    }

    /// Whoever is turned away learns how long those before it take, by what was measured.
    #[tokio::test]
    async fn the_time_to_wait_follows_the_length_of_the_queue_and_the_work() {
        let retry_after_s = |cores, waiting, work: Duration| async move {
            let gate = Gate::new(cores, waiting);
            for _ in 0..64 {
                gate.enter().unwrap().note(work);
            }
            let _taken: Vec<_> = (0..cores + waiting).map(|_| gate.enter().unwrap()).collect();
            gate.enter().unwrap_err().retry_after_s
        };
        assert_eq!(retry_after_s(2, 32, Duration::from_millis(100)).await, 2);
        assert_eq!(retry_after_s(2, 32, Duration::from_secs(1)).await, 17);
        assert_eq!(retry_after_s(2, 14, Duration::from_secs(1)).await, 8);
        assert_eq!(retry_after_s(16, 256, Duration::from_secs(1)).await, 17);
        assert_eq!(retry_after_s(1, 32, Duration::from_secs(100)).await, 60);
    }

    #[tokio::test]
    async fn work_that_is_dropped_while_it_waits_is_never_begun() {
        let gate = Gate::new(1, 1);
        let (release, released) = std::sync::mpsc::channel::<()>();
        let busy = gate.enter().unwrap();
        let running = tokio::spawn(busy.run(move || released.recv().is_ok()));
        // Lets the busy one take the core.
        tokio::task::yield_now().await;
        let waiting = gate.enter().unwrap();
        let begun = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let mark = Arc::clone(&begun);
        let set = move || mark.store(true, std::sync::atomic::Ordering::SeqCst);
        let mut waits = Box::pin(waiting.run(set));
        // Polled once, so that it really waits for the core, then dropped.
        assert!(futures_are_pending(&mut waits).await);
        drop(waits);
        assert!(gate.enter().is_ok(), "its place is free again");
        release.send(()).unwrap();
        assert!(running.await.unwrap().unwrap());
        assert!(!begun.load(std::sync::atomic::Ordering::SeqCst));
    }

    async fn futures_are_pending<F: Future + Unpin>(future: &mut F) -> bool {
        std::future::poll_fn(|context| {
            std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(context).is_pending())
        })
        .await
    }
}
