//! Importing and exporting whole banks. Neither is ever in memory as a whole.
//!
//! An import reads on a thread of its own, a batch ahead of what is written. Its batches are in the
//! bank as soon as they are written, so a repeat finishes one that was cut off. It runs alone: the
//! database lets one write at a time anyway.

use std::fmt;
use std::io::BufRead;
use std::sync::Arc;
use std::time::Duration;

use photocheck_core::bank::{BankFacts, BankName, BankedPhoto, Purpose};
use photocheck_core::matching::index::ContentId;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{Instant, sleep_until};

use super::banks::Banks;
use super::error::{AppError, Failure};
use crate::exchange::{BadLines, Defaults, ExchangeError, Format, Reader, Writer};
use crate::store::{
    BATCH_PHOTOS, Import, Imported, NewBank, Refusal, StoreError, ensure_exchanged,
};

/// Contents that are exported at once.
const PAGE: u16 = 1000;

/// What is to be imported, and where to.
#[derive(Debug, Clone)]
pub struct ImportOrder {
    pub bank: BankName,
    /// The purpose of a bank that is to be created, as one taken over from somebody else.
    pub create_for: Option<Purpose>,
    /// Detected from the first lines where it is not named.
    pub format: Option<Format>,
    pub defaults: Defaults,
    /// Whether the first bad line ends the import.
    pub strict: bool,
    pub time_max: Option<Duration>,
}

/// What became of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportReport {
    pub format: Format,
    pub imported: Imported,
    /// Signals of other types than PDQ, which were skipped.
    pub other_signals: u64,
    pub bad_lines: BadLines,
}

/// An import that did not come to its end.
#[derive(Debug)]
pub struct ImportError {
    pub cause: ImportCause,
    pub progress: Progress,
}

/// Why it did not.
#[derive(Debug)]
pub enum ImportCause {
    /// The file, or reading it.
    File(ExchangeError),
    /// It took longer than this.
    TooSlow(Duration),
    App(AppError),
}

/// How far an import came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    pub imported: Imported,
    /// The last line that was read for what was imported.
    pub line: u64,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { imported: Imported { added, already_there }, line } = self;
        write!(
            f,
            "imported only up to line {line} (added {added}, already there {already_there}); \
             repeat the import to continue from there"
        )
    }
}

impl fmt::Display for ImportCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => write!(f, "{error}"),
            Self::TooSlow(limit) => {
                write!(f, "the import took longer than {} s", limit.as_secs())
            }
            Self::App(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for ImportCause {}

impl<E: Into<AppError>> From<E> for ImportCause {
    fn from(error: E) -> Self {
        Self::App(error.into())
    }
}

impl Banks {
    /// Imports the records that `input` holds. What the bank holds already is skipped.
    ///
    /// # Errors
    /// [`ImportError`], which says how far the import came.
    pub async fn import(
        &self,
        order: ImportOrder,
        input: impl BufRead + Send + 'static,
        on_progress: impl FnMut(&Progress),
    ) -> Result<ImportReport, ImportError> {
        let mut progress = Progress::default();
        let done = self.import_all(order, input, &mut progress, on_progress).await;
        let refreshed = self.refresh().await.map_err(ImportCause::App);
        let done = done.and_then(|report| refreshed.map(|()| report));
        done.map_err(|cause| ImportError { cause, progress })
    }

    async fn import_all(
        &self,
        order: ImportOrder,
        input: impl BufRead + Send + 'static,
        progress: &mut Progress,
        mut on_progress: impl FnMut(&Progress),
    ) -> Result<ImportReport, ImportCause> {
        let alone = self.imports.try_acquire();
        let _alone = alone.map_err(|_| Failure::Busy("another import is under way"))?;
        self.check_target(&order).await?;
        let (batches_in, mut batches) = mpsc::channel(1);
        let reading = order.clone();
        tokio::task::spawn_blocking(move || read_batches(input, reading, &batches_in));
        let (begun, time_max, mut import) = (Instant::now(), order.time_max, None);
        loop {
            let too_slow = async {
                match time_max {
                    Some(limit) => sleep_until(begun + limit).await,
                    None => std::future::pending().await,
                }
            };
            let batch = tokio::select! {
                batch = batches.recv() => batch,
                () = too_slow => return Err(ImportCause::TooSlow(time_max.unwrap_or_default())),
            };
            let batch = batch.ok_or(Failure::ReaderGone)?.map_err(ImportCause::File)?;
            let import = match &mut import {
                Some(import) => import,
                None => import.insert(self.open_target(&order).await?),
            };
            if batch.photos.is_empty() {
                let Batch { format, other_signals, bad_lines, .. } = batch;
                let imported = progress.imported;
                return Ok(ImportReport { format, imported, other_signals, bad_lines });
            }
            let Imported { added, already_there } = import.add(&batch.photos).await?;
            progress.imported.added += added;
            progress.imported.already_there += already_there;
            progress.line = batch.line;
            on_progress(progress);
        }
    }

    /// Refuses before anything is read what would be refused then.
    async fn check_target(&self, order: &ImportOrder) -> Result<(), AppError> {
        match (self.store().resolve(self.tenant(), &order.bank).await, order.create_for) {
            (Ok(bank), Some(_)) => Err(StoreError::from(Refusal::BankExists(bank.name)).into()),
            (Ok(bank), None) => Ok(ensure_exchanged(&bank)?),
            (Err(StoreError::Refused(Refusal::NoSuchBank(_))), Some(_)) => Ok(()),
            (Err(error), _) => Err(error.into()),
        }
    }

    /// Creates the bank if it is to be. A file that is no list leaves none behind.
    async fn open_target(&self, order: &ImportOrder) -> Result<Import, AppError> {
        let bank = match order.create_for {
            Some(purpose) => {
                let (name, created_at) = (order.bank.clone(), order.defaults.added_at);
                let new = NewBank { name, purpose, imported: true, created_at };
                self.store().create_bank(self.tenant(), &new).await?
            }
            None => self.resolve(&order.bank).await?,
        };
        Ok(self.store().begin_import(&bank).await?)
    }

    /// Begins to export a bank.
    ///
    /// # Errors
    /// When there is no such bank, it is not exported, other exports are under way, or the database
    /// fails.
    pub async fn export(&self, name: &BankName, format: Format) -> Result<Export, AppError> {
        let bank = self.resolve(name).await?;
        ensure_exchanged(&bank)?;
        let place = Arc::clone(&self.exports).try_acquire_owned();
        let place = place.map_err(|_| Failure::Busy("other exports are under way"))?;
        let writer = Writer::new(format, &bank.name);
        Ok(Export { banks: self.clone(), bank, writer, after: None, _place: place })
    }
}

/// Some records, and the number of the last line that was read for them.
struct Batch {
    photos: Vec<BankedPhoto>,
    line: u64,
    format: Format,
    other_signals: u64,
    bad_lines: BadLines,
}

/// Sends batches until one is empty, or nobody wants them any more.
fn read_batches(
    input: impl BufRead,
    order: ImportOrder,
    batches: &mpsc::Sender<Result<Batch, ExchangeError>>,
) {
    let reader = Reader::new(input, order.format, order.defaults);
    let mut reader = match reader {
        Ok(reader) => reader.strict(order.strict),
        Err(error) => return drop(batches.blocking_send(Err(error))),
    };
    loop {
        let batch = reader.next_batch(BATCH_PHOTOS).map(|photos| Batch {
            photos,
            line: reader.line(),
            format: reader.format(),
            other_signals: reader.other_signals(),
            bad_lines: reader.bad_lines().clone(),
        });
        let last = batch.as_ref().map_or(true, |batch| batch.photos.is_empty());
        if batches.blocking_send(batch).is_err() || last {
            return;
        }
    }
}

/// An export under way.
#[derive(Debug)]
pub struct Export {
    banks: Banks,
    bank: BankFacts,
    writer: Writer,
    /// `None` before the first page.
    after: Option<ContentId>,
    _place: OwnedSemaphorePermit,
}

impl Export {
    /// The next page in the format; `None` at the end.
    ///
    /// # Errors
    /// When the bank is gone or the database fails.
    pub async fn next_page(&mut self) -> Result<Option<Vec<u8>>, AppError> {
        let mut out = Vec::new();
        let after = self.after.unwrap_or(ContentId(0));
        let page = self.banks.store().photos(&self.bank, after, PAGE).await?;
        // Writing into memory does not fail.
        if self.after.is_none() {
            let _ = self.writer.begin(&mut out);
        } else if page.is_empty() {
            return Ok(None);
        }
        self.after = Some(page.last().map_or(after, |(id, _)| *id));
        let photos: Vec<BankedPhoto> = page.into_iter().map(|(_, photo)| photo).collect();
        let _ = self.writer.write(&photos, &mut out);
        Ok(Some(out))
    }

    /// Records that the format left out so far.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.writer.left_out()
    }
}
