//! `/v1/admin`: tenants, their keys, and the banks that they share.
//!
//! [`crate::app::tenants`] decides who manages what: a key of the tenant `default` all of it, one
//! of another tenant that tenant's keys.

use std::num::NonZeroU32;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use photocheck_core::bank::BankName;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::auth::Called;
use super::extract::{JsonBody, Path, Query, count};
use super::problem::Problem;
use super::service::Service;
use crate::app::error::AppError;
use crate::app::tenants::{KeyOrder, MadeKey, Share};
use crate::store::{StoredKey, Tenant};
use crate::tenancy::{KeyLimits, KeyName, KeyScope, KeyScopes, TenantName};

/// A tenant to be created.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTenantJson {
    /// 1 to 40 of `a`-`z`, `0`-`9` and `-`, no `-` at its ends.
    #[schema(example = "acme", pattern = "^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$")]
    name: String,
}

/// A tenant.
#[derive(Debug, Serialize, ToSchema)]
pub struct TenantJson {
    #[schema(example = "acme")]
    name: String,
    /// Seconds since 1970, UTC.
    created_at: i64,
}

/// Tenants.
#[derive(Debug, Serialize, ToSchema)]
pub struct TenantsJson {
    tenants: Vec<TenantJson>,
}

/// A key to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKeyJson {
    /// The tenant that it is for; the caller's own where it is left out.
    #[schema(example = "acme", pattern = "^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$")]
    tenant: Option<String>,
    /// What it is for: one line of at most 100 bytes.
    #[schema(
        example = "sign-up",
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]+$"
    )]
    name: String,
    /// What it may be used for; none includes another.
    #[schema(min_items = 1)]
    scopes: Vec<KeyScopeJson>,
    /// It expires no later than the key that asks for it.
    #[serde(default, deserialize_with = "days")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 3650)]
    expires_in_days: Option<NonZeroU32>,
    /// At most what the key has that asks for it, as the next one.
    #[serde(default, deserialize_with = "requests")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000_000)]
    requests_per_minute: Option<NonZeroU32>,
    /// Of a day in UTC, on all machines together.
    #[serde(default, deserialize_with = "requests")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000_000)]
    requests_per_day: Option<NonZeroU32>,
}

/// What a key may be used for.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
pub enum KeyScopeJson {
    #[serde(rename = "check")]
    Check,
    #[serde(rename = "bank:read")]
    BankRead,
    #[serde(rename = "bank:write")]
    BankWrite,
    #[serde(rename = "review")]
    Review,
    #[serde(rename = "admin")]
    Admin,
}

/// A key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyJson {
    /// Names the key; it is no secret.
    #[schema(example = "0Ab1Cd2Ef3Gh")]
    id: String,
    tenant: String,
    name: String,
    scopes: Vec<KeyScopeJson>,
    /// Seconds since 1970, UTC, as all times here.
    created_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<i64>,
    /// To the minute or so.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>)]
    requests_per_minute: Option<NonZeroU32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>)]
    requests_per_day: Option<NonZeroU32>,
}

/// Keys.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeysJson {
    keys: Vec<KeyJson>,
}

/// A key that was made. Nobody can show it again.
#[derive(Debug, Serialize, ToSchema)]
pub struct MadeKeyJson {
    /// The key itself, for `authorization: Bearer`.
    #[schema(example = "pck_live_…")]
    key: String,
    about: KeyJson,
}

/// Whose keys.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct KeysQuery {
    /// Those of this tenant; of all that the caller manages where it is left out.
    #[param(pattern = "^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$", nullable = false)]
    tenant: Option<String>,
}

/// List the tenants that the caller manages.
#[utoipa::path(get, path = "/v1/admin/tenants", tag = "admin", operation_id = "list_tenants",
    responses((status = 200, description = "tenants, by name", body = TenantsJson)))]
pub async fn list_tenants(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
) -> Result<Json<TenantsJson>, Problem> {
    let tenants = service.app.tenants().list(&caller).await?;
    Ok(Json(TenantsJson { tenants: tenants.into_iter().map(TenantJson::from).collect() }))
}

/// Create a tenant. Only whoever runs the service may.
#[utoipa::path(post, path = "/v1/admin/tenants", tag = "admin", operation_id = "create_tenant",
    request_body = NewTenantJson,
    responses((status = 201, description = "the new tenant", body = TenantJson)))]
pub async fn create_tenant(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    JsonBody(new): JsonBody<NewTenantJson>,
) -> Result<(StatusCode, Json<TenantJson>), Problem> {
    let tenant = service.app.tenants().create(&caller, &read_name(&new.name)?).await?;
    Ok((StatusCode::CREATED, Json(tenant.into())))
}

/// Erase a tenant and everything that belongs to it: banks, photos, sightings and keys. Only
/// whoever runs the service may.
#[utoipa::path(delete, path = "/v1/admin/tenants/{tenant}", tag = "admin",
    operation_id = "erase_tenant",
    responses((status = 204, description = "erased")))]
pub async fn erase_tenant(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Path(tenant): Path<String>,
) -> Result<StatusCode, Problem> {
    service.app.tenants().erase(&caller, &read_name(&tenant)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Let another tenant look photos up in a bank. For it the bank counts as imported; it can neither
/// change nor export it. Only whoever runs the service may.
#[utoipa::path(put, path = "/v1/admin/tenants/{tenant}/banks/{name}/shares/{with}", tag = "admin",
    operation_id = "share_bank",
    responses((status = 204, description = "shared")))]
pub async fn share(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Path(share): Path<(String, String, String)>,
) -> Result<StatusCode, Problem> {
    service.app.tenants().share(&caller, &read_share(&share)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Share a bank no longer.
#[utoipa::path(delete, path = "/v1/admin/tenants/{tenant}/banks/{name}/shares/{with}",
    tag = "admin", operation_id = "unshare_bank",
    responses((status = 204, description = "not shared any more")))]
pub async fn unshare(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Path(share): Path<(String, String, String)>,
) -> Result<StatusCode, Problem> {
    service.app.tenants().unshare(&caller, &read_share(&share)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List the keys that the caller manages, without their secrets.
#[utoipa::path(get, path = "/v1/admin/keys", tag = "admin", params(KeysQuery),
    operation_id = "list_keys",
    responses((status = 200, description = "keys, the oldest first", body = KeysJson)))]
pub async fn list_keys(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Query(query): Query<KeysQuery>,
) -> Result<Json<KeysJson>, Problem> {
    let tenant = query.tenant.as_deref().map(read_name).transpose()?;
    let keys = service.app.tenants().keys(&caller, tenant.as_ref()).await?;
    Ok(Json(KeysJson { keys: keys.into_iter().map(KeyJson::from).collect() }))
}

/// Make a key. The answer is the only place where it is ever shown.
#[utoipa::path(post, path = "/v1/admin/keys", tag = "admin", operation_id = "make_key",
    request_body = NewKeyJson,
    responses((status = 201, description = "the new key", body = MadeKeyJson)))]
pub async fn make_key(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    JsonBody(new): JsonBody<NewKeyJson>,
) -> Result<(StatusCode, Json<MadeKeyJson>), Problem> {
    let scopes: KeyScopes = new.scopes.iter().map(|scope| KeyScope::from(*scope)).collect();
    scopes.ensure_some().map_err(AppError::from)?;
    let order = KeyOrder {
        tenant: new.tenant.as_deref().map(read_name).transpose()?,
        name: KeyName::new(&new.name).map_err(AppError::from)?,
        scopes,
        expires_in_days: new.expires_in_days,
        limits: KeyLimits { per_minute: new.requests_per_minute, per_day: new.requests_per_day },
    };
    let MadeKey { key, stored } = service.app.tenants().make_key(&caller, order).await?;
    let made = MadeKeyJson { key: key.reveal().to_owned(), about: stored.into() };
    Ok((StatusCode::CREATED, Json(made)))
}

/// Revoke a key for good. Every machine refuses it within a second.
#[utoipa::path(delete, path = "/v1/admin/keys/{key_id}", tag = "admin",
    operation_id = "revoke_key",
    responses((status = 204, description = "revoked")))]
pub async fn revoke_key(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    service.app.tenants().revoke_key(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Days until a key expires, at most: ten years.
fn days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NonZeroU32>, D::Error> {
    count(deserializer, 3650)
}

fn requests<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NonZeroU32>, D::Error> {
    count(deserializer, 1_000_000_000)
}

fn read_name(name: &str) -> Result<TenantName, Problem> {
    Ok(TenantName::new(name).map_err(AppError::from)?)
}

fn read_share((owner, bank, with): &(String, String, String)) -> Result<Share, Problem> {
    let (owner, with) = (read_name(owner)?, read_name(with)?);
    Ok(Share { owner, bank: BankName::new(bank)?, with })
}

impl From<Tenant> for TenantJson {
    fn from(tenant: Tenant) -> Self {
        Self { name: tenant.name.to_string(), created_at: tenant.created_at }
    }
}

impl From<StoredKey> for KeyJson {
    fn from(key: StoredKey) -> Self {
        Self {
            id: key.id.to_string(),
            tenant: key.tenant_name.to_string(),
            name: key.name.as_str().to_owned(),
            scopes: key.scopes.iter().map(KeyScopeJson::from).collect(),
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            last_used_at: key.last_used_at,
            requests_per_minute: key.limits.per_minute,
            requests_per_day: key.limits.per_day,
        }
    }
}

impl From<KeyScopeJson> for KeyScope {
    fn from(scope: KeyScopeJson) -> Self {
        match scope {
            KeyScopeJson::Check => Self::Check,
            KeyScopeJson::BankRead => Self::BankRead,
            KeyScopeJson::BankWrite => Self::BankWrite,
            KeyScopeJson::Review => Self::Review,
            KeyScopeJson::Admin => Self::Admin,
        }
    }
}

impl From<KeyScope> for KeyScopeJson {
    fn from(scope: KeyScope) -> Self {
        match scope {
            KeyScope::Check => Self::Check,
            KeyScope::BankRead => Self::BankRead,
            KeyScope::BankWrite => Self::BankWrite,
            KeyScope::Review => Self::Review,
            KeyScope::Admin => Self::Admin,
        }
    }
}
