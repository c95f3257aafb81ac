//! `/v1/banks/{name}/import` and `/export`: whole banks, as streams.
//!
//! Neither is ever in memory as a whole. An import runs alone, since one writes at a time anyway;
//! its batches are in the bank as soon as they are written, so a repeat finishes one that was cut
//! off. An export that fails breaks off the connection, so that a part is never taken for all.

use std::io::{self, BufReader, Read};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};
use tokio::time::{Instant, timeout_at};
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::arrival::{self, Stop};
use super::extract::{Path, Query};
use super::problem::Problem;
use crate::clock;
use crate::exchange::{BadLines, Defaults, ExchangeError, Format, Reader, Record, Writer};
use crate::store::{BATCH_RECORDS, BankName, Import, Imported, Note, Store, StoreError};
use photocheck_core::bank::{Opinion, Purpose};
use photocheck_core::matching::index::ContentId;

/// Bytes of an import: a million hashes with short notes. The command line takes more.
const IMPORT_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Time for an import: others wait for its end.
const IMPORT_MAX: Duration = Duration::from_mins(10);
/// Time for an export: ten million records to a slow reader.
const EXPORT_MAX: Duration = Duration::from_mins(10);
/// Contents read at once.
const PAGE: u16 = 1000;

static IMPORTS: Semaphore = Semaphore::const_new(1);
static EXPORTS: Semaphore = Semaphore::const_new(2);

/// How a file is imported.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ImportQuery {
    /// `text`, `csv`, `ndjson`, `threatexchange` or `threatexchange-csv`; told by the first lines
    /// when absent.
    format: Option<String>,
    /// Note for photos of which the file has none.
    note: Option<String>,
    /// Opinion where the file has none: `confirmed` (when absent), `unsure` or `disputed`.
    opinion: Option<String>,
    /// Stop at the first bad line with 422 instead of skipping it.
    #[serde(default)]
    strict: bool,
    /// Create the bank, as one that was taken over from somebody else.
    #[serde(default)]
    create: bool,
    /// What a bank that is created is for: `known_fake` (when absent) or `allow`.
    purpose: Option<String>,
}

/// In which format a bank is exported.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ExportQuery {
    /// `ndjson` (when absent; it alone holds everything), `csv`, `text`, `threatexchange` or
    /// `threatexchange-csv`.
    format: Option<String>,
}

/// What became of an import.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportedJson {
    /// The format that was read.
    format: &'static str,
    added: u64,
    already_there: u64,
    /// Signals of other types than PDQ, which were skipped.
    other_signals: u64,
    bad_lines: BadLinesJson,
}

/// Lines that were skipped because they break a rule.
#[derive(Debug, Serialize, ToSchema)]
pub struct BadLinesJson {
    count: u64,
    /// The first five.
    first: Vec<BadLineJson>,
}

/// A line that was skipped.
#[derive(Debug, Serialize, ToSchema)]
pub struct BadLineJson {
    /// The first line is 1; empty lines count.
    line: u64,
    /// What is wrong with it, without any hash.
    reason: String,
}

/// Import the hashes of photos into a bank. Importing them again adds nothing. Lines that break a
/// rule are skipped and named.
#[utoipa::path(post, path = "/v1/banks/{name}/import", tag = "banks", params(ImportQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = ImportedJson),
        (status = 408, description = "the list came too slowly", body = Problem,
         content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "the format is not clear, no line can be read, or with \
         `strict` a line breaks a rule", body = Problem,
         content_type = "application/problem+json"),
        (status = 503, description = "another import is under way", body = Problem,
         content_type = "application/problem+json")))]
pub async fn import(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    Query(query): Query<ImportQuery>,
    request: Request,
) -> Result<Json<ImportedJson>, Problem> {
    let (name, now) = (BankName::new(&name)?, clock::now_s());
    let format = format_of(query.format.as_deref())?;
    let defaults = defaults_of(&query, now)?;
    let purpose = purpose_of(query.purpose.as_deref())?;
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|bytes| IMPORT_BYTES_MAX < bytes) {
        return Err(Problem::import_too_large(IMPORT_BYTES_MAX));
    }
    let _alone = IMPORTS.try_acquire().map_err(|_| Problem::busy("another import is under way"))?;
    let created_for = query.create.then_some(purpose);
    let target = Target { store: app.store.clone(), name, created_for, now_s: now };
    target.check().await?;
    let (chunks_in, chunks) = mpsc::channel(4);
    let (batches_in, batches) = mpsc::channel(1);
    tokio::task::spawn_blocking(move || {
        let input = BufReader::new(BodyReader { chunks, chunk: Bytes::new() });
        let reader = Reader::new(input, format, defaults);
        read_batches(reader.map(|reader| reader.strict(query.strict)), &batches_in);
    });
    let mut writing = pin!(write_batches(&target, batches));
    // Writing may end before the body does, and then nobody waits for a slow sender.
    let done = tokio::select! {
        done = &mut writing => done,
        () = send_body(request.into_body(), app.uploads.pace, chunks_in) => writing.await,
    };
    app.live.refresh().await?;
    done.map(Json)
}

/// Export the hashes of a bank's photos.
#[utoipa::path(get, path = "/v1/banks/{name}/export", tag = "banks", params(ExportQuery),
    responses((status = 200, description = "one record a line", content_type = "text/plain"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "other exports are under way", body = Problem,
         content_type = "application/problem+json")))]
pub async fn export(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Problem> {
    let name = BankName::new(&name)?;
    let format = format_of(query.format.as_deref())?.unwrap_or(Format::Ndjson);
    app.store.bank(&name).await?;
    let place = EXPORTS.try_acquire();
    let place = place.map_err(|_| Problem::busy("other exports are under way"))?;
    let (pages_in, pages) = mpsc::channel(2);
    tokio::spawn(send_bank(app.store.clone(), name, format, pages_in, place));
    let kind = match format {
        Format::Ndjson => "application/x-ndjson",
        Format::Csv | Format::ThreatexchangeCsv => "text/csv; charset=utf-8",
        Format::Text | Format::Threatexchange => "text/plain; charset=utf-8",
    };
    let headers = [(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, "attachment")];
    Ok((headers, Body::from_stream(ReceiverStream::new(pages))).into_response())
}

fn format_of(name: Option<&str>) -> Result<Option<Format>, Problem> {
    let read = |name| {
        Format::from_name(name).ok_or_else(|| Problem::not_known("format", name, Format::NAMES))
    };
    name.map(read).transpose()
}

fn defaults_of(query: &ImportQuery, added_at: i64) -> Result<Defaults, Problem> {
    let note = query.note.clone().unwrap_or_default();
    Note::new(&note)?;
    let name = query.opinion.as_deref().unwrap_or(Opinion::Confirmed.name());
    let known = "confirmed, unsure, disputed";
    let opinion =
        Opinion::from_name(name).ok_or_else(|| Problem::not_known("opinion", name, known))?;
    Ok(Defaults { note, opinion, added_at })
}

fn purpose_of(name: Option<&str>) -> Result<Purpose, Problem> {
    let name = name.unwrap_or(Purpose::KnownFake.name());
    // What was seen on accounts is never taken over from somebody else.
    let purpose = Purpose::from_name(name).filter(|purpose| *purpose != Purpose::Seen);
    purpose.ok_or_else(|| Problem::not_known("purpose", name, "known_fake, allow"))
}

/// Hands the body on as it comes, up to the limit.
async fn send_body(body: Body, pace: arrival::Pace, chunks: mpsc::Sender<io::Result<Bytes>>) {
    let (mut body, mut bytes) = (arrival::arriving(body, pace, None).await.pieces, 0);
    loop {
        // Who reads them may have stopped at a line that breaks a rule.
        let chunk = tokio::select! {
            chunk = body.next() => chunk,
            () = chunks.closed() => return,
        };
        let Some(chunk) = chunk else { return };
        let chunk = chunk.map_err(|stop| match stop {
            Stop::BrokeOff { .. } => io::Error::other(stop),
            slow => io::Error::new(io::ErrorKind::TimedOut, slow),
        });
        bytes += chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
        let too_large = IMPORT_BYTES_MAX < bytes;
        let chunk = if too_large { Err(io::ErrorKind::FileTooLarge.into()) } else { chunk };
        let last = chunk.is_err();
        if chunks.send(chunk).await.is_err() || last {
            return;
        }
    }
}

/// The body as something to read, on a thread that may wait.
#[derive(Debug)]
struct BodyReader {
    chunks: mpsc::Receiver<io::Result<Bytes>>,
    chunk: Bytes,
}

impl Read for BodyReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            match self.chunks.blocking_recv() {
                Some(chunk) => self.chunk = chunk?,
                None => return Ok(0),
            }
        }
        let chunk = self.chunk.split_to(into.len().min(self.chunk.len()));
        (&chunk[..]).read(into)
    }
}

/// Some records, and the number of the last line that was read for them.
struct Batch {
    records: Vec<Record>,
    line: u64,
    format: Format,
    other_signals: u64,
    bad_lines: BadLines,
}

fn read_batches(
    reader: Result<Reader<BufReader<BodyReader>>, ExchangeError>,
    batches: &mpsc::Sender<Result<Batch, ExchangeError>>,
) {
    let mut reader = match reader {
        Ok(reader) => reader,
        Err(error) => return drop(batches.blocking_send(Err(error))),
    };
    loop {
        let batch = reader.next_batch(BATCH_RECORDS).map(|records| Batch {
            records,
            line: reader.line(),
            format: reader.format(),
            other_signals: reader.other_signals(),
            bad_lines: reader.bad_lines().clone(),
        });
        let last = batch.as_ref().map_or(true, |batch| batch.records.is_empty());
        if batches.blocking_send(batch).is_err() || last {
            return;
        }
    }
}

/// The bank that records go to.
struct Target {
    store: Store,
    name: BankName,
    /// The purpose of a bank that is to be created.
    created_for: Option<Purpose>,
    now_s: i64,
}

impl Target {
    /// Refuses before anything is read what would be refused then.
    async fn check(&self) -> Result<(), StoreError> {
        let name = || self.name.as_str().to_owned();
        match (self.store.bank(&self.name).await, self.created_for) {
            (Ok(_), Some(_)) => Err(StoreError::BankExists(name())),
            (Err(StoreError::NoSuchBank(_)), Some(_)) => Ok(()),
            (Ok(bank), None) if bank.purpose == Purpose::Seen => {
                Err(StoreError::BankOfSightings(name()))
            }
            (found, _) => found.map(drop),
        }
    }

    /// Creates the bank if it is to be. A body that is no list leaves none behind.
    async fn open(&self) -> Result<Import, StoreError> {
        if let Some(purpose) = self.created_for {
            self.store.create_bank(&self.name, purpose, true, self.now_s).await?;
        }
        self.store.begin_import(&self.name).await
    }
}

/// Writes batches until one is empty.
async fn write_batches(
    target: &Target,
    mut batches: mpsc::Receiver<Result<Batch, ExchangeError>>,
) -> Result<ImportedJson, Problem> {
    let until = Instant::now() + IMPORT_MAX;
    let (mut done, mut line, mut import) = (Imported::default(), 0, None);
    loop {
        let stopped = |line: u64, done: Imported| {
            let Imported { added, already_there } = done;
            format!(
                "imported only up to line {line} (added {added}, already there {already_there}); \
                 a repeat goes on from there"
            )
        };
        let Ok(batch) = timeout_at(until, batches.recv()).await else {
            return Err(Problem::import_too_slow(IMPORT_MAX, &stopped(line, done)));
        };
        let Some(batch) = batch else {
            return Err(Problem::ours(&"the reader of an import ended before its input"));
        };
        let batch = batch.map_err(|error| Problem::import_stopped(&error, &stopped(line, done)))?;
        let import = match &mut import {
            Some(import) => import,
            None => import.insert(target.open().await?),
        };
        if batch.records.is_empty() {
            return Ok(ImportedJson {
                format: batch.format.name(),
                added: done.added,
                already_there: done.already_there,
                other_signals: batch.other_signals,
                bad_lines: BadLinesJson::from(&batch.bad_lines),
            });
        }
        let Imported { added, already_there } = import.add(&batch.records).await?;
        done.added += added;
        done.already_there += already_there;
        line = batch.line;
    }
}

impl From<&BadLines> for BadLinesJson {
    fn from(bad: &BadLines) -> Self {
        let named = bad.first.iter();
        let first =
            named.map(|(line, fault)| BadLineJson { line: *line, reason: fault.to_string() });
        Self { count: bad.count, first: first.collect() }
    }
}

/// Sends a bank page by page. What fails is sent as an error, which breaks off the connection.
async fn send_bank(
    store: Store,
    name: BankName,
    format: Format,
    pages: mpsc::Sender<io::Result<Bytes>>,
    place: SemaphorePermit<'static>,
) {
    let sending = send_pages(&store, &name, format, &pages);
    let failure = match tokio::time::timeout(EXPORT_MAX, sending).await {
        Ok(Ok(())) => return,
        Ok(Err(error)) => {
            tracing::error!(%error, "an export failed");
            io::Error::other("the export failed")
        }
        Err(_) => io::ErrorKind::TimedOut.into(),
    };
    drop(place);
    // Nobody may be there any more to be told.
    let _ = pages.send(Err(failure)).await;
}

async fn send_pages(
    store: &Store,
    name: &BankName,
    format: Format,
    pages: &mpsc::Sender<io::Result<Bytes>>,
) -> Result<(), StoreError> {
    let (mut writer, mut out) = (Writer::new(format, name.as_str()), Vec::new());
    // Writing into memory does not fail.
    let _ = writer.begin(&mut out);
    let mut after = ContentId(0);
    loop {
        let page = store.records(name, after, PAGE).await?;
        let last = page.last().map(|(id, _)| *id);
        let records: Vec<Record> = page.into_iter().map(|(_, record)| record).collect();
        let _ = writer.write(&records, &mut out);
        let sent = pages.send(Ok(std::mem::take(&mut out).into())).await;
        match last {
            Some(last) if sent.is_ok() => after = last,
            _ => return Ok(()),
        }
    }
}
