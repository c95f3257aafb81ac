//! The answers about one photo, why, and the verdict that a policy makes of them.
//!
//! [`Policy::decide`] is pure and total. Two questions are answered apart: was the photo made by
//! AI, and is it a copy of a known one ([`Answers`])? A policy weighs the reasons for them and so
//! arrives at one of four verdicts: `clear` (no evidence was found, which is not proof),
//! `inconclusive` (not sure), `suspect`, `fake`. The thresholds stand in one versioned file, each
//! with what it costs: the share of honest photos it would flag.

mod answers;
mod code;
#[cfg(test)]
mod combinations;
mod error;
mod marks;
mod matches;
mod policy;
mod quarantine;
mod reason;
mod synthetic;
#[cfg(test)]
mod tests;
mod thresholds;
mod weights;

pub use self::answers::{Answer, Answers, KnownCopy, MadeByAi, NotJudged, SeenOn};
pub use self::code::{Code, Verdict};
pub use self::error::{PolicyError, PolicyFault};
pub use self::matches::{is_allowed, weightiest};
pub use self::policy::{Decided, Policy, PolicyVersion};
pub use self::quarantine::Hub;
pub use self::reason::{Cause, Copied, Cost, Reason};
