//! Reading and examining: one thread reads, a thread a core examines. They are as fast as whoever
//! takes what they have done.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::Digest as _;
use sha2::Sha256;
use tokio::runtime::Handle;
use tokio::sync::mpsc::Sender;

use super::entry::{Content, Entry};
use super::examine::Examiner;
use super::inputs::plan::Plan;
use super::state::rows::{Done, DoneRow, Known};
use super::state::{Digest, State};

/// An entry that was read.
#[derive(Debug)]
pub struct Work {
    pub entry: Entry,
    pub content: Content,
}

/// What the reader came across.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Read {
    pub entries: u64,
    /// Of these, how many were named before.
    pub twice: u64,
}

/// Bytes that are being checked or were, but do not yet stand in the state: nobody else checks
/// them.
#[derive(Debug, Clone)]
pub struct Claims {
    state: State,
    handle: Handle,
    claimed: Arc<Mutex<HashSet<Digest>>>,
}

/// Reads all entries that are not done.
///
/// # Errors
/// When an input or the state cannot be read.
pub fn read_all(
    plan: &Plan,
    state: &State,
    handle: &Handle,
    work: &SyncSender<Work>,
    done: &Sender<Done>,
) -> anyhow::Result<Read> {
    let (mut read, mut failed) = (Read::default(), None);
    plan.each(&mut |entry, content| {
        read.entries += 1;
        let is_sent = match handle.block_on(state.known(&entry)) {
            Ok(Known::No) => work.send(Work { entry, content: content() }).is_ok(),
            Ok(Known::Done) => done.blocking_send(Done::Kept(entry.key)).is_ok(),
            Ok(Known::Twice) => {
                read.twice += 1;
                true
            }
            Err(error) => {
                failed = Some(error);
                false
            }
        };
        if is_sent { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    failed.map_or(Ok(read), |error| Err(error.into()))
}

/// Examines what was read until there is no more.
///
/// # Errors
/// When the state cannot be read.
pub fn examine_all(
    examiner: &Examiner,
    claims: &Claims,
    work: &Mutex<Receiver<Work>>,
    done: &Sender<Done>,
) -> anyhow::Result<()> {
    loop {
        let next = work.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Work { entry, content }) = next else { return Ok(()) };
        let row = match content {
            Ok(bytes) => {
                let digest: Digest = Sha256::digest(&bytes).into();
                let check = claims.claim(digest)?.then(|| examiner.examine(&bytes));
                DoneRow { entry, digest: Some(digest), error: None, check }
            }
            Err(why) => {
                let error = Some((why.code.to_owned(), why.message));
                DoneRow { entry, digest: None, error, check: None }
            }
        };
        if done.blocking_send(Done::Row(Box::new(row))).is_err() {
            return Ok(());
        }
    }
}

impl Claims {
    /// No claims yet.
    #[must_use]
    pub fn new(state: State, handle: Handle) -> Self {
        Self { state, handle, claimed: Arc::default() }
    }

    /// The state that they are claims beside.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The runtime of the state.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Whether the caller is to check these bytes.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn claim(&self, digest: Digest) -> sqlx::Result<bool> {
        // First among the claims: they are given back only when the state has the check.
        let is_new = self.claims(|claimed| claimed.insert(digest));
        if !is_new {
            return Ok(false);
        }
        let is_checked = self.handle.block_on(self.state.is_checked(&digest))?;
        if is_checked {
            self.claims(|claimed| claimed.remove(&digest));
        }
        Ok(!is_checked)
    }

    /// Drops the claims of what the state now has.
    pub fn give_back(&self, done: &[Done]) {
        self.claims(|claimed| {
            for one in done {
                if let Done::Row(row) = one
                    && let (Some(digest), Some(_)) = (&row.digest, &row.check)
                {
                    claimed.remove(digest);
                }
            }
        });
    }

    fn claims<T>(&self, with: impl FnOnce(&mut HashSet<Digest>) -> T) -> T {
        with(&mut self.claimed.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
