//! `/v1/banks/{name}/contents`: the photos of a bank. A change shows in lookups at once.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::extract::{JsonBody, Path, Query, whole_number};
use super::problem::Problem;
use super::upload::{self, Upload};
use crate::clock;
use crate::retro::{self, Banked};
use crate::store::{BankName, Content, ContentChange, ExternalId, NewContent, Note, SeenBefore};
use photocheck_core::bank::Opinion;
use photocheck_core::matching::hashes::{PdqQuality, PhotoHashes};
use photocheck_core::matching::index::ContentId;
use photocheck_core::matching::views::ViewHashes;
use photocheck_core::photo::PhotoError;

/// A banked photo.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContentJson {
    content_id: i64,
    note: String,
    /// What somebody else calls it; may be empty.
    external_id: String,
    /// `confirmed`, `unsure` or `disputed`.
    #[schema(example = "confirmed")]
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
    /// At most 1,000 bytes.
    note: Option<String>,
    /// At most 256 bytes.
    external_id: Option<String>,
    /// `confirmed`, `unsure` or `disputed`.
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

/// List the photos of a bank. No photo and no hash is given out.
#[utoipa::path(get, path = "/v1/banks/{name}/contents", tag = "banks", params(PageQuery),
    responses((status = 200, body = ContentsJson),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn list(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    Query(page): Query<PageQuery>,
) -> Result<Json<ContentsJson>, Problem> {
    let name = BankName::new(&name)?;
    let found = app.store.contents(&name, ContentId(page.after), PAGE_MAX).await?;
    let full = usize::from(PAGE_MAX) <= found.len();
    let next_after = found.last().filter(|_| full).map(|content| content.id.0);
    let contents = found.into_iter().map(|content| app.content_json(content)).collect();
    Ok(Json(ContentsJson { contents, next_after }))
}

/// Add a photo to a bank. Its hashes are kept, the photo is not.
#[utoipa::path(post, path = "/v1/banks/{name}/contents", tag = "banks",
    request_body(content(
        (BankPhotoForm = "multipart/form-data"),
        (Vec<u8> = "application/octet-stream"),
    )),
    responses((status = 201, body = AddedJson),
        (status = 200, description = "the bank held it already", body = AddedJson),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "the photo came too slowly", body = Problem,
         content_type = "application/problem+json"),
        (status = 409, description = "a bank of sightings", body = Problem,
         content_type = "application/problem+json"),
        (status = 422, description = "a field is not valid, or there are two photos",
         body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub async fn add(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    request: Request,
) -> Result<(StatusCode, Json<AddedJson>), Problem> {
    let name = BankName::new(&name)?;
    let (upload, place) = app.uploads.receive(request, &BankPhotoForm::TEXTS).await?;
    let texts = BankPhotoForm::texts_of(&upload)?;
    let (live, checker) = (app.live.clone(), Arc::clone(&app.checker));
    let looked_up = place.run(move || -> Result<_, PhotoError> {
        let views = checker.hash(upload.photo())?;
        let matches = checker.matches(&views, &live.index());
        let found = matches.iter().map(|found| (&*found.bank, found.content));
        Ok((views.hashes, views.banked().collect(), retro::seen_among(found)))
    });
    let (hashes, views, seen) = upload::done(looked_up).await??;
    let content = texts.content(hashes, views);
    let policy = app.checker.policy();
    let banked = retro::bank_photo(&app.store, policy, &name, content, &seen).await?;
    app.live.refresh().await?;
    let status = if banked.added { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(app.added_json(banked, hashes.pdq_quality))))
}

/// Change what is known and thought of a banked photo.
#[utoipa::path(patch, path = "/v1/banks/{name}/contents/{content_id}", tag = "banks",
    request_body = ContentChangeJson,
    responses((status = 200, body = ContentJson),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "a field is not valid", body = Problem,
         content_type = "application/problem+json")))]
pub async fn change(
    State(app): State<Arc<App>>,
    Path((name, content_id)): Path<(String, i64)>,
    JsonBody(change): JsonBody<ContentChangeJson>,
) -> Result<Json<ContentJson>, Problem> {
    let (name, id) = (BankName::new(&name)?, ContentId(content_id));
    let change = ContentChange {
        note: change.note.as_deref().map(Note::new).transpose()?,
        external_id: change.external_id.as_deref().map(ExternalId::new).transpose()?,
        opinion: change.opinion.as_deref().map(opinion_of).transpose()?,
        enabled: change.enabled,
        release: change.release,
    };
    app.store.change_content(&name, id, &change).await?;
    app.live.refresh().await?;
    Ok(Json(app.content_json(app.store.content(&name, id).await?)))
}

/// Remove a photo from a bank.
#[utoipa::path(delete, path = "/v1/banks/{name}/contents/{content_id}", tag = "banks",
    responses((status = 204, description = "removed"),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn remove(
    State(app): State<Arc<App>>,
    Path((name, content_id)): Path<(String, i64)>,
) -> Result<StatusCode, Problem> {
    app.store.remove_content(&BankName::new(&name)?, ContentId(content_id)).await?;
    app.live.refresh().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A form with a photo to be banked.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the form for the API's description")]
pub struct BankPhotoForm {
    /// JPEG, PNG, WebP or GIF, at most 20 MiB.
    #[schema(value_type = String, format = Binary)]
    photo: Vec<u8>,
    /// Where it comes from; at most 1,000 bytes.
    note: Option<String>,
    /// What somebody else calls it; at most 256 bytes.
    external_id: Option<String>,
    /// `confirmed` (the default), `unsure` or `disputed`.
    opinion: Option<String>,
    /// Whether it is looked up; true by default.
    enabled: Option<bool>,
}

/// The text fields of the form, checked.
struct Texts {
    note: Note,
    external_id: ExternalId,
    opinion: Opinion,
    enabled: bool,
}

impl Texts {
    fn content(self, hashes: PhotoHashes, views: Vec<ViewHashes>) -> NewContent {
        let Self { note, external_id, opinion, enabled } = self;
        let (quarantined, added_at) = (String::new(), clock::now_s());
        NewContent { hashes, views, note, external_id, opinion, enabled, quarantined, added_at }
    }
}

impl BankPhotoForm {
    const TEXTS: [&str; 4] = ["note", "external_id", "opinion", "enabled"];

    fn texts_of(upload: &Upload) -> Result<Texts, Problem> {
        let text = |name| upload.text(name).unwrap_or_default();
        Ok(Texts {
            note: Note::new(text("note"))?,
            external_id: ExternalId::new(text("external_id"))?,
            opinion: upload.text("opinion").map_or(Ok(Opinion::Confirmed), opinion_of)?,
            enabled: upload.text("enabled").map_or(Ok(true), enabled_of)?,
        })
    }
}

fn opinion_of(name: &str) -> Result<Opinion, Problem> {
    Opinion::from_name(name).ok_or_else(|| {
        let detail = "an opinion is one of confirmed, unsure and disputed";
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "OPINION_NOT_VALID", detail)
    })
}

fn enabled_of(text: &str) -> Result<bool, Problem> {
    text.parse().map_err(|_| {
        let detail = "enabled is one of true and false";
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "ENABLED_NOT_VALID", detail)
    })
}

impl App {
    fn added_json(&self, banked: Banked, quality: PdqQuality) -> AddedJson {
        AddedJson {
            content_id: banked.id.0,
            added: banked.added,
            pdq_quality: quality.value(),
            matchable: self.checker.matcher().is_comparable(quality),
            quarantined: Some(banked.quarantined).filter(|reason| !reason.is_empty()),
            seen_before: banked.seen_before.into_iter().map(SeenBeforeJson::from).collect(),
        }
    }

    fn content_json(&self, content: Content) -> ContentJson {
        ContentJson {
            content_id: content.id.0,
            note: content.note,
            external_id: content.external_id,
            opinion: content.opinion.name(),
            enabled: content.enabled,
            quarantined: Some(content.quarantined).filter(|reason| !reason.is_empty()),
            pdq_quality: content.pdq_quality.value(),
            matchable: self.checker.matcher().is_comparable(content.pdq_quality),
            added_at: content.added_at,
        }
    }
}

impl From<SeenBefore> for SeenBeforeJson {
    fn from(seen: SeenBefore) -> Self {
        let SeenBefore { bank, content, accounts, last_seen_at } = seen;
        Self { bank, content_id: content.0, accounts, last_seen: last_seen_at }
    }
}
