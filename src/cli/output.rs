//! Writing to the terminal: lines, colours and a progress bar.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use console::{Style, Term};
use indicatif::{ProgressBar, ProgressStyle};

use photocheck_core::verdict::Verdict;

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
    /// When nobody takes the output: a closed pipe, for one.
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

/// Sanitizes a stranger's text (a file's name, a note, what a file says of itself) for a terminal:
/// control characters are written as escapes.
#[must_use]
pub fn sanitized(text: &str) -> String {
    let escape = |c: char| if c.is_control() { c.escape_default().collect() } else { vec![c] };
    text.chars().flat_map(escape).collect()
}

/// The colour that a verdict has on the terminal.
#[must_use]
pub fn verdict_style(verdict: Verdict) -> Style {
    let style = Style::new().bold();
    match verdict {
        Verdict::Clear => style.green(),
        Verdict::Inconclusive => style.cyan(),
        Verdict::Suspect => style.yellow(),
        Verdict::Fake => style.red(),
    }
}
