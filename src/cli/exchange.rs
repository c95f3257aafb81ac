//! `photocheck bank import` and `photocheck bank export`.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use console::Term;
use indicatif::{ProgressBar, ProgressStyle};

use crate::clock;
use crate::core::banks::{Opinion, Purpose};
use crate::core::index::ContentId;
use crate::exchange::{Defaults, Format, Reader, Record, Writer};
use crate::store::{BATCH_RECORDS, BankName, Imported, Note, Store};

#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    name: String,
    /// The file, or - for what is piped in
    file: PathBuf,
    /// text, csv, ndjson, threatexchange or threatexchange-csv [default: told by the first line]
    #[arg(long, value_parser = format_named)]
    format: Option<Format>,
    /// Note for photos of which the file has none, at most 1,000 bytes
    #[arg(long, default_value = "")]
    note: String,
    /// Opinion where the file has none: confirmed, unsure or disputed
    #[arg(long, default_value = "confirmed", value_parser = opinion_named)]
    opinion: Opinion,
    /// Create the bank, as one that was taken over from somebody else
    #[arg(long)]
    create: bool,
    /// What a bank that is created is for: `known_fake` or `allow`
    #[arg(long, default_value = "known_fake", requires = "create", value_parser = purpose_named)]
    purpose: Purpose,
}

#[derive(Debug, clap::Args)]
pub struct ExportArgs {
    name: String,
    /// text, csv, ndjson, threatexchange or threatexchange-csv; ndjson alone holds everything
    #[arg(long, default_value = "ndjson", value_parser = format_named)]
    format: Format,
    /// File to write, which must not be there yet; - for the terminal or a pipe
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

fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Imports a file into a bank. What is there already is passed over, so a repeat finishes what was
/// cut off.
///
/// # Errors
/// At the first line that breaks a rule, when the file cannot be read or the database fails; the
/// message tells what was imported until then.
pub async fn import(store: &Store, args: &ImportArgs) -> anyhow::Result<ExitCode> {
    let (name, now) = (BankName::new(&args.name)?, clock::now_s());
    Note::new(&args.note)?;
    let bar = progress_bar();
    // Opened before the bank is created: a mistyped file leaves no bank behind.
    let input = open(&args.file, &bar)?;
    let defaults = Defaults { note: args.note.clone(), opinion: args.opinion, added_at: now };
    let mut reader = Reader::new(input, args.format, defaults)?;
    if args.create {
        store.create_bank(&name, args.purpose, true, now).await?;
    }
    let mut import = store.begin_import(&name).await?;
    let (mut done, mut line) = (Imported::default(), 0);
    loop {
        let batch = async {
            let batch = reader.next_batch(BATCH_RECORDS)?;
            let imported = import.add(&batch).await?;
            anyhow::Ok((batch.len(), imported))
        };
        let (count, imported) = match batch.await {
            Ok(batch) => batch,
            Err(error) => anyhow::bail!("{error}; {}", stopped(done, line)),
        };
        if count == 0 {
            break;
        }
        done.added += imported.added;
        done.already_there += imported.already_there;
        line = reader.line();
        bar.set_message(format!("{} photos", done.added + done.already_there));
    }
    bar.finish_and_clear();
    let Imported { added, already_there } = done;
    let format = reader.format().name();
    write!(io::stdout(), "added {added}, already there {already_there}")?;
    if 0 < reader.passed_over() {
        write!(io::stdout(), ", signals of other types passed over {}", reader.passed_over())?;
    }
    writeln!(io::stdout(), " ({format})")?;
    Ok(ExitCode::SUCCESS)
}

fn stopped(done: Imported, line: u64) -> String {
    let Imported { added, already_there } = done;
    format!(
        "imported only up to line {line} (added {added}, already there {already_there}); \
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
    let input: Box<dyn Read> = if is_standard(path) {
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
    if is_standard(&args.output) {
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
