//! `photocheck bank import` and `photocheck bank export`.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use console::Term;
use indicatif::{ProgressBar, ProgressStyle};

use photocheck_core::bank::{BankName, Note, Opinion, Purpose};

use super::exit;
use super::files;
use super::values;
use crate::app::banks::Banks;
use crate::app::transfer::{Export, ImportError, ImportOrder, ImportReport};
use crate::clock;
use crate::exchange::{BadLines, Defaults, Format};
use crate::private_file;
use crate::store::Imported;

#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    /// Name of the bank
    name: String,
    /// File to read; - for standard input
    file: PathBuf,
    /// Format of the file [default: detected from the first lines]
    #[arg(long, value_parser = values::format())]
    format: Option<Format>,
    /// Note for photos that have none in the file, at most 1,000 bytes
    #[arg(long, default_value = "", hide_default_value = true)]
    note: String,
    /// Opinion on photos that have none in the file
    #[arg(long, default_value = "confirmed", value_parser = values::opinion())]
    opinion: Opinion,
    /// Stop at the first bad line instead of skipping it
    #[arg(long)]
    strict: bool,
    /// Create the bank, marked as taken over from someone else, and the database where there is
    /// none
    #[arg(long)]
    create: bool,
    /// Purpose of the bank to create
    #[arg(long, default_value = "known_fake", requires = "create",
        value_parser = values::imported_purpose())]
    purpose: Purpose,
}

#[derive(Debug, clap::Args)]
pub struct ExportArgs {
    /// Name of the bank
    name: String,
    /// Format to write. Only ndjson has all that a bank keeps
    #[arg(long, default_value = "ndjson", value_parser = values::format())]
    format: Format,
    /// File to write, which must not exist yet; - for standard output
    #[arg(short, long, default_value = "-", value_name = "FILE")]
    output: PathBuf,
}

/// Imports a file into a bank. What is there already is skipped, so a repeat finishes what was cut
/// off. A bad line is skipped too, unless `--strict` is set; the exit code says so.
///
/// # Errors
/// When no line can be read, the file cannot be read or the database fails, and with `--strict` at
/// the first bad line; the message says what was imported until then.
pub async fn import(banks: &Banks, args: &ImportArgs) -> anyhow::Result<ExitCode> {
    let (note, opinion) = (Note::new(&args.note)?, args.opinion);
    let order = ImportOrder {
        bank: BankName::new(&args.name)?,
        create_for: args.create.then_some(args.purpose),
        format: args.format,
        defaults: Defaults { note, opinion, added_at: clock::now_s() },
        strict: args.strict,
        time_max: None,
    };
    let bar = progress_bar();
    let input = open(&args.file, &bar)?;
    let imported = banks.import(order, input, |progress| {
        let Imported { added, already_there } = progress.imported;
        bar.set_message(format!("{} photos", added + already_there));
    });
    let report = imported.await.map_err(explain)?;
    bar.finish_and_clear();
    let ImportReport { format, imported, other_signals, bad_lines } = report;
    let Imported { added, already_there } = imported;
    write!(io::stdout(), "added {added}, already there {already_there}")?;
    let skipped = [("signals of other types", other_signals), ("bad lines", bad_lines.count)];
    for (what, count) in skipped.into_iter().filter(|(_, count)| 0 < *count) {
        write!(io::stdout(), ", {what} skipped {count}")?;
    }
    writeln!(io::stdout(), " ({})", format.name())?;
    name_lines(&bad_lines)?;
    Ok(exit::imported(0 < bad_lines.count))
}

/// Puts how far the import came before what stopped it.
fn explain(error: ImportError) -> anyhow::Error {
    let ImportError { cause, progress } = error;
    let is_begun = 0 < progress.line;
    let progress = if is_begun { progress.to_string() } else { "nothing was imported".into() };
    anyhow::Error::from(cause).context(progress)
}

fn name_lines(bad: &BadLines) -> io::Result<()> {
    for (line, fault) in &bad.first {
        writeln!(io::stderr(), "line {line}: {fault}")?;
    }
    match bad.count - bad.first.len() as u64 {
        0 => Ok(()),
        more => writeln!(io::stderr(), "and {more} more bad lines"),
    }
}

/// Shows how much of the file is read, where a person is watching.
fn progress_bar() -> ProgressBar {
    if !Term::stderr().is_term() {
        return ProgressBar::hidden();
    }
    let template = "{bar:30} {bytes}/{total_bytes}, {msg}, {eta} left";
    let style = ProgressStyle::with_template(template);
    ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn open(path: &Path, bar: &ProgressBar) -> anyhow::Result<impl BufRead + Send + use<>> {
    const BUFFER_BYTES: usize = 256 * 1024;
    let input: Box<dyn Read + Send> = if files::is_standard(path) {
        bar.set_style(ProgressStyle::default_spinner());
        Box::new(io::stdin())
    } else {
        let cannot = || format!("cannot open {}", path.display());
        let file = File::open(path).with_context(cannot)?;
        bar.set_length(file.metadata().with_context(cannot)?.len());
        Box::new(file)
    };
    Ok(BufReader::with_capacity(BUFFER_BYTES, bar.wrap_read(input)))
}

/// Writes a bank to a file or a pipe.
///
/// # Errors
/// When there is no such bank, the file is there already or cannot be written, or the database
/// fails. No file is left that holds only a part.
pub async fn export(banks: &Banks, args: &ExportArgs) -> anyhow::Result<ExitCode> {
    let mut export = banks.export(&BankName::new(&args.name)?, args.format).await?;
    if files::is_standard(&args.output) {
        let mut out = io::stdout();
        write_all(&mut export, &mut out).await?;
        out.flush()?;
    } else {
        let path = &args.output;
        // Hashes of photos of people are personal data.
        let file = private_file::create_new(path);
        let mut file = file.with_context(|| format!("cannot write {}", path.display()))?;
        let written = write_all(&mut export, &mut file).await;
        if let Err(error) = written.and_then(|()| Ok(file.sync_all()?)) {
            // The error matters more than that the part could not be removed.
            let _ = std::fs::remove_file(path);
            return Err(error);
        }
    }
    match export.left_out() {
        0 => {}
        count => writeln!(io::stderr(), "left out {count} photos that are not to be matched")?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn write_all(export: &mut Export, out: &mut impl Write) -> anyhow::Result<()> {
    while let Some(page) = export.next_page().await? {
        out.write_all(&page)?;
    }
    Ok(())
}
