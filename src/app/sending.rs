//! Sends the messages of webhooks: takes them from the database, one endpoint after the other, and
//! writes down what came of that.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use standardwebhooks::{
    HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, WebhookError,
};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::App;
use super::deliveries::Sending;
use super::error::AppError;
use super::metrics::Delivery;
use super::waiting_checks::FREE_EVERY;
use crate::clock;
use crate::fetch::{FetchError, Sender};
use crate::ids;
use crate::store::{ClaimedMessage, Endpoint, Sent};
use crate::webhooks::schedule::{SWITCHED_OFF_AFTER_S, due_in_s};
use crate::webhooks::signatures;
use crate::wire::events;

/// How often it is asked whether a message is due that another program wrote.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Seconds until a message is tried that could not be, because this program had too much to do.
const BUSY_S: u32 = 5;

impl App {
    /// Sends messages until the service is asked to stop. Failures are logged and tried again.
    pub async fn deliver_webhooks(&self) {
        let sender = match Sender::new(self.webhook_addresses().clone()) {
            Ok(sender) => sender,
            Err(error) => {
                tracing::error!(%error, "no webhooks are sent: certificates cannot be checked");
                return;
            }
        };
        let deliveries = self.deliveries();
        let mut after = Uuid::nil();
        let mut free_at = Instant::now() + FREE_EVERY;
        while !self.worker().is_stopping() && !self.store().is_closed() {
            let Some(place) = deliveries.place().await else { return };
            if free_at <= Instant::now() {
                match self
                    .store()
                    .free_messages(self.later().worker(), &deliveries.messages())
                    .await
                {
                    Ok(_) => free_at = Instant::now() + FREE_EVERY,
                    Err(error) => tracing::warn!(%error, "lost webhooks are freed later"),
                }
            }
            match self.next_message(after).await {
                Ok(Some(claimed)) => {
                    after = claimed.endpoint;
                    let sending = Sending::new(deliveries, &claimed, place);
                    let (app, sender) = (self.clone(), sender.clone());
                    tokio::spawn(async move {
                        if let Err(error) = app.deliver(&sender, &claimed).await {
                            // It is freed soon, and sent again.
                            let webhook_id = &claimed.id;
                            tracing::error!(webhook_id, %error, "a webhook was not sent");
                        }
                        drop(sending);
                        app.deliveries().woken().notify_one();
                    });
                    continue;
                }
                Ok(None) => {}
                Err(error) => {
                    // One may have been taken all the same.
                    free_at = Instant::now();
                    tracing::warn!(%error, "webhooks to be sent cannot be read");
                }
            }
            drop(place);
            let _ = timeout(LOOK_EVERY, deliveries.woken().notified()).await;
        }
    }

    async fn next_message(&self, after: Uuid) -> Result<Option<ClaimedMessage>, AppError> {
        let id = self.later().worker();
        let full = (self.deliveries().full_endpoints(), self.deliveries().full_tenants());
        let claimed = self.store().claim_message(id, after, &full.0, &full.1).await?;
        match claimed {
            None if !after.is_nil() => {
                Ok(self.store().claim_message(id, Uuid::nil(), &full.0, &full.1).await?)
            }
            claimed => Ok(claimed),
        }
    }

    /// Sends one message, and writes down what came of it.
    async fn deliver(&self, sender: &Sender, claimed: &ClaimedMessage) -> Result<(), AppError> {
        let read = || self.store().endpoint(claimed.tenant, claimed.endpoint);
        let endpoint = self.until_done(&claimed.id, read).await?;
        let status = send(sender, &endpoint, claimed).await;
        let sent = match &status {
            Ok(200..=299) => Sent::Arrived,
            Ok(410) => Sent::Dead { problem: "its server answered 410: gone".to_owned() },
            Ok(status) => again(claimed.attempt, format!("its server answered {status}")),
            Err(FetchError::Busy { .. } | FetchError::LookupsBusy { .. }) => {
                Sent::NotTried { due_in_s: BUSY_S }
            }
            Err(error) => again(claimed.attempt, error.to_string()),
        };
        let now_s = clock::now_s();
        let note = || self.store().note_sent(self.later().worker(), claimed, &sent, now_s);
        self.until_done(&claimed.id, note).await?;
        self.metrics().delivered(match &sent {
            Sent::Arrived => Delivery::Arrived,
            Sent::Again { .. } => Delivery::Failed,
            Sent::NotTried { .. } => Delivery::NotTried,
            Sent::Dead { .. } => Delivery::Dead,
        });
        let problem = match &sent {
            Sent::Arrived => {
                tracing::info!(webhook_id = claimed.id, "sent a webhook");
                return Ok(());
            }
            Sent::NotTried { .. } => {
                tracing::warn!(webhook_id = claimed.id, "no name can be looked up for a webhook");
                return Ok(());
            }
            Sent::Again { problem, .. } | Sent::Dead { problem } => problem,
        };
        tracing::warn!(
            webhook_id = claimed.id,
            attempt = claimed.attempt,
            problem,
            "a webhook failed"
        );
        if claimed.url.is_some() {
            // Whoever may check photos chose it: that must not switch the endpoint off.
            return Ok(());
        }
        let failing_for_s = endpoint.failing_since.map_or(0, |since| now_s - since);
        if matches!(status, Ok(410)) || SWITCHED_OFF_AFTER_S <= failing_for_s {
            let event = events::endpoint_switched_off(&endpoint, problem, now_s);
            if self.store().switch_off_endpoint(&endpoint, &event, now_s).await? {
                tracing::warn!(endpoint = %endpoint.id, problem, "switched an endpoint off");
            }
        }
        Ok(())
    }
}

fn again(attempt: u32, problem: String) -> Sent {
    let [jitter] = ids::random();
    match due_in_s(attempt, jitter) {
        Some(due_in_s) => Sent::Again { due_in_s, problem },
        None => Sent::Dead { problem },
    }
}

async fn send(
    sender: &Sender,
    endpoint: &Endpoint,
    message: &ClaimedMessage,
) -> Result<u16, FetchError> {
    let headers = headers(endpoint, message, clock::now_s());
    let headers = headers.map_err(|_| FetchError::UrlNotValid("it cannot be signed".into()))?;
    let url = message.url.as_ref().unwrap_or(&endpoint.url);
    sender.send(url, headers, message.payload.clone()).await
}

fn headers(
    endpoint: &Endpoint,
    message: &ClaimedMessage,
    now_s: i64,
) -> Result<HeaderMap, WebhookError> {
    let mut secrets = vec![endpoint.secret.clone()];
    secrets.extend(
        endpoint.old_secret.iter().filter(|(_, until)| now_s < *until).map(|it| it.0.clone()),
    );
    let signature = signatures(&secrets, &message.id, now_s, &message.payload)?;
    let user_agent = concat!("photocheck/", env!("CARGO_PKG_VERSION")).to_owned();
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in [
        (HEADER_WEBHOOK_ID, message.id.clone()),
        (HEADER_WEBHOOK_TIMESTAMP, now_s.to_string()),
        (HEADER_WEBHOOK_SIGNATURE, signature),
        ("user-agent", user_agent),
    ] {
        let value = HeaderValue::from_str(&value).map_err(|_| WebhookError::InvalidPayload)?;
        headers.insert(name, value);
    }
    Ok(headers)
}
