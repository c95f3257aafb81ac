//! `/c/…`: banks and what they hold.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use photocheck_core::bank::{BankName, ExternalId, Note, Opinion, Purpose};
use photocheck_core::matching::index::ContentId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::asked::{Asked, SIGNAL_TYPE};
use super::hashing::SignalsJson;
use crate::app::bank_photo::NewPhoto;
use crate::app::banks::Banks;
use crate::app::error::{AppError, Refusal};
use crate::clock;
use crate::http::auth::Called;
use crate::http::extract::{self, JsonBody, Path, Query};
use crate::http::problem::Problem;
use crate::http::service::Service;
use crate::http::upload;
use crate::store::{self, Bank, Content, NewBank, StoreError};

/// A bank. Its photos are always looked up.
#[derive(Debug, Serialize)]
pub struct BankJson {
    name: String,
    matching_enabled_ratio: f64,
}

/// A bank to be created.
#[derive(Debug, Deserialize)]
pub struct NewBankJson {
    name: String,
    enabled_ratio: Option<f64>,
    enabled: Option<bool>,
}

/// A photo that was banked.
#[derive(Debug, Serialize)]
pub struct AddedJson {
    id: i64,
    signals: SignalsJson,
}

/// A banked photo.
#[derive(Debug, Serialize)]
pub struct ContentJson {
    id: i64,
    bank: BankJson,
    /// 1 where it is looked up, 0 where it is not.
    disable_until_ts: u8,
    original_media_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<MetadataJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signals: Option<SignalsJson>,
}

/// What somebody else calls it; the rest is not kept here.
#[derive(Debug, Serialize)]
pub struct MetadataJson {
    content_id: String,
    content_uri: Option<String>,
    json: Option<Value>,
    collab: Option<Value>,
}

/// How many were removed.
#[derive(Debug, Serialize)]
pub struct DeletedJson {
    deleted: u8,
}

/// What is said of a photo beside it.
#[derive(Debug, Default, Deserialize)]
struct SaidJson {
    note: Option<String>,
    metadata: Option<NewMetadataJson>,
}

#[derive(Debug, Deserialize)]
struct NewMetadataJson {
    content_id: Option<String>,
}

/// Lists the banks that photos are looked up in.
pub async fn list(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
) -> Result<Json<Vec<BankJson>>, Problem> {
    let banks = service.app.banks_by(&caller).list().await?;
    let banks = banks.into_iter().filter(|bank| bank.facts.purpose != Purpose::Seen);
    Ok(Json(banks.map(BankJson::from).collect()))
}

/// Creates a bank of known fakes.
pub async fn create(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    JsonBody(new): JsonBody<NewBankJson>,
) -> Result<(StatusCode, Json<BankJson>), Problem> {
    let is_always_on = new.enabled_ratio.is_none_or(|ratio| 1.0 <= ratio);
    if !is_always_on || new.enabled == Some(false) {
        let detail = "a bank is looked up always: disable its photos, or create it later";
        return Err(Problem::json_not_valid(detail));
    }
    let name = BankName::new(&new.name)?;
    let (purpose, created_at) = (Purpose::KnownFake, clock::now_s());
    let new = NewBank { name, purpose, imported: false, created_at };
    let bank = service.app.banks_by(&caller).create(&new).await?;
    Ok((StatusCode::CREATED, Json(bank.into())))
}

/// Shows a bank.
pub async fn show(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Path(name): Path<String>,
) -> Result<Json<BankJson>, Problem> {
    Ok(Json(shown(&service.app.banks_by(&caller), &BankName::new(&name)?).await?.into()))
}

/// Banks the photo of a form, or the one at a URL. One that the bank holds already is not added
/// again.
pub async fn add(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
    request: Request,
) -> Result<Json<AddedJson>, Problem> {
    asked.ensure_kinds()?;
    let (name, uploads) = (BankName::new(&name)?, &service.uploads);
    let (photo, said) = if let Some(url) = &asked.url {
        let body = uploads.receive_small(request).await?;
        let said = if body.is_empty() { SaidJson::default() } else { extract::json(&body)? };
        (uploads.fetch(url, &caller).await?, said)
    } else {
        let photo = uploads.receive(request, &caller, &["note", "metadata"]).await?;
        let metadata = photo.text("metadata").map(|text| extract::json(text.as_bytes()));
        let note = photo.text("note").map(ToOwned::to_owned);
        let metadata = metadata.transpose()?;
        (photo, SaidJson { note, metadata })
    };
    let external_id = said.metadata.and_then(|metadata| metadata.content_id);
    let new = NewPhoto {
        note: Note::new(said.note.as_deref().unwrap_or_default())?,
        external_id: ExternalId::new(external_id.as_deref().unwrap_or_default())?,
        opinion: Opinion::Confirmed,
        enabled: true,
    };
    let banked = upload::in_time(service.app.bank_photo(&caller, &name, photo, new)).await?;
    let signals = BTreeMap::from([(SIGNAL_TYPE, banked.pdq.to_hex())]);
    Ok(Json(AddedJson { id: banked.id.0, signals }))
}

/// Shows a banked photo.
pub async fn content(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Path((name, content_id)): Path<(String, i64)>,
    Query(asked): Query<Asked>,
) -> Result<Json<ContentJson>, Problem> {
    let (name, id) = (BankName::new(&name)?, ContentId(content_id));
    let banks = service.app.banks_by(&caller);
    let bank = shown(&banks, &name).await?.into();
    let Content { note, external_id, enabled, quarantined, .. } = banks.content(&name, id).await?;
    let signals = if asked.wants_signals() {
        let hash = banks.hash_of(&name, id).await?;
        Some(BTreeMap::from([(SIGNAL_TYPE, hash.to_hex())]))
    } else {
        None
    };
    let external_id = external_id.as_str().to_owned();
    let metadata = (asked.wants_metadata() && !external_id.is_empty()).then(|| MetadataJson {
        content_id: external_id,
        content_uri: None,
        json: None,
        collab: None,
    });
    Ok(Json(ContentJson {
        id: id.0,
        bank,
        disable_until_ts: u8::from(enabled && quarantined.is_none()),
        original_media_uri: None,
        note: Some(note.as_str().to_owned()).filter(|note| !note.is_empty()),
        metadata,
        signals,
    }))
}

/// Removes a banked photo. That there is none is no error for HMA.
pub async fn remove(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Path((name, content_id)): Path<(String, i64)>,
) -> Result<Json<DeletedJson>, Problem> {
    let (banks, name) = (service.app.banks_by(&caller), BankName::new(&name)?);
    shown(&banks, &name).await?;
    match banks.remove(&name, ContentId(content_id)).await {
        Ok(()) => Ok(Json(DeletedJson { deleted: 1 })),
        Err(AppError::Refused(Refusal::Bank(store::Refusal::NoSuchContent { .. }))) => {
            Ok(Json(DeletedJson { deleted: 0 }))
        }
        Err(error) => Err(error.into()),
    }
}

/// A bank that HMA's clients see. Those of photos seen on accounts are to them as if they were not
/// there.
async fn shown(banks: &Banks, name: &BankName) -> Result<Bank, AppError> {
    let bank = banks.show(name).await?;
    if bank.facts.purpose == Purpose::Seen {
        return Err(StoreError::from(store::Refusal::NoSuchBank(bank.facts.name)).into());
    }
    Ok(bank)
}

impl From<Bank> for BankJson {
    fn from(bank: Bank) -> Self {
        Self { name: bank.facts.name, matching_enabled_ratio: 1.0 }
    }
}
