//! The CPU gate: how much work is done at once, and how much may wait for it.
//!
//! Checking a photo is CPU work and blocks; async tasks must not. Work goes through the gate: it
//! takes a place in the queue or is turned away at once, waits for a core, and moves its permit
//! into the blocking closure, so that a permit is free only when the work is really over. Whoever
//! goes away while waiting gives the place back, and the work is never begun.

use std::sync::Arc;

use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task;

/// No place was free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{places} photos are being checked or are waiting, no place is free")]
pub struct QueueFull {
    pub places: usize,
}

/// See the module's text. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Gate {
    cores: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    places: usize,
}

/// A place in the queue. Dropping it gives the place back.
#[derive(Debug)]
pub struct Place {
    cores: Arc<Semaphore>,
    _queue: OwnedSemaphorePermit,
}

impl Gate {
    /// A gate for `cores` pieces of work at once and `waiting_max` more in the queue.
    #[must_use]
    pub fn new(cores: usize, waiting_max: usize) -> Self {
        let places = cores + waiting_max;
        let queue = Arc::new(Semaphore::new(places));
        Self { cores: Arc::new(Semaphore::new(cores)), queue, places }
    }

    /// Takes a place; to be held from before a request's body is read.
    ///
    /// # Errors
    /// [`QueueFull`] at once when none is free.
    pub fn enter(&self) -> Result<Place, QueueFull> {
        let permit = Arc::clone(&self.queue).try_acquire_owned();
        let queue = permit.map_err(|_| QueueFull { places: self.places })?;
        Ok(Place { cores: Arc::clone(&self.cores), _queue: queue })
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
            let _held_until_the_end = (core, self);
            work()
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_queue_turns_away_and_a_left_place_is_free_again() {
        let gate = Gate::new(1, 1);
        let first = gate.enter().unwrap();
        let second = gate.enter().unwrap();
        assert_eq!(gate.enter().unwrap_err(), QueueFull { places: 2 });
        drop(second);
        let third = gate.enter().unwrap();
        assert_eq!(first.run(|| 7).await.unwrap(), 7);
        assert_eq!(third.run(|| 8).await.unwrap(), 8);
        assert!(gate.enter().is_ok());
    }

    #[tokio::test]
    async fn who_goes_away_while_waiting_is_never_served() {
        let gate = Gate::new(1, 1);
        let (release, held) = std::sync::mpsc::channel::<()>();
        let busy = gate.enter().unwrap();
        let running = tokio::spawn(busy.run(move || held.recv().is_ok()));
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
