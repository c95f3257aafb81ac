//! How much may wait to be done later.

/// Checks of one call.
pub const BATCH_CHECKS_MAX: usize = 500;

/// Checks of one tenant that may wait.
pub const WAITING_CHECKS_MAX: u64 = 10_000;

/// Bytes of the photos of one tenant that may wait in the database.
pub const WAITING_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;

/// Endpoints of one tenant.
pub const ENDPOINTS_MAX: i64 = 20;

/// Bytes of all photos that wait in the memory of one program.
pub const MEMORY_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Calls with an idempotency key of one tenant that are kept: all of a day.
pub const IDEMPOTENT_CALLS_MAX: u64 = 100_000;

/// Seconds for which the answer of such a call is kept: a day, in which a client gives up.
pub const IDEMPOTENT_CALLS_KEPT_S: i64 = 24 * 60 * 60;
