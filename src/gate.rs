//! The CPU gate: how much work is done at once, and how much may wait for it.
//!
//! Checking a photo is CPU work and blocks; async tasks must not. Work goes through the gate: it
//! takes a place in the queue or is turned away at once, waits for a core, and moves its permit
//! into the blocking closure, so that a permit is free only when the work is really over. Whoever
//! goes away while waiting gives the place back, and the work is never begun.
//!
//! Photos that are on their way in are bounded by their bytes, all together, whatever the queue.

use std::sync::Arc;

use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task;

use crate::core::limits;

/// Mebibytes of all photos that are being received, wait or are checked. More wait for room.
const UPLOADS_MIB_MAX: usize = 256;
const MIB: u64 = 1024 * 1024;

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
    room_mib: Arc<Semaphore>,
    places: usize,
}

/// A place in the queue. Dropping it gives the place back.
#[derive(Debug)]
pub struct Place {
    cores: Arc<Semaphore>,
    room_mib: Arc<Semaphore>,
    _queue: OwnedSemaphorePermit,
    room: Option<OwnedSemaphorePermit>,
}

impl Gate {
    /// A gate for `cores` pieces of work at once and `waiting_max` more in the queue.
    #[must_use]
    pub fn new(cores: usize, waiting_max: usize) -> Self {
        let places = cores + waiting_max;
        let queue = Arc::new(Semaphore::new(places));
        let room_mib = Arc::new(Semaphore::new(UPLOADS_MIB_MAX));
        Self { cores: Arc::new(Semaphore::new(cores)), queue, room_mib, places }
    }

    /// Takes a place; to be held from before a request's body is read.
    ///
    /// # Errors
    /// [`QueueFull`] at once when none is free.
    pub fn enter(&self) -> Result<Place, QueueFull> {
        let permit = Arc::clone(&self.queue).try_acquire_owned();
        let queue = permit.map_err(|_| QueueFull { places: self.places })?;
        let (cores, room_mib) = (Arc::clone(&self.cores), Arc::clone(&self.room_mib));
        Ok(Place { cores, room_mib, _queue: queue, room: None })
    }
}

impl Place {
    /// Waits until there is room for a body of `bytes`, and keeps it until the work is over.
    pub async fn make_room(&mut self, bytes: u64) {
        let mib = u32::try_from(bytes.div_ceil(MIB)).unwrap_or(u32::MAX);
        // The semaphore is never closed, and a body is far smaller than all the room.
        self.room = Arc::clone(&self.room_mib).acquire_many_owned(mib).await.ok();
    }

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

const _: () = assert!(2 * limits::PHOTO_BYTES_MAX < UPLOADS_MIB_MAX as u64 * MIB);

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
    async fn bodies_wait_for_room_and_give_it_back() {
        let gate = Gate::new(1, 20);
        let mut held = Vec::new();
        for _ in 0..UPLOADS_MIB_MAX / 20 {
            let mut place = gate.enter().unwrap();
            place.make_room(20 * MIB).await;
            held.push(place);
        }
        let mut next = gate.enter().unwrap();
        let mut waits = Box::pin(next.make_room(20 * MIB));
        assert!(futures_are_pending(&mut waits).await);
        held.pop();
        waits.await;
        assert!(next.room.is_some());
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
