//! `/v1/banks`: managing the banks. A change shows in lookups at once.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use photocheck_core::bank::{BankFacts, BankName, Purpose};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::auth::Called;
use super::extract::{JsonBody, Path};
use super::problem::Problem;
use super::service::Service;
use crate::clock;
use crate::store::{Bank, NewBank};
use crate::wire::names;

/// A bank to be created.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBankJson {
    /// 1 to 64 of `A`-`Z`, `0`-`9`, `_`.
    #[schema(example = "ROMANCE_SCAM", pattern = "^[A-Z0-9_]{1,64}$")]
    name: String,
    #[schema(schema_with = names::purpose_sent, required = false)]
    purpose: Option<String>,
    /// Whether its contents are taken over from somebody else; the platform's own outrank them.
    #[serde(default)]
    imported: bool,
}

/// A bank and how much it holds.
#[derive(Debug, Serialize, ToSchema)]
pub struct BankJson {
    name: String,
    #[schema(schema_with = names::purpose)]
    purpose: &'static str,
    imported: bool,
    contents: i64,
    /// Contents that are not looked up because they match too many different photos.
    quarantined: i64,
    /// Seconds since 1970, UTC.
    created_at: i64,
    /// The tenant whose bank it is, if another shares it: photos are looked up in it, and it can
    /// neither be shown, changed nor exported. Its name begins with the tenant's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "acme")]
    shared_by: Option<String>,
    /// The tenants that it is shared with.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    shared_with: Vec<String>,
}

/// All banks.
#[derive(Debug, Serialize, ToSchema)]
pub struct BanksJson {
    banks: Vec<BankJson>,
}

/// List all banks: the caller's, and those that are shared with it.
#[utoipa::path(get, path = "/v1/banks", tag = "banks", operation_id = "list_banks",
    responses((status = 200, description = "all banks, by name", body = BanksJson)))]
pub async fn list(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
) -> Result<Json<BanksJson>, Problem> {
    let banks =
        service.app.banks_by(&caller).list().await?.into_iter().map(BankJson::from).collect();
    Ok(Json(BanksJson { banks }))
}

/// Create a bank.
#[utoipa::path(post, path = "/v1/banks", tag = "banks", operation_id = "create_bank",
    request_body = NewBankJson,
    responses((status = 201, description = "the new bank", body = BankJson)))]
pub async fn create(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    JsonBody(new): JsonBody<NewBankJson>,
) -> Result<(StatusCode, Json<BankJson>), Problem> {
    let name = BankName::new(&new.name)?;
    let purpose = new.purpose.as_deref().map_or(Ok(Purpose::KnownFake), read_purpose)?;
    let new = NewBank { name, purpose, imported: new.imported, created_at: clock::now_s() };
    let bank = service.app.banks_by(&caller).create(&new).await?;
    Ok((StatusCode::CREATED, Json(bank.into())))
}

/// Show a bank.
#[utoipa::path(get, path = "/v1/banks/{name}", tag = "banks", operation_id = "show_bank",
    responses((status = 200, description = "the bank", body = BankJson)))]
pub async fn show(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Path(name): Path<String>,
) -> Result<Json<BankJson>, Problem> {
    Ok(Json(service.app.banks_by(&caller).show(&BankName::new(&name)?).await?.into()))
}

/// What of a bank is to be changed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BankChangeJson {
    /// Its new name: 1 to 64 of `A`-`Z`, `0`-`9`, `_`.
    #[schema(example = "ROMANCE_SCAM_2026", pattern = "^[A-Z0-9_]{1,64}$")]
    name: String,
}

/// Rename a bank. What it is for, and whether it was taken over, never changes. A bank of the
/// purpose `seen` keeps its name.
#[utoipa::path(patch, path = "/v1/banks/{name}", tag = "banks", operation_id = "rename_bank",
    request_body = BankChangeJson,
    responses((status = 200, description = "the bank as it is now", body = BankJson)))]
pub async fn rename(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Path(name): Path<String>,
    JsonBody(change): JsonBody<BankChangeJson>,
) -> Result<Json<BankJson>, Problem> {
    let (name, to) = (BankName::new(&name)?, BankName::new(&change.name)?);
    Ok(Json(service.app.banks_by(&caller).rename(&name, &to).await?.into()))
}

/// Remove a bank and all it holds.
#[utoipa::path(delete, path = "/v1/banks/{name}", tag = "banks", operation_id = "delete_bank",
    responses((status = 204, description = "removed")))]
pub async fn delete(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    service.app.banks_by(&caller).delete(&BankName::new(&name)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn read_purpose(name: &str) -> Result<Purpose, Problem> {
    Purpose::from_name(name).ok_or_else(|| {
        Problem::field_not_valid(
            "PURPOSE_NOT_VALID",
            "a purpose is one of known_fake, allow and seen",
        )
    })
}

impl From<Bank> for BankJson {
    fn from(bank: Bank) -> Self {
        let Bank { facts, contents, quarantined, created_at, shared_by, shared_with } = bank;
        let BankFacts { name, purpose, imported, .. } = facts;
        let purpose = purpose.name();
        Self { name, purpose, imported, contents, quarantined, created_at, shared_by, shared_with }
    }
}
