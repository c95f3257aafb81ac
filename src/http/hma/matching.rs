//! `/m/…`: which banked photos match, and how far two hashes lie apart.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use photocheck_core::signals::Match;
use serde::Serialize;
use serde_json::{Map, Value};

use super::asked::{self, Asked, SIGNAL_TYPE};
use crate::http::auth::Called;
use crate::http::extract::{JsonBody, Query};
use crate::http::problem::Problem;
use crate::http::service::Service;
use crate::http::upload;

/// A match. HMA writes the distance as text.
#[derive(Debug, Serialize)]
pub struct MatchJson {
    bank_content_id: i64,
    distance: String,
}

/// Matches by the name of their bank.
type ByBank = BTreeMap<String, Vec<MatchJson>>;

/// Matches, by the kind of signal where it was not named.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum LookupJson {
    ByType(BTreeMap<&'static str, ByBank>),
    OfOneType(ByBank),
}

/// Matches of a hash in one list.
#[derive(Debug, Serialize)]
pub struct RawLookupJson {
    matches: Vec<RawMatchJson>,
}

/// A match, or the id alone.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum RawMatchJson {
    Id(i64),
    Match(MatchJson),
}

/// Whether two hashes match, and how many bits they lie apart.
#[derive(Debug, Serialize)]
pub struct ComparedJson(bool, DistanceJson);

/// Here HMA writes a number.
#[derive(Debug, Serialize)]
struct DistanceJson {
    distance: u16,
}

/// Looks up the photo at a URL, or a hash.
pub async fn lookup(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Query(asked): Query<Asked>,
) -> Result<Json<LookupJson>, Problem> {
    asked.ensure_kinds()?;
    let (app, looked_in) = (&service.app, asked.looked_in());
    let Some(url) = &asked.url else {
        let found = app.look_up_hash(&caller, asked.hash()?, looked_in).await?;
        return Ok(Json(LookupJson::OfOneType(by_bank(&found))));
    };
    let photo = service.uploads.fetch(url, &caller).await?;
    let found = upload::in_time(app.look_up_photo(&caller, photo, looked_in)).await?;
    let by_bank = by_bank(&found);
    Ok(Json(if asked.names_one_type() {
        LookupJson::OfOneType(by_bank)
    } else {
        LookupJson::ByType(BTreeMap::from([(SIGNAL_TYPE, by_bank)]))
    }))
}

/// Looks up the photo of a form.
pub async fn lookup_file(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Query(asked): Query<Asked>,
    request: Request,
) -> Result<Json<LookupJson>, Problem> {
    asked.ensure_kinds()?;
    let photo = service.uploads.receive(request, &caller, &[]).await?;
    let looked_up = service.app.look_up_photo(&caller, photo, asked.looked_in());
    let found = upload::in_time(looked_up).await?;
    Ok(Json(LookupJson::ByType(BTreeMap::from([(SIGNAL_TYPE, by_bank(&found))]))))
}

/// Looks up a hash, and lists what matches without the banks.
pub async fn raw_lookup(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Query(asked): Query<Asked>,
) -> Result<Json<RawLookupJson>, Problem> {
    let found = service.app.look_up_hash(&caller, asked.hash()?, asked.looked_in()).await?;
    let matches = found.iter().map(|found| {
        if asked.wants_distance() {
            RawMatchJson::Match(found.into())
        } else {
            RawMatchJson::Id(found.content.0)
        }
    });
    Ok(Json(RawLookupJson { matches: matches.collect() }))
}

/// Says how far two hashes lie apart. No bank is asked.
pub async fn compare(
    State(service): State<Arc<Service>>,
    JsonBody(pairs): JsonBody<Map<String, Value>>,
) -> Result<Json<BTreeMap<&'static str, ComparedJson>>, Problem> {
    let distance_max = service.app.checker().matcher().thresholds().sure_distance_max;
    let mut compared = BTreeMap::new();
    for (kind, pair) in pairs {
        asked::ensure_signal_type("a kind of signal", &kind)?;
        let pair: Option<[String; 2]> = serde_json::from_value(pair).ok();
        let Some([left, right]) = pair else {
            let detail = format!("{kind} needs a list of two hashes");
            return Err(Problem::json_not_valid(&detail));
        };
        let distance = asked::read_hash(&left)?.distance(asked::read_hash(&right)?);
        let distance_json = DistanceJson { distance: distance.0 };
        compared.insert(SIGNAL_TYPE, ComparedJson(distance <= distance_max, distance_json));
    }
    Ok(Json(compared))
}

fn by_bank(matches: &[Match]) -> ByBank {
    let mut by_bank = ByBank::new();
    for found in matches {
        by_bank.entry(found.bank.name.clone()).or_default().push(found.into());
    }
    by_bank
}

impl From<&Match> for MatchJson {
    fn from(found: &Match) -> Self {
        Self { bank_content_id: found.content.0, distance: found.distance.0.to_string() }
    }
}
