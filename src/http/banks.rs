//! `/v1/banks`: managing the banks. A change shows in lookups at once.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use photocheck_core::bank::{BankFacts, BankName, Purpose};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{JsonBody, Path};
use super::problem::Problem;
use super::service::Service;
use crate::clock;
use crate::store::{Bank, NewBank};

/// A bank to be created.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBankJson {
    /// 1 to 64 of `A`-`Z`, `0`-`9`, `_`.
    #[schema(example = "ROMANCE_SCAM")]
    name: String,
    /// `known_fake` (stolen photos, or photos that scams were run with; the default), `allow`
    /// (photos that are never flagged) or `seen` (photos seen on accounts).
    #[schema(example = "known_fake")]
    purpose: Option<String>,
    /// Whether its contents are taken over from somebody else; the platform's own outrank them.
    #[serde(default)]
    imported: bool,
}

/// A bank and how much it holds.
#[derive(Debug, Serialize, ToSchema)]
pub struct BankJson {
    name: String,
    /// `known_fake`, `allow` or `seen`.
    #[schema(example = "known_fake")]
    purpose: &'static str,
    imported: bool,
    contents: i64,
    /// Contents that are not looked up because they match too many different photos.
    quarantined: i64,
    /// Seconds since 1970, UTC.
    created_at: i64,
}

/// All banks.
#[derive(Debug, Serialize, ToSchema)]
pub struct BanksJson {
    banks: Vec<BankJson>,
}

/// List all banks.
#[utoipa::path(get, path = "/v1/banks", tag = "banks",
    responses((status = 200, body = BanksJson)))]
pub async fn list(State(service): State<Arc<Service>>) -> Result<Json<BanksJson>, Problem> {
    let banks = service.app.banks.list().await?.into_iter().map(BankJson::from).collect();
    Ok(Json(BanksJson { banks }))
}

/// Create a bank.
#[utoipa::path(post, path = "/v1/banks", tag = "banks", request_body = NewBankJson,
    responses((status = 201, body = BankJson),
        (status = 409, description = "there is one of this name", body = Problem,
         content_type = "application/problem+json"),
        (status = 422, description = "the name or the purpose is not valid", body = Problem,
         content_type = "application/problem+json")))]
pub async fn create(
    State(service): State<Arc<Service>>,
    JsonBody(new): JsonBody<NewBankJson>,
) -> Result<(StatusCode, Json<BankJson>), Problem> {
    let name = BankName::new(&new.name)?;
    let purpose = new.purpose.as_deref().map_or(Ok(Purpose::KnownFake), read_purpose)?;
    let new = NewBank { name, purpose, imported: new.imported, created_at: clock::now_s() };
    let bank = service.app.banks.create(&new).await?;
    Ok((StatusCode::CREATED, Json(bank.into())))
}

/// Show a bank.
#[utoipa::path(get, path = "/v1/banks/{name}", tag = "banks",
    responses((status = 200, body = BankJson),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn show(
    State(service): State<Arc<Service>>,
    Path(name): Path<String>,
) -> Result<Json<BankJson>, Problem> {
    Ok(Json(service.app.banks.show(&BankName::new(&name)?).await?.into()))
}

/// Remove a bank and all it holds.
#[utoipa::path(delete, path = "/v1/banks/{name}", tag = "banks",
    responses((status = 204, description = "removed"),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn delete(
    State(service): State<Arc<Service>>,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    service.app.banks.delete(&BankName::new(&name)?).await?;
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
        let Bank { facts, contents, quarantined, created_at } = bank;
        let BankFacts { name, purpose, imported, .. } = facts;
        Self { name, purpose: purpose.name(), imported, contents, quarantined, created_at }
    }
}
