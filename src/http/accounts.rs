//! `/v1/accounts`: what is kept of an account.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::Called;
use super::extract::Path;
use super::problem::Problem;
use super::service::Service;
use crate::store::Expired;

/// What was erased.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErasedJson {
    /// Photos that the account showed.
    sightings: u64,
    /// Of these, photos that no other account of the tenant showed: their hashes are gone too.
    photos: u64,
}

/// Erase what is kept of an account of the caller's tenant. Doing it again erases nothing.
#[utoipa::path(delete, path = "/v1/accounts/{account_id}", tag = "accounts",
    operation_id = "erase_account",
    responses((status = 200, description = "what was erased", body = ErasedJson)))]
pub async fn erase(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Path(account): Path<String>,
) -> Result<Json<ErasedJson>, Problem> {
    let Expired { sightings, contents } = service.app.erase_account(&caller, &account).await?;
    tracing::info!(sightings, photos = contents, "erased an account");
    Ok(Json(ErasedJson { sightings, photos: contents }))
}
