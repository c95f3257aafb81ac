//! The progress of `photocheck bulk run`: a bar for a person who watches, plain lines otherwise.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use console::Term;
use indicatif::{ProgressBar, ProgressStyle};

use crate::bulk::progress::{Moment, Progress};

/// How often a bar moves.
const BAR_EVERY: Duration = Duration::from_millis(200);
/// How often a line is printed.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Shows the progress on standard error until it is dropped.
#[derive(Debug)]
pub struct Shown {
    /// Dropped to end it.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Shown {
    /// Begins to show it, unless nobody wants to see it.
    #[must_use]
    pub fn start(progress: &Arc<Progress>, is_quiet: bool) -> Self {
        if is_quiet {
            return Self { stop: None, thread: None };
        }
        let (stop, stopped) = channel();
        let progress = Arc::clone(progress);
        let thread = std::thread::spawn(move || {
            if Term::stderr().is_term() {
                show_bar(&progress, &stopped);
            } else {
                print_lines(&progress, &stopped);
            }
        });
        Self { stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.stop = None;
        // A thread that only prints has nothing to say at its end.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn show_bar(progress: &Progress, stopped: &Receiver<()>) {
    let bar = ProgressBar::new_spinner();
    let mut is_known = false;
    while stopped.recv_timeout(BAR_EVERY) == Err(RecvTimeoutError::Timeout) {
        let now = progress.now();
        if let (Some(total), false) = (now.total, is_known) {
            let template = "{bar:30} {pos} of {len}, {per_sec}, {eta} left; {msg}";
            let style = ProgressStyle::with_template(template);
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_length(total);
            is_known = true;
        }
        bar.set_position(now.done);
        let message =
            if is_known { counts(&now) } else { format!("{} done; {}", now.done, counts(&now)) };
        bar.set_message(message);
        bar.tick();
    }
    bar.finish_and_clear();
}

fn print_lines(progress: &Progress, stopped: &Receiver<()>) {
    let begun = Instant::now();
    while stopped.recv_timeout(LINE_EVERY) == Err(RecvTimeoutError::Timeout) {
        let line = line(&progress.now(), begun.elapsed());
        // Nobody may be reading.
        let _ = writeln!(io::stderr(), "{line}");
    }
}

/// How much is done, how fast, how long it still takes, and what was found.
#[expect(clippy::cast_precision_loss, reason = "numbers of photos are far below 2^53")]
fn line(now: &Moment, elapsed: Duration) -> String {
    let mut line = match now.total {
        Some(total) => format!("{} of {total} done", now.done),
        None => format!("{} done", now.done),
    };
    let rate = (now.done - now.kept.min(now.done)) as f64 / elapsed.as_secs_f64().max(1e-3);
    // Writing to a String cannot fail.
    let _ = write!(line, ", {rate:.1} a second");
    if let Some(total) = now.total
        && 0.0 < rate
    {
        let left = Duration::from_secs_f64(total.saturating_sub(now.done) as f64 / rate);
        let _ = write!(line, ", {} left", time(left));
    }
    let counts = counts(now);
    if counts.is_empty() { line } else { format!("{line}; {counts}") }
}

fn time(time: Duration) -> String {
    match time.as_secs() {
        seconds @ ..60 => format!("{seconds} s"),
        seconds @ ..3600 => format!("{} min", seconds.div_ceil(60)),
        seconds => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

fn counts(now: &Moment) -> String {
    let verdicts = now.verdicts.iter().map(|(verdict, count)| format!("{count} {verdict}"));
    let others =
        [(now.refused, "refused"), (now.no_pictures, "no pictures"), (now.kept, "done before")];
    let others = others.into_iter().filter(|(count, _)| 0 < *count);
    let others = others.map(|(count, what)| format!("{count} {what}"));
    verdicts.chain(others).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_is_known() {
        let mut now = Moment { done: 30, kept: 10, refused: 2, ..Moment::default() };
        let two_seconds = Duration::from_secs(2);
        assert_eq!(line(&now, two_seconds), "30 done, 10.0 a second; 2 refused, 10 done before");
        now.total = Some(930);
        now.verdicts.insert("clear".into(), 18);
        assert_eq!(
            line(&now, two_seconds),
            "30 of 930 done, 10.0 a second, 2 min left; 18 clear, 2 refused, 10 done before"
        );
        assert_eq!(time(Duration::from_mins(122)), "2 h 2 min");
    }
}
