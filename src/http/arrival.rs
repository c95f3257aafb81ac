//! Bodies on their way in: how fast they must come, and the memory that they take.
//!
//! There is no limit on the time of a whole body, since a phone may send a large photo slowly and
//! steadily. In each span of time a least number of bytes must come instead; while others wait for
//! memory, more of them. What waits for memory itself is not counted as slow.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::stream;
use thiserror::Error;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_stream::{Stream, StreamExt};

use super::room::{Room, Share};
use photocheck_core::limits;

/// Bytes that multipart wraps around a photo, at the most.
const WRAPPING_BYTES_MAX: u64 = 64 * 1024;

/// Bytes of a request's body, for the layer that cuts off longer ones.
pub const BODY_BYTES_MAX: u64 = limits::PHOTO_BYTES_MAX + WRAPPING_BYTES_MAX;

/// How fast a body must come.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// In each span of this length ...
    pub span: Duration,
    /// ... at least as many bytes must come.
    pub bytes_min: u64,
    /// The same while others wait for memory.
    pub wanted_span: Duration,
    pub wanted_bytes_min: u64,
    /// How long a body waits for memory.
    pub wait_max: Duration,
}

impl Default for Pace {
    /// 4 KiB a second over 20 s, which GPRS reaches and a stall of some seconds does not break;
    /// 32 KiB a second over 5 s while others wait.
    fn default() -> Self {
        Self {
            span: Duration::from_secs(20),
            bytes_min: 80 * 1024,
            wanted_span: Duration::from_secs(5),
            wanted_bytes_min: 160 * 1024,
            wait_max: Duration::from_secs(30),
        }
    }
}

/// Why a body does not come to its end.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Stop {
    #[error("only {bytes} bytes came in {} ms, the minimum is {bytes_min}", span.as_millis())]
    TooSlow { bytes: u64, bytes_min: u64, span: Duration },
    #[error(
        "only {bytes} bytes came in {} ms while others waited for memory, \
         the minimum is {bytes_min}",
        span.as_millis()
    )]
    Wanted { bytes: u64, bytes_min: u64, span: Duration },
    #[error("the body did not come to its end in {} s; send fewer photos at a time", max.as_secs())]
    TooLong { max: Duration },
    #[error("no memory became free for the body in {} s", wait_max.as_secs())]
    NoMemory { wait_max: Duration },
    #[error("the body ended early, after {bytes} bytes: {cause}")]
    BrokeOff { bytes: u64, cause: String },
}

/// A body that must keep the pace, for a reader that hides why it failed.
pub struct Arriving {
    pub pieces: Pieces<Stop>,
    pub stopped: Arc<OnceLock<Stop>>,
}

impl std::fmt::Debug for Arriving {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Arriving").field("stopped", &self.stopped).finish_non_exhaustive()
    }
}

type Pieces<E> = Pin<Box<dyn Stream<Item = Result<Bytes, E>> + Send>>;

/// The memory of a body, for as long as one of its readers and keepers is there.
pub type BodyShare = Arc<Mutex<Share>>;

/// A body that must keep the `pace`; its bytes take memory of `share`, if they are kept.
pub async fn arriving(body: Body, pace: Pace, share: Option<BodyShare>) -> Arriving {
    let stopped = Arc::<OnceLock<Stop>>::default();
    let now = Instant::now();
    let room = match &share {
        Some(share) => Some(share.lock().await.room().clone()),
        None => None,
    };
    let paced = Paced {
        pieces: Box::pin(body.into_data_stream()),
        span: Span { ends: now + pace.span, bytes: 0 },
        wanted_span: Span { ends: now + pace.wanted_span, bytes: 0 },
        pace,
        share,
        room,
        bytes: 0,
        stopped: Arc::clone(&stopped),
    };
    let pieces = stream::unfold(paced, |mut paced| async {
        let piece = paced.next().await?;
        if let Err(stop) = &piece {
            let _ = paced.stopped.set(stop.clone());
        }
        Some((piece, paced))
    });
    Arriving { pieces: Box::pin(pieces), stopped }
}

struct Paced {
    pieces: Pieces<axum::Error>,
    pace: Pace,
    span: Span,
    wanted_span: Span,
    share: Option<BodyShare>,
    room: Option<Room>,
    bytes: u64,
    stopped: Arc<OnceLock<Stop>>,
}

/// A span of time and what came in it.
#[derive(Debug, Clone, Copy)]
struct Span {
    ends: Instant,
    bytes: u64,
}

impl Span {
    /// What came in it, if it is over; another one of this length then begins.
    fn over(&mut self, length: Duration) -> Option<u64> {
        let now = Instant::now();
        if now < self.ends {
            return None;
        }
        let bytes = self.bytes;
        *self = Self { ends: now + length, bytes: 0 };
        Some(bytes)
    }
}

impl Paced {
    async fn next(&mut self) -> Option<Result<Bytes, Stop>> {
        loop {
            if let Err(stop) = self.keeps_pace() {
                return Some(Err(stop));
            }
            let until = self.span.ends.min(self.wanted_span.ends);
            match timeout_at(until, self.pieces.next()).await {
                Err(_) => {}
                Ok(None) => return None,
                Ok(Some(Err(error))) => {
                    let (bytes, cause) = (self.bytes, error.to_string());
                    return Some(Err(Stop::BrokeOff { bytes, cause }));
                }
                Ok(Some(Ok(piece))) => return Some(self.take(piece).await),
            }
        }
    }

    fn keeps_pace(&mut self) -> Result<(), Stop> {
        let Pace { span, bytes_min, wanted_span, wanted_bytes_min, .. } = self.pace;
        if let Some(bytes) = self.span.over(span)
            && bytes < bytes_min
        {
            return Err(Stop::TooSlow { bytes, bytes_min, span });
        }
        if let Some(bytes) = self.wanted_span.over(wanted_span)
            && bytes < wanted_bytes_min
            && self.room.as_ref().is_some_and(Room::is_wanted)
        {
            let (bytes_min, span) = (wanted_bytes_min, wanted_span);
            return Err(Stop::Wanted { bytes, bytes_min, span });
        }
        Ok(())
    }

    async fn take(&mut self, piece: Bytes) -> Result<Bytes, Stop> {
        let bytes = piece.len() as u64;
        self.bytes += bytes;
        self.span.bytes += bytes;
        self.wanted_span.bytes += bytes;
        let Some(share) = &self.share else { return Ok(piece) };
        let begun = Instant::now();
        let wait_max = self.pace.wait_max;
        let grown = timeout(wait_max, share.lock().await.grow_to(self.bytes)).await;
        grown.map_err(|_| Stop::NoMemory { wait_max })?;
        // The sender waited for us.
        let waited = begun.elapsed();
        self.span.ends += waited;
        self.wanted_span.ends += waited;
        Ok(piece)
    }
}

/// Time that a body may go on coming after its request was answered.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(10);

/// Time in which some of it must come.
const DRAIN_IDLE_MAX: Duration = Duration::from_secs(1);

/// Bytes that may come.
const DRAIN_BYTES_MAX: u64 = 4 * BODY_BYTES_MAX;

/// Drains the body of a request that is answered without it, beside the answer: a client that is
/// still sending would otherwise find its connection gone before it reads why. Each piece is
/// dropped as it comes.
pub fn drain(body: Body) {
    let draining = async {
        let (mut pieces, mut bytes) = (body.into_data_stream(), 0);
        while let Ok(Some(Ok(piece))) = timeout(DRAIN_IDLE_MAX, pieces.next()).await {
            bytes += piece.len() as u64;
            if DRAIN_BYTES_MAX < bytes {
                break;
            }
        }
    };
    tokio::spawn(timeout(DRAIN_TIME_MAX, draining));
}
