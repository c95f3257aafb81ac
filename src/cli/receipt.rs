//! `photocheck receipt`: keys for receipts, and verifying receipts without a service.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use chrono::DateTime;
use clap::Subcommand;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::exit;
use super::output::sanitized;
use super::settings::Settings;
use super::shared::SharedArgs;
use crate::private_file;
use crate::receipts::{KeyFile, PublicKey, Receipt, ReceiptError, SigningKeys, read_public_keys};

/// Bytes of a receipt or of a file of keys: many times what either has.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

#[derive(Debug, clap::Args)]
pub struct ReceiptArgs {
    #[command(subcommand)]
    command: ReceiptCommand,
}

#[derive(Debug, Subcommand)]
enum ReceiptCommand {
    /// Make a key in a new file, for `PHOTOCHECK_RECEIPT_KEY` to name. In a file that has one, add
    /// a key that waits: it is published, and signs nothing yet
    NewKey {
        /// The file, which only its owner can read
        file: PathBuf,
    },
    /// Make the key that waits the one that signs. The one before only verifies from then on
    Rotate {
        /// The file of the keys
        file: PathBuf,
    },
    /// Print the public keys of a file, as `/.well-known/jwks.json` has them
    Keys {
        /// The file of the keys
        file: PathBuf,
    },
    /// Verify a receipt. The exit code is 0 when it is right, 1 when it is not, 2 when it cannot be
    /// verified
    Verify {
        /// The receipt; - for standard input
        file: PathBuf,
        /// The photo that it must be of
        #[arg(long, value_name = "FILE")]
        photo: Option<PathBuf>,
        /// Public keys, as the service's `/.well-known/jwks.json` [default: those of the file that
        /// `PHOTOCHECK_RECEIPT_KEY` names]
        #[arg(long, value_name = "FILE")]
        keys: Option<PathBuf>,
    },
}

/// Does what was asked.
///
/// # Errors
/// When a file cannot be read or written, or holds no keys.
pub fn run(args: &ReceiptArgs, shared: &SharedArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        ReceiptCommand::NewKey { file } => new_key(file)?,
        ReceiptCommand::Rotate { file } => {
            let mut keys = read_key_file(file)?;
            let id = keys.rotate().with_context(|| file.display().to_string())?.id;
            write_again(file, &keys)?;
            writeln!(io::stdout(), "{id} signs from the next start of the service on")?;
        }
        ReceiptCommand::Keys { file } => {
            let keys = read_key_file(file)?.signing()?.public_set();
            writeln!(io::stdout(), "{keys:#}")?;
        }
        ReceiptCommand::Verify { file, photo, keys } => {
            return verify(file, photo.as_deref(), keys.as_deref(), shared);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The keys that `PHOTOCHECK_RECEIPT_KEY` names; `None` where it names none, or where they cannot
/// be used, which is noted.
pub(super) fn read_keys(settings: &mut Settings) -> Option<SigningKeys> {
    settings.take("receipt_key", |path| {
        // Whoever takes the setting for the key itself must not find that in a log.
        if !Path::new(path).is_file() {
            return Err("it must name a file that can be read".to_owned());
        }
        let keys = read_key_file(Path::new(path)).and_then(|file| Ok(file.signing()?));
        keys.map_err(|error| format!("{error:#}"))
    })
}

fn new_key(file: &Path) -> anyhow::Result<()> {
    let named = || format!("cannot write {}", file.display());
    if file.exists() {
        let mut keys = read_key_file(file)?;
        let id = keys.add().with_context(|| file.display().to_string())?.id;
        write_again(file, &keys)?;
        writeln!(io::stdout(), "added the key {id}; it waits until receipt rotate")?;
        return Ok(());
    }
    let keys = KeyFile::create()?;
    let mut out = private_file::create_new(file).with_context(named)?;
    out.write_all(keys.reveal().as_bytes()).and_then(|()| out.sync_all()).with_context(named)?;
    writeln!(io::stdout(), "made the key {} in {}", keys.signing()?.id(), file.display())?;
    Ok(())
}

/// Puts other keys in the place of those of a file: all of them, or none. The file keeps its owner
/// and who may read it: the service is often another user than whoever rotates.
fn write_again(file: &Path, keys: &KeyFile) -> anyhow::Result<()> {
    let write = || {
        // A link to the file goes on leading to it.
        let file = fs::canonicalize(file)?;
        let mut unfinished = file.clone().into_os_string();
        unfinished.push(".tmp");
        let unfinished = PathBuf::from(unfinished);
        // What an earlier try left may be open to others.
        match fs::remove_file(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut out = private_file::create_new(&unfinished)?;
        private_file::give_owner(&out, &file)?;
        out.write_all(keys.reveal().as_bytes())?;
        out.sync_all()?;
        fs::rename(&unfinished, &file)
    };
    write().with_context(|| format!("cannot write {}", file.display()))
}

fn read_key_file(path: &Path) -> anyhow::Result<KeyFile> {
    let text = read_text(path)?;
    ensure_private(path)?;
    KeyFile::read(&text).with_context(|| path.display().to_string())
}

/// Makes sure that not everybody on the machine can sign.
fn ensure_private(path: &Path) -> anyhow::Result<()> {
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path)?.permissions());
        anyhow::ensure!(
            mode & 0o006 == 0,
            "everybody on this machine can read {}: chmod 600 it",
            path.display()
        );
    }
    Ok(())
}

fn read_text(path: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    let read = if super::files::is_standard(path) {
        io::stdin().take(FILE_BYTES_MAX + 1).read_to_string(&mut text)
    } else {
        File::open(path).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text))
    };
    let bytes = read.with_context(|| format!("cannot read {}", path.display()))?;
    anyhow::ensure!(
        bytes as u64 <= FILE_BYTES_MAX,
        "{} has more than {FILE_BYTES_MAX} bytes",
        path.display()
    );
    Ok(text)
}

/// The receipt in a file, if it is signed with one of these keys.
///
/// # Errors
/// When it is not, or a file cannot be read.
pub(super) fn read_verified(
    file: &Path,
    keys: Option<&Path>,
    shared: &SharedArgs,
) -> anyhow::Result<Receipt> {
    let keys = known_keys(keys, shared)?;
    let verified = Receipt::verify(&read_text(file)?, &keys);
    let (receipt, _) = verified.context("the receipt is not verified")?;
    Ok(receipt)
}

fn known_keys(keys: Option<&Path>, shared: &SharedArgs) -> anyhow::Result<Vec<PublicKey>> {
    let Some(path) = keys else { return own_keys(shared) };
    let read = read_public_keys(&read_text(path)?);
    read.with_context(|| format!("{} is no JSON Web Key Set", path.display()))
}

fn verify(
    file: &Path,
    photo: Option<&Path>,
    keys: Option<&Path>,
    shared: &SharedArgs,
) -> anyhow::Result<ExitCode> {
    let keys = known_keys(keys, shared)?;
    let photo = photo.map(|path| digest(path).map(|sha256| (path, sha256))).transpose()?;
    let envelope = match read_text(file) {
        // What is no text is no receipt.
        Err(error) if is_no_text(&error) => String::new(),
        read => read?,
    };
    let verified = Receipt::verify(&envelope, &keys).and_then(|(receipt, key)| {
        photo.as_ref().map_or(Ok(()), |(_, sha256)| receipt.ensure_of(sha256))?;
        Ok((receipt, key))
    });
    match verified {
        Ok((receipt, key)) => {
            let photo = photo.as_ref().map(|(path, _)| *path);
            writeln!(io::stdout(), "{}", said(&receipt, key, photo))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            let code = match &error {
                ReceiptError::Damaged(_) => "damaged",
                ReceiptError::OtherAlgorithm(_) => "other algorithm",
                ReceiptError::UnknownKey(_) => "unknown key",
                ReceiptError::WrongSignature => "wrong signature",
                ReceiptError::OtherPhoto { .. } => "another photo",
            };
            writeln!(io::stdout(), "not verified, {code}: {error}")?;
            Ok(exit::not_verified())
        }
    }
}

fn is_no_text(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<io::Error>();
    io.is_some_and(|error| error.kind() == io::ErrorKind::InvalidData)
}

fn own_keys(shared: &SharedArgs) -> anyhow::Result<Vec<PublicKey>> {
    let mut settings = shared.settings(Vec::new())?;
    let keys = read_keys(&mut settings);
    settings.ensure_no_faults()?;
    let keys = keys.context(
        "name the public keys with --keys: a file with what the service has at \
         /.well-known/jwks.json",
    )?;
    Ok(keys.public().to_vec())
}

/// The SHA-256 of a file of any size, hexadecimal.
fn digest(path: &Path) -> anyhow::Result<String> {
    let mut digest = Sha256::new();
    File::open(path)
        .and_then(|mut file| io::copy(&mut file, &mut digest))
        .with_context(|| format!("cannot read {}", path.display()))?;
    Ok(hex::encode(digest.finalize()))
}

/// What a receipt says, in lines.
fn said(receipt: &Receipt, key: &PublicKey, photo: Option<&Path>) -> String {
    let Receipt { check_id, checked_at, photo: of, verdict, answers, versions } = receipt;
    let at = DateTime::from_timestamp(*checked_at, 0).unwrap_or_default();
    let compared = match photo {
        Some(path) => format!("the receipt is of {}", path.display()),
        None => "no photo was compared with it (--photo)".to_owned(),
    };
    let answer = |(question, it): (&String, &Value)| {
        let answer = it.get("answer").and_then(Value::as_str).unwrap_or("none");
        format!("{question}: {answer}")
    };
    let answers: Vec<_> = answers.as_object().into_iter().flatten().map(answer).collect();
    let program = versions.program.as_deref().unwrap_or("of an unnamed version");
    let policy = &versions.policy;
    let text = [
        format!("verified: signed with the key {}", key.id),
        format!("check     {check_id}"),
        format!("checked   {}", at.format("%Y-%m-%d %H:%M:%S UTC")),
        format!("photo     SHA-256 {}; {compared}", of.sha256),
        format!("verdict   {verdict}"),
        format!("answers   {}", answers.join(", ")),
        format!(
            "versions  photocheck {program}, model {}, policy {} {} (thresholds {}), index {}",
            versions.model, policy.name, policy.version, policy.thresholds, versions.index
        ),
    ];
    text.map(|line| sanitized(&line)).join("\n")
}
