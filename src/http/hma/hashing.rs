//! `/h/hash`: the hash of a photo.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};

use super::asked::{Asked, SIGNAL_TYPE};
use crate::http::auth::Called;
use crate::http::extract::Query;
use crate::http::problem::Problem;
use crate::http::service::Service;
use crate::http::upload::{self, Upload};
use crate::tenancy::Caller;

/// A hash of each kind of signal, in hexadecimal digits.
pub type SignalsJson = BTreeMap<&'static str, String>;

/// Hashes the photo at a URL.
pub async fn by_url(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Query(asked): Query<Asked>,
) -> Result<Json<SignalsJson>, Problem> {
    asked.ensure_kinds()?;
    let Some(url) = &asked.url else {
        return Err(Problem::query_not_valid("url is needed"));
    };
    let photo = service.uploads.fetch(url, &caller).await?;
    hashed(&service, &caller, photo).await
}

/// Hashes the photo of a form.
pub async fn of_file(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Query(asked): Query<Asked>,
    request: Request,
) -> Result<Json<SignalsJson>, Problem> {
    asked.ensure_kinds()?;
    let photo = service.uploads.receive(request, &caller, &[]).await?;
    hashed(&service, &caller, photo).await
}

async fn hashed(
    service: &Service,
    caller: &Caller,
    photo: Upload,
) -> Result<Json<SignalsJson>, Problem> {
    let hashes = upload::in_time(service.app.hash_photo(caller, photo)).await?;
    Ok(Json(BTreeMap::from([(SIGNAL_TYPE, hashes.pdq.to_hex())])))
}
