//! The verdict: what the signals of one photo amount to, and why.
//!
//! [`Policy::decide`] is pure and total. The thresholds stand in one versioned policy file, each
//! with what it costs: the share of honest photos it would flag. Four verdicts: `clear` (no
//! evidence was found, which is not proof), `inconclusive` (not sure), `suspect`, `fake`. The
//! strongest judgement decides, unless an allow does; every judgement is named.

mod error;
mod marks;
mod matches;
mod policy;
mod quarantine;
mod reason;
mod synthetic;
#[cfg(test)]
mod tests;

pub use self::error::PolicyError;
pub use self::matches::weightiest;
pub use self::policy::Policy;
pub use self::quarantine::Hub;
pub use self::reason::{Cause, Copied, Cost, Reason, Verdict};
