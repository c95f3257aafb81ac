//! `photocheck bank import` and `photocheck bank export`.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use console::Term;
use indicatif::{ProgressBar, ProgressStyle};

use super::files;
use crate::clock;
use crate::exchange::{BadLines, Defaults, Format, Reader, Record, Writer};
use crate::store::{BATCH_RECORDS, BankName, Imported, Note, Store};
use photocheck_core::bank::{Opinion, Purpose};
use photocheck_core::matching::index::ContentId;

#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    /// Name of the bank
    name: String,
    /// File to read; - for standard input
    file: PathBuf,
    /// Format of the file: text, csv, ndjson, threatexchange or threatexchange-csv [default:
    /// detected from the first lines]
    #[arg(long, value_parser = format_named)]
    format: Option<Format>,
    /// Note for photos that have none in the file, at most 1,000 bytes
    #[arg(long, default_value = "", hide_default_value = true)]
    note: String,
    /// Opinion on photos that have none in the file: confirmed, unsure or disputed
    #[arg(long, default_value = "confirmed", value_parser = opinion_named)]
    opinion: Opinion,
    /// Stop at the first bad line instead of skipping it
    #[arg(long)]
    strict: bool,
    /// Create the bank, marked as taken over from someone else
    #[arg(long)]
    create: bool,
    /// Purpose of the bank to create: `known_fake` or `allow`
    #[arg(long, default_value = "known_fake", requires = "create", value_parser = purpose_named)]
    purpose: Purpose,
}

#[derive(Debug, clap::Args)]
pub struct ExportArgs {
    /// Name of the bank
    name: String,
    /// Format: text, csv, ndjson, threatexchange or threatexchange-csv. Only ndjson holds all that
    /// a bank does
    #[arg(long, default_value = "ndjson", value_parser = format_named)]
    format: Format,
    /// File to write, which must not exist yet; - for standard output
    #[arg(short, long, default_value = "-", value_name = "FILE")]
    output: PathBuf,
}

fn format_named(name: &str) -> Result<Format, String> {
    Format::from_name(name).ok_or_else(|| format!("one of {}", Format::NAMES))
}

fn opinion_named(name: &str) -> Result<Opinion, String> {
    Opinion::from_name(name).ok_or_else(|| "one of confirmed, unsure, disputed".to_owned())
}

fn purpose_named(name: &str) -> Result<Purpose, String> {
    // What was seen on accounts is never taken over from somebody else.
    let purpose = Purpose::from_name(name).filter(|purpose| *purpose != Purpose::Seen);
    purpose.ok_or_else(|| "one of known_fake, allow".to_owned())
}

/// Exit code when bad lines were skipped.
const LINES_SKIPPED: u8 = 1;

/// Imports a file into a bank. What is there already is skipped, so a repeat finishes what was cut
/// off. A bad line is skipped too, unless `--strict` is set; the exit code says so.
///
/// # Errors
/// When no line can be read, the file cannot be read or the database fails, and with `--strict` at
/// the first bad line; the message tells what was imported until then.
pub async fn import(store: &Store, args: &ImportArgs) -> anyhow::Result<ExitCode> {
    let (name, now) = (BankName::new(&args.name)?, clock::now_s());
    Note::new(&args.note)?;
    let bar = progress_bar();
    let input = open(&args.file, &bar)?;
    let defaults = Defaults { note: args.note.clone(), opinion: args.opinion, added_at: now };
    let mut reader = Reader::new(input, args.format, defaults)?.strict(args.strict);
    // Read before the bank is created: a file that is no list leaves no bank behind.
    let mut batch = reader.next_batch(BATCH_RECORDS).context("nothing was imported")?;
    if args.create {
        store.create_bank(&name, args.purpose, true, now).await?;
    }
    let mut import = store.begin_import(&name).await?;
    let (mut done, mut line) = (Imported::default(), 0);
    while !batch.is_empty() {
        let imported = import.add(&batch).await;
        let imported = imported.with_context(|| stopped(done, line))?;
        done.added += imported.added;
        done.already_there += imported.already_there;
        line = reader.line();
        bar.set_message(format!("{} photos", done.added + done.already_there));
        batch = reader.next_batch(BATCH_RECORDS).with_context(|| stopped(done, line))?;
    }
    bar.finish_and_clear();
    let Imported { added, already_there } = done;
    let (format, bad) = (reader.format().name(), reader.bad_lines());
    write!(io::stdout(), "added {added}, already there {already_there}")?;
    let skipped = [("signals of other types", reader.other_signals()), ("bad lines", bad.count)];
    for (what, count) in skipped.into_iter().filter(|(_, count)| 0 < *count) {
        write!(io::stdout(), ", {what} skipped {count}")?;
    }
    writeln!(io::stdout(), " ({format})")?;
    name_lines(bad)?;
    Ok(ExitCode::from(if 0 < bad.count { LINES_SKIPPED } else { 0 }))
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

fn stopped(done: Imported, line: u64) -> String {
    let Imported { added, already_there } = done;
    format!(
        "imported only up to line {line} (added {added}, already there {already_there}), \
         a repeat goes on from there"
    )
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

fn open(path: &Path, bar: &ProgressBar) -> anyhow::Result<impl BufRead + use<>> {
    const BUFFER_BYTES: usize = 256 * 1024;
    let input: Box<dyn Read> = if files::is_standard(path) {
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
pub async fn export(store: &Store, args: &ExportArgs) -> anyhow::Result<ExitCode> {
    let name = BankName::new(&args.name)?;
    store.bank(&name).await?;
    let mut writer = Writer::new(args.format, name.as_str());
    if files::is_standard(&args.output) {
        let mut out = BufWriter::new(io::stdout());
        write_all(store, &name, &mut writer, &mut out).await?;
        out.flush()?;
    } else {
        let path = &args.output;
        let file = create(path).with_context(|| format!("cannot write {}", path.display()))?;
        let mut out = BufWriter::new(&file);
        let written = write_all(store, &name, &mut writer, &mut out).await;
        let written = written.and_then(|()| Ok(out.flush()?)).and_then(|()| Ok(file.sync_all()?));
        if let Err(error) = written {
            // What went wrong is told; that its rest could not be removed would tell less.
            let _ = std::fs::remove_file(path);
            return Err(error);
        }
    }
    if 0 < writer.left_out() {
        let left_out = writer.left_out();
        writeln!(io::stderr(), "left out {left_out} that are not to be matched")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A new file that only its owner can read: hashes of photos of people are personal data.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

async fn write_all(
    store: &Store,
    bank: &BankName,
    writer: &mut Writer,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    const PAGE: u16 = 1000;
    writer.begin(out)?;
    let mut after = ContentId(0);
    loop {
        let page = store.records(bank, after, PAGE).await?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = *last;
        let records: Vec<Record> = page.into_iter().map(|(_, record)| record).collect();
        writer.write(&records, out)?;
    }
}
