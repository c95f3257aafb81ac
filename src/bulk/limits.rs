//! Every limit of bulk jobs, with its unit and the reason for its size.

/// Bytes of a path. Linux takes 4096.
pub const PATH_BYTES_MAX: usize = 4096;

/// Bytes of one row of a manifest: a path and what a platform keeps beside it.
pub const ROW_BYTES_MAX: u64 = 1024 * 1024;

/// Columns that all manifests of a job have together.
pub const COLUMNS_MAX: usize = 256;

/// Folders inside folders.
pub const FOLDER_DEPTH_MAX: usize = 64;

/// Entries of a ZIP archive: its directory is read at once, some 1.5 kB an entry.
pub const ZIP_ENTRIES_MAX: u64 = 1_000_000;

/// Entries of a TAR archive. They are read one after another and take no memory.
pub const TAR_ENTRIES_MAX: u64 = 100_000_000;

/// How many times as large as itself an archive may unfold. Photos are compressed already, so an
/// archive of photos is about as large as they are.
pub const UNFOLDED_TIMES_MAX: u64 = 100;

/// Bytes that any archive may unfold to, however small it is.
pub const UNFOLDED_BYTES_FREE: u64 = 256 * 1024 * 1024;

/// Bytes of the extended header of one TAR entry: its name, and what its writer kept beside it.
pub const TAR_HEADER_BYTES_MAX: u64 = 64 * 1024;

/// Rows of one part of the results. They are in memory while it is written.
pub const PART_ROWS: u32 = 10_000;

/// Rows that are kept at once in the state, at most.
pub const BATCH_ROWS: usize = 256;
