//! `/v1/banks/{name}/contents`: the photos of a bank. A change shows in lookups at once.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use photocheck_core::bank::{BankName, ExternalId, Note, Opinion};
use photocheck_core::matching::index::ContentId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::auth::Called;
use super::extract::{JsonBody, Path, Query, whole_number};
use super::problem::Problem;
use super::service::Service;
use super::upload::{self, PhotoBytes, Upload};
use crate::app::App;
use crate::app::bank_photo::{Banked, NewPhoto};
use crate::store::{Content, ContentChange, SeenBefore};
use crate::wire::names;

/// A banked photo.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContentJson {
    content_id: i64,
    note: String,
    /// What somebody else calls it; may be empty.
    external_id: String,
    #[schema(schema_with = names::opinion)]
    opinion: &'static str,
    /// Whether it is looked up.
    enabled: bool,
    /// Why it is not looked up although it is enabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    quarantined: Option<String>,
    pdq_quality: u8,
    /// Whether its hash holds enough detail to be looked up.
    matchable: bool,
    /// Seconds since 1970, UTC.
    added_at: i64,
}

/// Some contents of a bank, by id.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContentsJson {
    contents: Vec<ContentJson>,
    /// Ask again with `after` set to this; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_after: Option<i64>,
}

/// What became of a photo that was sent to a bank.
#[derive(Debug, Serialize, ToSchema)]
pub struct AddedJson {
    content_id: i64,
    /// False when the bank held this photo already; it is then left as it was.
    added: bool,
    pdq_quality: u8,
    /// Whether its hash holds enough detail to be looked up.
    matchable: bool,
    /// Why it is not looked up: it matches too many different photos.
    #[serde(skip_serializing_if = "Option::is_none")]
    quarantined: Option<String>,
    /// Photos seen on accounts before that this one matches, nearest first.
    seen_before: Vec<SeenBeforeJson>,
}

/// A photo that was seen on accounts before.
#[derive(Debug, Serialize, ToSchema)]
pub struct SeenBeforeJson {
    /// The bank that keeps the sightings.
    #[schema(example = "SEEN")]
    bank: String,
    content_id: i64,
    /// Accounts that showed it.
    accounts: i64,
    /// When one last did, in seconds since 1970, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen: Option<i64>,
}

/// What is to be changed; what is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContentChangeJson {
    /// At most 1,000 bytes, without control characters.
    #[schema(max_length = 1000, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    note: Option<String>,
    /// At most 256 bytes, without control characters.
    #[schema(max_length = 256, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    external_id: Option<String>,
    #[schema(schema_with = names::opinion_changed, required = false)]
    opinion: Option<String>,
    enabled: Option<bool>,
    /// True: out of quarantine, for good.
    #[serde(default)]
    release: bool,
}

/// Which page of contents.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// Contents with ids above this.
    #[serde(default, deserialize_with = "whole_number")]
    after: i64,
}

/// Contents in one page.
const PAGE_MAX: u16 = 100;

/// List the photos of a bank. Neither photos nor hashes are returned.
#[utoipa::path(get, path = "/v1/banks/{name}/contents", tag = "banks", params(PageQuery),
    operation_id = "list_contents",
    responses((status = 200, description = "a page of them", body = ContentsJson)))]
pub async fn list(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Path(name): Path<String>,
    Query(page): Query<PageQuery>,
) -> Result<Json<ContentsJson>, Problem> {
    let name = BankName::new(&name)?;
    let app = &service.app;
    let found = app.banks_by(&caller).contents(&name, ContentId(page.after), PAGE_MAX).await?;
    let full = usize::from(PAGE_MAX) <= found.len();
    let next_after = found.last().filter(|_| full).map(|content| content.id.0);
    let contents = found.into_iter().map(|content| content_json(app, content)).collect();
    Ok(Json(ContentsJson { contents, next_after }))
}

/// Add a photo to a bank. Its hashes are kept, the photo is not.
#[utoipa::path(post, path = "/v1/banks/{name}/contents", tag = "banks",
    operation_id = "add_content",
    request_body(content(
        (BankPhotoForm = "multipart/form-data"),
        (PhotoBytes = "application/octet-stream"),
    )),
    responses((status = 201, description = "the bank holds it now", body = AddedJson),
        (status = 200, description = "the bank held it already", body = AddedJson)))]
pub async fn add(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Path(name): Path<String>,
    request: Request,
) -> Result<(StatusCode, Json<AddedJson>), Problem> {
    let name = BankName::new(&name)?;
    let Service { app, uploads, .. } = &*service;
    let upload = uploads.receive(request, &caller, &BankPhotoForm::TEXTS).await?;
    let new = BankPhotoForm::read_texts(&upload)?;
    let banked = upload::in_time(app.bank_photo(&caller, &name, upload, new)).await?;
    let status = if banked.added { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(added_json(app, banked))))
}

/// Show one photo of a bank.
#[utoipa::path(get, path = "/v1/banks/{name}/contents/{content_id}", tag = "banks",
    operation_id = "show_content",
    responses((status = 200, description = "as it is now", body = ContentJson)))]
pub async fn show(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Path((name, content_id)): Path<(String, i64)>,
) -> Result<Json<ContentJson>, Problem> {
    let (name, id) = (BankName::new(&name)?, ContentId(content_id));
    let content = service.app.banks_by(&caller).content(&name, id).await?;
    Ok(Json(content_json(&service.app, content)))
}

/// Change the note, the id, the opinion or the state of a banked photo.
#[utoipa::path(patch, path = "/v1/banks/{name}/contents/{content_id}", tag = "banks",
    operation_id = "change_content", request_body = ContentChangeJson,
    responses((status = 200, description = "as it is now", body = ContentJson)))]
pub async fn change(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Path((name, content_id)): Path<(String, i64)>,
    JsonBody(change): JsonBody<ContentChangeJson>,
) -> Result<Json<ContentJson>, Problem> {
    let (name, id) = (BankName::new(&name)?, ContentId(content_id));
    let change = ContentChange {
        note: change.note.as_deref().map(Note::new).transpose()?,
        external_id: change.external_id.as_deref().map(ExternalId::new).transpose()?,
        opinion: change.opinion.as_deref().map(read_opinion).transpose()?,
        enabled: change.enabled,
        release: change.release,
    };
    let changed = service.app.banks_by(&caller).change(&name, id, &change).await?;
    Ok(Json(content_json(&service.app, changed)))
}

/// Remove a photo from a bank.
#[utoipa::path(delete, path = "/v1/banks/{name}/contents/{content_id}", tag = "banks",
    operation_id = "remove_content",
    responses((status = 204, description = "removed")))]
pub async fn remove(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Path((name, content_id)): Path<(String, i64)>,
) -> Result<StatusCode, Problem> {
    service.app.banks_by(&caller).remove(&BankName::new(&name)?, ContentId(content_id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A form with a photo to be banked.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the form for the API's description")]
pub struct BankPhotoForm {
    /// JPEG, PNG, WebP, GIF or HEIC, at most 20 MiB.
    #[schema(value_type = String, format = Binary)]
    photo: Vec<u8>,
    /// Where it comes from; at most 1,000 bytes, without control characters.
    #[schema(
        example = "",
        max_length = 1000,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*$",
        nullable = false
    )]
    note: Option<String>,
    /// What somebody else calls it; at most 256 bytes, without control characters.
    #[schema(
        example = "",
        max_length = 256,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*$",
        nullable = false
    )]
    external_id: Option<String>,
    #[schema(schema_with = names::opinion_sent, required = false)]
    opinion: Option<String>,
    /// Whether it is looked up; true by default.
    #[schema(default = true, nullable = false)]
    enabled: Option<bool>,
}

impl BankPhotoForm {
    const TEXTS: [&str; 4] = ["note", "external_id", "opinion", "enabled"];

    fn read_texts(upload: &Upload) -> Result<NewPhoto, Problem> {
        let text = |name| upload.text(name).unwrap_or_default();
        Ok(NewPhoto {
            note: Note::new(text("note"))?,
            external_id: ExternalId::new(text("external_id"))?,
            opinion: upload.text("opinion").map_or(Ok(Opinion::Confirmed), read_opinion)?,
            enabled: upload.text("enabled").map_or(Ok(true), read_enabled)?,
        })
    }
}

fn read_opinion(name: &str) -> Result<Opinion, Problem> {
    Opinion::from_name(name).ok_or_else(|| {
        Problem::field_not_valid(
            "OPINION_NOT_VALID",
            "an opinion is one of confirmed, unsure and disputed",
        )
    })
}

fn read_enabled(text: &str) -> Result<bool, Problem> {
    text.parse().map_err(|_| {
        Problem::field_not_valid("ENABLED_NOT_VALID", "enabled is one of true and false")
    })
}

fn added_json(app: &App, banked: Banked) -> AddedJson {
    let Banked { id, added, pdq_quality, seen_before, quarantined, .. } = banked;
    AddedJson {
        content_id: id.0,
        added,
        pdq_quality: pdq_quality.value(),
        matchable: app.checker().matcher().is_comparable(pdq_quality),
        quarantined,
        seen_before: seen_before.into_iter().map(SeenBeforeJson::from).collect(),
    }
}

fn content_json(app: &App, content: Content) -> ContentJson {
    ContentJson {
        content_id: content.id.0,
        note: content.note.as_str().to_owned(),
        external_id: content.external_id.as_str().to_owned(),
        opinion: content.opinion.name(),
        enabled: content.enabled,
        quarantined: content.quarantined,
        pdq_quality: content.pdq_quality.value(),
        matchable: app.checker().matcher().is_comparable(content.pdq_quality),
        added_at: content.added_at,
    }
}

impl From<SeenBefore> for SeenBeforeJson {
    fn from(seen: SeenBefore) -> Self {
        let SeenBefore { bank, content, accounts, last_seen_at } = seen;
        Self { bank, content_id: content.0, accounts, last_seen: last_seen_at }
    }
}
