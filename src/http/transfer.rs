//! `/v1/banks/{name}/import` and `/export`: whole banks, as streams.
//!
//! [`crate::app::transfer`] does the work. An export that fails breaks off the connection, so that
//! a part is never taken for all.

use std::io::{self, BufReader, Read};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use photocheck_core::bank::{BankName, Note, Opinion, Purpose};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::{IntoParams, ToSchema};

use super::arrival::{self, Stop};
use super::auth::Called;
use super::extract::{Path, Query};
use super::problem::Problem;
use super::service::Service;
use crate::app::error::AppError;
use crate::app::transfer::{Export, ImportOrder, ImportReport};
use crate::clock;
use crate::exchange::{BadLines, Defaults, Format};
use crate::store::Imported;
use crate::wire::names;

/// Bytes of an import: a million hashes with short notes. The command line takes more.
const IMPORT_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Time for an import: others wait for its end.
const IMPORT_MAX: Duration = Duration::from_mins(10);
/// Time for an export: ten million records to a slow reader.
const EXPORT_MAX: Duration = Duration::from_mins(10);

/// How a file is imported.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ImportQuery {
    #[param(schema_with = names::import_format, required = false)]
    format: Option<String>,
    /// Note for photos of which the file has none; at most 1,000 bytes, without control
    /// characters.
    #[param(max_length = 1000, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$", nullable = false)]
    note: Option<String>,
    /// Opinion where the file has none.
    #[param(schema_with = names::opinion_sent, required = false)]
    opinion: Option<String>,
    /// Stop at the first bad line with 422 instead of skipping it.
    #[serde(default)]
    strict: bool,
    /// Create the bank, as one that was taken over from somebody else.
    #[serde(default)]
    create: bool,
    #[param(schema_with = names::purpose_imported, required = false)]
    purpose: Option<String>,
}

/// A list of hashes, a line each, at most 256 MiB.
#[derive(Debug, ToSchema)]
#[schema(value_type = String, format = Binary)]
pub struct ListBytes(pub Vec<u8>);

/// In which format a bank is exported.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ExportQuery {
    #[param(schema_with = names::export_format, required = false)]
    format: Option<String>,
}

/// What became of an import.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportedJson {
    #[schema(schema_with = names::import_format)]
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
    operation_id = "import_bank", 
    request_body(content = ListBytes, content_type = "application/octet-stream"),
    responses((status = 200, description = "what became of the lines", body = ImportedJson)))]
pub async fn import(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Path(name): Path<String>,
    Query(query): Query<ImportQuery>,
    request: Request,
) -> Result<Json<ImportedJson>, Problem> {
    let Service { app, uploads, .. } = &*service;
    let order = read_order(BankName::new(&name)?, &query)?;
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|bytes| IMPORT_BYTES_MAX < bytes) {
        arrival::drain(request.into_body());
        return Err(Problem::import_too_large(IMPORT_BYTES_MAX));
    }
    let (chunks_in, chunks) = mpsc::channel(4);
    let input = BufReader::new(BodyReader { chunks, chunk: Bytes::new() });
    let banks = app.banks_by(&caller);
    let mut importing = pin!(banks.import(order, input, |_| {}));
    // The import may end before the body does, and then nobody waits for a slow sender.
    let report = tokio::select! {
        report = &mut importing => report,
        () = send_body(request.into_body(), uploads.pace, chunks_in) => importing.await,
    };
    Ok(Json(report?.into()))
}

/// Export the hashes of a bank's photos.
#[utoipa::path(get, path = "/v1/banks/{name}/export", tag = "banks", params(ExportQuery),
    operation_id = "export_bank",
    responses((status = 200, description = "one record a line", content(
        (String = "application/x-ndjson"), (String = "text/csv"), (String = "text/plain")))))]
pub async fn export(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Path(name): Path<String>,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Problem> {
    let name = BankName::new(&name)?;
    let format = read_format(query.format.as_deref())?.unwrap_or(Format::Ndjson);
    let export = service.app.banks_by(&caller).export(&name, format).await?;
    let (pages_in, pages) = mpsc::channel(2);
    tokio::spawn(send_export(export, pages_in));
    let kind = match format {
        Format::Ndjson => "application/x-ndjson",
        Format::Csv | Format::ThreatexchangeCsv => "text/csv; charset=utf-8",
        Format::Text | Format::Threatexchange => "text/plain; charset=utf-8",
    };
    let headers = [(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, "attachment")];
    Ok((headers, Body::from_stream(ReceiverStream::new(pages))).into_response())
}

fn read_order(bank: BankName, query: &ImportQuery) -> Result<ImportOrder, Problem> {
    let format = read_format(query.format.as_deref())?;
    let note = Note::new(query.note.as_deref().unwrap_or_default())?;
    let opinion = read_opinion(query.opinion.as_deref())?;
    let purpose = read_purpose(query.purpose.as_deref())?;
    Ok(ImportOrder {
        bank,
        create_for: query.create.then_some(purpose),
        format,
        defaults: Defaults { note, opinion, added_at: clock::now_s() },
        strict: query.strict,
        time_max: Some(IMPORT_MAX),
    })
}

fn read_format(name: Option<&str>) -> Result<Option<Format>, Problem> {
    let read = |name| {
        Format::from_name(name).ok_or_else(|| Problem::not_known("format", name, Format::NAMES))
    };
    name.map(read).transpose()
}

fn read_opinion(name: Option<&str>) -> Result<Opinion, Problem> {
    let name = name.unwrap_or(Opinion::Confirmed.name());
    let known = "confirmed, unsure, disputed";
    Opinion::from_name(name).ok_or_else(|| Problem::not_known("opinion", name, known))
}

fn read_purpose(name: Option<&str>) -> Result<Purpose, Problem> {
    let name = name.unwrap_or(Purpose::KnownFake.name());
    // What was seen on accounts is never taken over from somebody else.
    let purpose = Purpose::from_name(name).filter(|purpose| *purpose != Purpose::Seen);
    purpose.ok_or_else(|| Problem::not_known("purpose", name, "known_fake, allow"))
}

/// Hands the body on as it comes, up to the limit.
async fn send_body(body: Body, pace: arrival::Pace, chunks: mpsc::Sender<io::Result<Bytes>>) {
    let (mut body, mut bytes) = (arrival::arriving(body, pace, None).await.pieces, 0);
    loop {
        // The import may have stopped at a line that breaks a rule.
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

impl From<ImportReport> for ImportedJson {
    fn from(report: ImportReport) -> Self {
        let ImportReport { format, imported, other_signals, bad_lines } = report;
        let Imported { added, already_there } = imported;
        let (format, bad_lines) = (format.name(), BadLinesJson::from(&bad_lines));
        Self { format, added, already_there, other_signals, bad_lines }
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

/// Sends a bank page by page. A failure is sent as an error, which breaks off the connection.
async fn send_export(mut export: Export, pages: mpsc::Sender<io::Result<Bytes>>) {
    let sent = tokio::time::timeout(EXPORT_MAX, send_pages(&mut export, &pages)).await;
    // Others may export while the last of it is on its way.
    drop(export);
    let failure = match sent {
        Ok(Ok(())) => return,
        Ok(Err(error)) => {
            tracing::error!(%error, "an export failed");
            io::Error::other("the export failed")
        }
        Err(_) => io::ErrorKind::TimedOut.into(),
    };
    // The client may be gone.
    let _ = pages.send(Err(failure)).await;
}

async fn send_pages(
    export: &mut Export,
    pages: &mpsc::Sender<io::Result<Bytes>>,
) -> Result<(), AppError> {
    while let Some(page) = export.next_page().await? {
        if pages.send(Ok(page.into())).await.is_err() {
            break;
        }
    }
    Ok(())
}
