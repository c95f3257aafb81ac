//! Exit codes, all of them.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use console::Style;

/// The bit of the exit code that says that a photo is suspect or fake.
const FOUND: u8 = 1;

/// The bit that says that something could not be done.
const TROUBLE: u8 = 2;

/// A receipt or a log is not what it should be.
const NOT_VERIFIED: u8 = 1;

/// An answer is another than before.
const ANSWERS_CHANGED: u8 = 1;

/// Lines of an import were skipped because they break a rule.
const LINES_SKIPPED: u8 = 1;

/// What the exit code says of many photos. All threads write to it.
#[derive(Debug, Default)]
pub struct Tally {
    found: AtomicBool,
    trouble: AtomicBool,
}

impl Tally {
    /// Notes that a photo is suspect or fake.
    pub fn note_found(&self) {
        self.found.store(true, Ordering::Relaxed);
    }

    /// Notes that something could not be done.
    pub fn note_trouble(&self) {
        self.trouble.store(true, Ordering::Relaxed);
    }

    /// A bit for what was found and one for what could not be done.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        let found = if self.found.load(Ordering::Relaxed) { FOUND } else { 0 };
        let trouble = if self.trouble.load(Ordering::Relaxed) { TROUBLE } else { 0 };
        ExitCode::from(found | trouble)
    }
}

/// The exit code of an import that came to its end.
#[must_use]
pub fn imported(skipped_lines: bool) -> ExitCode {
    ExitCode::from(if skipped_lines { LINES_SKIPPED } else { 0 })
}

/// The exit code of something that was verified and is not right.
#[must_use]
pub fn not_verified() -> ExitCode {
    ExitCode::from(NOT_VERIFIED)
}

/// The exit code of a check that was replayed.
#[must_use]
pub fn replayed(has_changed: bool) -> ExitCode {
    ExitCode::from(if has_changed { ANSWERS_CHANGED } else { 0 })
}

/// Prints what stopped the program.
#[must_use]
pub fn fail(error: &anyhow::Error) -> ExitCode {
    // A reader that went away (`| head`) is nothing to complain of.
    let pipe_closed = error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
    if !pipe_closed {
        let label = Style::new().for_stderr().red().bold().apply_to("error:");
        // Nothing is left to do when even this cannot be written.
        let _ = writeln!(io::stderr(), "{label} {error:#}");
    }
    ExitCode::from(TROUBLE)
}
