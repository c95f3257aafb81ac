//! The memory that bodies of requests may take, all together.
//!
//! Memory is taken step by step as bytes come, so whoever sends a byte a second holds one step, not
//! what its body was announced to be. When none is left, bodies wait where they are. That could
//! stand still with every body half there, so one at a time may go on into a reserve that holds any
//! body whole: it comes to its end, and what it held is free for the others.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes of a step.
const STEP_BYTES: u64 = 64 * 1024;

/// See the module's text. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Room {
    steps: Arc<Semaphore>,
    reserve: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

/// The share of the room that one body takes, until it is dropped.
#[derive(Debug)]
pub struct Share {
    room: Room,
    steps: Option<OwnedSemaphorePermit>,
    steps_count: u32,
    reserve: Option<OwnedSemaphorePermit>,
}

impl Room {
    /// Room for `bytes_max` in all, of bodies of `body_bytes_max` each.
    #[must_use]
    pub fn new(bytes_max: u64, body_bytes_max: u64) -> Self {
        let steps = steps_for(bytes_max.saturating_sub(body_bytes_max)).max(1);
        Self {
            steps: Arc::new(Semaphore::new(steps as usize)),
            reserve: Arc::new(Semaphore::new(1)),
            waiting: Arc::default(),
        }
    }

    /// A share that is empty yet.
    #[must_use]
    pub fn share(&self) -> Share {
        Share { room: self.clone(), steps: None, steps_count: 0, reserve: None }
    }

    /// Whether a body waits for memory that others hold.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        0 < self.waiting.load(Ordering::Relaxed)
    }
}

impl Share {
    /// Waits until there is memory for `bytes` of this body in all.
    pub async fn grow_to(&mut self, bytes: u64) {
        let more = steps_for(bytes).saturating_sub(self.steps_count);
        if self.reserve.is_some() || more == 0 {
            return;
        }
        let (steps, reserve) = (Arc::clone(&self.room.steps), Arc::clone(&self.room.reserve));
        let at_once = Arc::clone(&steps).try_acquire_many_owned(more);
        let taken = if let Ok(taken) = at_once {
            taken
        } else {
            let _waiting = Waiting::new(&self.room.waiting);
            tokio::select! {
                biased;
                Ok(taken) = steps.acquire_many_owned(more) => taken,
                Ok(reserve) = reserve.acquire_owned() => {
                    (self.steps, self.reserve) = (None, Some(reserve));
                    return;
                }
                // The semaphores are never closed.
                else => return,
            }
        };
        self.steps_count += more;
        match &mut self.steps {
            Some(steps) => steps.merge(taken),
            None => self.steps = Some(taken),
        }
    }

    /// The room that it is a share of.
    #[must_use]
    pub fn room(&self) -> &Room {
        &self.room
    }
}

fn steps_for(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(STEP_BYTES)).unwrap_or(u32::MAX)
}

/// Counts one that waits, until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::Poll;

    use super::*;

    const BODY_BYTES: u64 = 4 * STEP_BYTES;

    /// Steps for eight, and a reserve for one whole body of four.
    fn room() -> Room {
        Room::new(8 * STEP_BYTES + BODY_BYTES, BODY_BYTES)
    }

    async fn is_pending<F: Future + Unpin>(future: &mut F) -> bool {
        std::future::poll_fn(|context| {
            Poll::Ready(Pin::new(&mut *future).poll(context).is_pending())
        })
        .await
    }

    #[tokio::test]
    async fn a_body_holds_what_has_come_and_gives_it_back() {
        let room = room();
        let mut slow: Vec<Share> = (0..7).map(|_| room.share()).collect();
        for share in &mut slow {
            share.grow_to(1).await;
            share.grow_to(STEP_BYTES).await;
        }
        assert_eq!(room.steps.available_permits(), 1);
        slow.pop();
        assert_eq!(room.steps.available_permits(), 2);
    }

    /// Three bodies of which two fit are all half there: one goes on into the reserve, then all.
    #[tokio::test]
    async fn bodies_that_are_all_half_there_come_to_their_end() {
        let room = room();
        let (mut a, mut b, mut c) = (room.share(), room.share(), room.share());
        for share in [&mut a, &mut b, &mut c] {
            share.grow_to(2 * STEP_BYTES).await;
        }
        a.grow_to(4 * STEP_BYTES).await;
        b.grow_to(BODY_BYTES).await;
        assert!(b.reserve.is_some() && b.steps.is_none(), "what it held is free for the others");
        c.grow_to(BODY_BYTES).await;
        assert!(c.reserve.is_none());
        let mut d = room.share();
        let mut waits = Box::pin(d.grow_to(1));
        assert!(is_pending(&mut waits).await && room.is_wanted());
        drop(b);
        waits.await;
        assert!(!room.is_wanted());
        drop((a, c, d));
        assert_eq!(room.steps.available_permits(), 8);
        assert_eq!(room.reserve.available_permits(), 1);
    }

    #[tokio::test]
    async fn one_that_stops_waiting_is_not_counted() {
        let room = room();
        let (mut a, mut b, mut c) = (room.share(), room.share(), room.share());
        a.grow_to(8 * STEP_BYTES).await;
        b.grow_to(1).await;
        let mut waits = Box::pin(c.grow_to(1));
        assert!(is_pending(&mut waits).await && room.is_wanted());
        drop(waits);
        assert!(!room.is_wanted());
    }
}
