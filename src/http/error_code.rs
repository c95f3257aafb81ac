//! An error code: what it means, whose fault it is, and what to do.

/// Whose fault an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Whoever sent the request.
    Caller,
    /// Nobody's: there is more to do than can be done at the moment.
    Load,
    /// Whoever runs the service, or the program itself.
    Operator,
}

/// One error code.
#[derive(Debug, Clone, Copy)]
pub struct ErrorCode {
    pub code: &'static str,
    /// The HTTP statuses it comes with; none for one that only the command line writes, or that
    /// only ever is what came of a check that was done later.
    pub statuses: &'static [u16],
    pub fault: Fault,
    /// What happened.
    pub means: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

pub(super) const READ_DETAIL: &str = "read the detail, which names the value and the rule";
pub(super) const SEND_ANOTHER: &str = "send another file";
pub(super) const RETRY_AFTER: &str = "wait for the seconds of retry-after, then send it again";

pub(super) const fn error(
    code: &'static str,
    statuses: &'static [u16],
    fault: Fault,
    means: &'static str,
    remedy: &'static str,
) -> ErrorCode {
    ErrorCode { code, statuses, fault, means, remedy }
}
