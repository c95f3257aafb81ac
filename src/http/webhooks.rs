//! `/v1/webhooks`: where a tenant's events are sent.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::auth::Called;
use super::extract::{JsonBody, Path, Query};
use super::problem::Problem;
use super::service::Service;
use crate::app::error::AppError;
use crate::store::{Endpoint, MessageState, Refusal, StoreError, StoredMessage};
use crate::webhooks::EventKinds;

/// An endpoint to be registered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEndpointJson {
    /// `https`, at a public address, or one in a network that the operator names; at most 2,048
    /// bytes.
    #[schema(format = "uri", example = "https://hooks.example.org/photocheck")]
    url: String,
    /// What to be told; all where it is left out or empty.
    #[serde(default)]
    #[schema(value_type = Vec<EventJson>, example = json!(["check.finished"]))]
    events: Vec<String>,
}

/// What may be told.
#[derive(Debug, ToSchema)]
pub enum EventJson {
    #[schema(rename = "check.finished")]
    CheckFinished,
    #[schema(rename = "appeal.decided")]
    AppealDecided,
    #[schema(rename = "photo.seen_before")]
    PhotoSeenBefore,
    #[schema(rename = "hash.quarantined")]
    HashQuarantined,
    #[schema(rename = "endpoint.switched_off")]
    EndpointSwitchedOff,
}

/// An endpoint, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct EndpointJson {
    #[schema(format = "uuid", example = "019abf5e-0000-7000-8000-000000000002")]
    id: String,
    url: String,
    /// What it is told; empty for all.
    events: Vec<&'static str>,
    /// Seconds since 1970, UTC, as all times here.
    created_at: i64,
    /// Since when nothing arrives there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    failing_since: Option<i64>,
    /// Nothing is sent there any more since then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    switched_off_at: Option<i64>,
    /// Until then messages are signed with the secret before, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    old_secret_until: Option<i64>,
}

/// Endpoints.
#[derive(Debug, Serialize, ToSchema)]
pub struct EndpointsJson {
    endpoints: Vec<EndpointJson>,
}

/// An endpoint that was registered. Nobody shows the secret again.
#[derive(Debug, Serialize, ToSchema)]
pub struct RegisteredJson {
    /// What to verify messages with, by any library of Standard Webhooks.
    #[schema(example = "whsec_…")]
    secret: String,
    endpoint: EndpointJson,
}

/// A new secret. Nobody shows it again.
#[derive(Debug, Serialize, ToSchema)]
pub struct SecretJson {
    #[schema(example = "whsec_…")]
    secret: String,
}

/// A message.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessageJson {
    /// As of its header `webhook-id`.
    #[schema(example = "msg_019abf5e000070008000000000000003")]
    id: String,
    #[schema(example = "check.finished")]
    event: String,
    state: MessageStateJson,
    created_at: i64,
    /// When it arrived, or was given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    finished_at: Option<i64>,
    /// How often it was sent.
    attempts: u32,
    /// Why the last attempt failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    problem: Option<String>,
}

/// How far a message is.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageStateJson {
    Pending,
    Delivered,
    /// It was sent for a day and did not arrive.
    Dead,
}

/// Messages.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessagesJson {
    messages: Vec<MessageJson>,
}

/// Which messages.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct MessagesQuery {
    /// Those in this state; all where it is left out.
    #[param(nullable = false)]
    state: Option<MessageStateJson>,
}

/// What is sent again.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReplayedJson {
    messages: u64,
}

/// List the endpoints of the caller's tenant.
#[utoipa::path(get, path = "/v1/webhooks", tag = "webhooks", operation_id = "list_endpoints",
    responses((status = 200, description = "endpoints, the oldest first", body = EndpointsJson)))]
pub async fn list(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
) -> Result<Json<EndpointsJson>, Problem> {
    let endpoints = service.app.endpoints(caller.tenant).await?;
    let endpoints = endpoints.into_iter().map(EndpointJson::from).collect();
    Ok(Json(EndpointsJson { endpoints }))
}

/// Register an endpoint. The answer is the only place where its secret is shown.
#[utoipa::path(post, path = "/v1/webhooks", tag = "webhooks", operation_id = "register_endpoint",
    request_body = NewEndpointJson,
    responses((status = 201, description = "the new endpoint", body = RegisteredJson)))]
pub async fn register(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    JsonBody(new): JsonBody<NewEndpointJson>,
) -> Result<(StatusCode, Json<RegisteredJson>), Problem> {
    let events = EventKinds::from_names(new.events.iter().map(String::as_str));
    let events = events.map_err(AppError::from)?;
    let endpoint = service.app.register_endpoint(&caller, &new.url, events).await?;
    let secret = endpoint.secret.reveal().to_owned();
    Ok((StatusCode::CREATED, Json(RegisteredJson { secret, endpoint: endpoint.into() })))
}

/// Remove an endpoint, and what was to be sent there.
#[utoipa::path(delete, path = "/v1/webhooks/{endpoint_id}", tag = "webhooks",
    operation_id = "remove_endpoint",
    responses((status = 204, description = "removed")))]
pub async fn remove(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    service.app.remove_endpoint(&caller, read_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Give an endpoint a new secret. For a day messages are signed with both, so that a receiver can
/// change over at its leisure.
#[utoipa::path(post, path = "/v1/webhooks/{endpoint_id}/rotate", tag = "webhooks",
    operation_id = "rotate_secret",
    responses((status = 200, description = "the new secret", body = SecretJson)))]
pub async fn rotate(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Path(id): Path<String>,
) -> Result<Json<SecretJson>, Problem> {
    let secret = service.app.rotate_secret(&caller, read_id(&id)?).await?;
    Ok(Json(SecretJson { secret: secret.reveal().to_owned() }))
}

/// Switch an endpoint on that was switched off because nothing arrived there.
#[utoipa::path(post, path = "/v1/webhooks/{endpoint_id}/switch-on", tag = "webhooks",
    operation_id = "switch_on_endpoint",
    responses((status = 204, description = "it is on")))]
pub async fn switch_on(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    service.app.switch_on_endpoint(&caller, read_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List the last hundred messages of an endpoint.
#[utoipa::path(get, path = "/v1/webhooks/{endpoint_id}/messages", tag = "webhooks",
    params(MessagesQuery), operation_id = "list_messages",
    responses((status = 200, description = "messages, the newest first", body = MessagesJson)))]
pub async fn messages(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Path(id): Path<String>,
    Query(query): Query<MessagesQuery>,
) -> Result<Json<MessagesJson>, Problem> {
    let state = query.state.map(MessageState::from);
    let messages = service.app.messages(caller.tenant, read_id(&id)?, state).await?;
    Ok(Json(MessagesJson { messages: messages.into_iter().map(MessageJson::from).collect() }))
}

/// Send the dead messages of an endpoint again, for another day, with the ids that they had.
#[utoipa::path(post, path = "/v1/webhooks/{endpoint_id}/replay", tag = "webhooks",
    operation_id = "replay_messages",
    responses((status = 200, description = "how many are sent again", body = ReplayedJson)))]
pub async fn replay(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Path(id): Path<String>,
) -> Result<Json<ReplayedJson>, Problem> {
    let messages = service.app.replay_messages(&caller, read_id(&id)?).await?;
    Ok(Json(ReplayedJson { messages }))
}

/// An id; whatever is none is no endpoint's.
fn read_id(text: &str) -> Result<Uuid, Problem> {
    let none = |_| StoreError::from(Refusal::NoSuchEndpoint(text.chars().take(40).collect()));
    Ok(Uuid::parse_str(text).map_err(none)?)
}

impl From<Endpoint> for EndpointJson {
    fn from(endpoint: Endpoint) -> Self {
        Self {
            id: endpoint.id.to_string(),
            events: endpoint.events.names(),
            url: endpoint.url,
            created_at: endpoint.created_at,
            failing_since: endpoint.failing_since,
            switched_off_at: endpoint.switched_off_at,
            old_secret_until: endpoint.old_secret.map(|(_, until)| until),
        }
    }
}

impl From<StoredMessage> for MessageJson {
    fn from(message: StoredMessage) -> Self {
        let StoredMessage { id, event, created_at, finished_at, state, attempts, problem } =
            message;
        Self { id, event, state: state.into(), created_at, finished_at, attempts, problem }
    }
}

impl From<MessageState> for MessageStateJson {
    fn from(state: MessageState) -> Self {
        match state {
            MessageState::Pending => Self::Pending,
            MessageState::Delivered => Self::Delivered,
            MessageState::Dead => Self::Dead,
        }
    }
}

impl From<MessageStateJson> for MessageState {
    fn from(state: MessageStateJson) -> Self {
        match state {
            MessageStateJson::Pending => Self::Pending,
            MessageStateJson::Delivered => Self::Delivered,
            MessageStateJson::Dead => Self::Dead,
        }
    }
}
