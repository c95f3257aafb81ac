//! `/v1/banks`: managing the banks of known photos. A change shows in lookups at once.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::problem::Problem;
use super::upload::Upload;
use crate::clock;
use crate::core::hashes::PhotoHashes;
use crate::core::index::ContentId;
use crate::store::{Bank, BankName, Content, NewContent, Note};

/// A bank to be created.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBankJson {
    /// 1 to 64 of `A`-`Z`, `0`-`9`, `_`.
    #[schema(example = "ROMANCE_SCAM")]
    name: String,
}

/// A bank and how much it holds.
#[derive(Debug, Serialize, ToSchema)]
pub struct BankJson {
    name: String,
    contents: i64,
    /// Seconds since 1970, UTC.
    created_at: i64,
}

/// All banks.
#[derive(Debug, Serialize, ToSchema)]
pub struct BanksJson {
    banks: Vec<BankJson>,
}

/// A banked photo.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContentJson {
    content_id: i64,
    note: String,
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
    /// False when the bank held this photo already.
    added: bool,
    pdq_quality: u8,
    /// Whether its hash holds enough detail to be looked up.
    matchable: bool,
}

/// Which page of contents.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Contents with ids above this.
    #[serde(default)]
    after: i64,
}

/// Contents in one page.
const PAGE_MAX: u16 = 100;

/// List all banks.
#[utoipa::path(get, path = "/v1/banks", tag = "banks",
    responses((status = 200, body = BanksJson)))]
pub async fn list(State(app): State<Arc<App>>) -> Result<Json<BanksJson>, Problem> {
    let banks = app.store.banks().await?.into_iter().map(BankJson::from).collect();
    Ok(Json(BanksJson { banks }))
}

/// Create a bank.
#[utoipa::path(post, path = "/v1/banks", tag = "banks", request_body = NewBankJson,
    responses((status = 201, body = BankJson),
        (status = 409, description = "there is one of this name", body = Problem,
         content_type = "application/problem+json"),
        (status = 422, description = "the name is not valid", body = Problem,
         content_type = "application/problem+json")))]
pub async fn create(
    State(app): State<Arc<App>>,
    Json(new): Json<NewBankJson>,
) -> Result<(StatusCode, Json<BankJson>), Problem> {
    let name = BankName::new(&new.name)?;
    app.store.create_bank(&name, clock::now_s()).await?;
    let bank = app.store.bank(&name).await?;
    Ok((StatusCode::CREATED, Json(bank.into())))
}

/// Show a bank.
#[utoipa::path(get, path = "/v1/banks/{name}", tag = "banks",
    responses((status = 200, body = BankJson),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn show(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<Json<BankJson>, Problem> {
    Ok(Json(app.store.bank(&BankName::new(&name)?).await?.into()))
}

/// Remove a bank and all it holds.
#[utoipa::path(delete, path = "/v1/banks/{name}", tag = "banks",
    responses((status = 204, description = "removed"),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn delete(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    app.store.delete_bank(&BankName::new(&name)?).await?;
    app.live.refresh().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List the photos of a bank. No photo and no hash is given out.
#[utoipa::path(get, path = "/v1/banks/{name}/contents", tag = "banks", params(PageQuery),
    responses((status = 200, body = ContentsJson),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn contents(
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
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub async fn add(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    request: Request,
) -> Result<(StatusCode, Json<AddedJson>), Problem> {
    let name = BankName::new(&name)?;
    let mut place = app.gate.enter()?;
    let upload = Upload::read(request, &mut place).await?;
    let note = Note::new(&upload.note)?;
    let hashed = place.run(move || PhotoHashes::of_file(&upload.photo));
    let hashes = hashed.await.map_err(|error| Problem::ours(&error))??;
    let content = NewContent { hashes, note, added_at: clock::now_s() };
    let (id, added) = app.store.add_content(&name, &content).await?;
    app.live.refresh().await?;
    let pdq_quality = hashes.pdq_quality;
    let matchable = app.checker.policy().is_comparable(pdq_quality);
    let status = if added { StatusCode::CREATED } else { StatusCode::OK };
    let pdq_quality = pdq_quality.value();
    Ok((status, Json(AddedJson { content_id: id.0, added, pdq_quality, matchable })))
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
}

impl App {
    fn content_json(&self, content: Content) -> ContentJson {
        let quality = content.hashes.pdq_quality;
        ContentJson {
            content_id: content.id.0,
            note: content.note,
            pdq_quality: quality.value(),
            matchable: self.checker.policy().is_comparable(quality),
            added_at: content.added_at,
        }
    }
}

impl From<Bank> for BankJson {
    fn from(bank: Bank) -> Self {
        Self { name: bank.name, contents: bank.contents, created_at: bank.created_at }
    }
}
