//! `/v1/checks/{check_id}/receipt`, and the public keys that verify receipts.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::auth::{self, Called};
use super::checks::read_id;
use super::extract::Path;
use super::problem::Problem;
use super::service::Service;
use crate::receipts::SigningKeys;

const SIGNED: HeaderValue = HeaderValue::from_static("application/jose+json");

/// A receipt: a JSON Web Signature (RFC 7515) in the flattened JSON form. docs/receipts.md says
/// what is in it.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what the app writes, for the API's description")]
pub struct ReceiptJson {
    /// What was said of the photo: JSON as base64url.
    #[schema(pattern = "^[0-9A-Za-z_-]+$")]
    payload: String,
    /// `alg` (`EdDSA`), `kid` and `typ` (`photocheck-receipt`): JSON as base64url.
    #[schema(pattern = "^[0-9A-Za-z_-]+$")]
    protected: String,
    /// Of both, as base64url.
    #[schema(pattern = "^[0-9A-Za-z_-]{86}$")]
    signature: String,
}

/// Public keys: a JSON Web Key Set (RFC 7517).
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what the app writes, for the API's description")]
pub struct PublicKeysJson {
    /// The one that signs first, then one that is to sign next and those of earlier receipts; none
    /// where no receipts are signed.
    keys: Vec<PublicKeyJson>,
}

/// A public key (RFC 8037).
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what the app writes, for the API's description")]
pub struct PublicKeyJson {
    #[schema(example = "OKP")]
    kty: String,
    #[schema(example = "Ed25519")]
    crv: String,
    x: String,
    /// Its thumbprint (RFC 7638).
    kid: String,
    #[schema(example = "EdDSA")]
    alg: String,
    #[schema(rename = "use", example = "sig")]
    used_for: String,
}

/// Ask for the signed receipt of a check, which anybody can verify without this service.
#[utoipa::path(get, path = "/v1/checks/{check_id}/receipt", tag = "checks",
    operation_id = "show_receipt",
    responses((status = 200, description = "the receipt, the same each time",
        body = ReceiptJson, content_type = "application/jose+json")))]
pub async fn show(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    auth::ensure_may_keep(&caller, &service.origins, &headers)?;
    let receipt = service.app.receipt(caller.tenant, read_id(&id)?).await?;
    Ok(([(header::CONTENT_TYPE, SIGNED)], receipt.to_string()).into_response())
}

/// The public keys that receipts are verified with.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "checks",
    operation_id = "show_public_keys",
    responses((status = 200, description = "all keys", body = PublicKeysJson)))]
pub async fn public_keys(State(service): State<Arc<Service>>) -> Json<Value> {
    let none = || json!({ "keys": [] });
    Json(service.app.receipt_keys().map_or_else(none, SigningKeys::public_set))
}
