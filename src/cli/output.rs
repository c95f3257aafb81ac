//! Writing to the terminal: lines, colours, a progress bar, and what goes wrong.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use console::{Style, Term};
use indicatif::{ProgressBar, ProgressStyle};

use photocheck_core::verdict::Verdict;

/// Something could not be done; of the exit code of `check`, the bit that says so.
pub const TROUBLE: u8 = 2;

/// Says what stopped the program.
#[must_use]
pub fn trouble(error: &anyhow::Error) -> ExitCode {
    // A reader that went away (`| head`) is no trouble to tell anybody of.
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

/// Takes lines from all cores and writes each whole, beside a progress bar on the terminal.
#[derive(Debug)]
pub struct Lines {
    out: Mutex<io::Stdout>,
    bar: ProgressBar,
}

impl Lines {
    /// For `count` photos; a bar is shown when there are many and a person is watching.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self { out: Mutex::new(io::stdout()), bar: bar(count) }
    }

    /// Writes the lines of one photo, which is then done.
    ///
    /// # Errors
    /// What writing gives, a closed pipe for one.
    pub fn write(&self, lines: &str) -> io::Result<()> {
        self.bar.suspend(|| {
            let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
            out.write_all(lines.as_bytes())?;
            out.flush()
        })?;
        self.bar.inc(1);
        Ok(())
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// A progress bar over `count` photos; hidden when they are few or nobody is watching.
#[must_use]
pub fn bar(count: usize) -> ProgressBar {
    const BAR_FROM: usize = 8;
    if Term::stderr().is_term() && BAR_FROM <= count {
        ProgressBar::new(count as u64).with_style(bar_style())
    } else {
        ProgressBar::hidden()
    }
}

fn bar_style() -> ProgressStyle {
    let template = "{bar:30} {pos}/{len} photos, {per_sec}, {eta} left";
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// Text of a stranger (a file's name, a note, what a file says of itself), made harmless for a
/// terminal: control characters are written as escapes.
#[must_use]
pub fn harmless(text: &str) -> String {
    let escape = |c: char| if c.is_control() { c.escape_default().collect() } else { vec![c] };
    text.chars().flat_map(escape).collect()
}

/// The colour that a verdict has on the terminal.
#[must_use]
pub fn style_of(verdict: Verdict) -> Style {
    let style = Style::new().bold();
    match verdict {
        Verdict::Clear => style.green(),
        Verdict::Inconclusive => style.cyan(),
        Verdict::Suspect => style.yellow(),
        Verdict::Fake => style.red(),
    }
}
