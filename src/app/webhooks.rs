//! Endpoints: where a tenant's events are sent, and what became of that.

use url::Url;
use uuid::Uuid;

use super::App;
use super::error::{AppError, Failure, Refusal};
use super::limits::ENDPOINTS_MAX;
use crate::clock;
use crate::fetch;
use crate::ids;
use crate::store::{Callback, Endpoint, MessageState, StoredMessage};
use crate::tenancy::{Caller, TenantId};
use crate::webhooks::{EventKinds, WebhookSecret};

/// Seconds for which messages are signed with the secret before, too.
pub const OLD_SECRET_S: i64 = 24 * 60 * 60;

/// Messages that are listed.
const MESSAGES_MAX: u16 = 100;

impl App {
    /// Registers an endpoint of a tenant. Its secret is in it.
    ///
    /// # Errors
    /// When nothing may be sent to the URL, or the tenant has as many endpoints as it may.
    pub async fn register_endpoint(
        &self,
        caller: &Caller,
        url: &str,
        events: EventKinds,
    ) -> Result<Endpoint, AppError> {
        fetch::check_target(url, self.webhook_addresses()).map_err(Refusal::Fetch)?;
        let endpoint = Endpoint {
            id: ids::new_id(),
            tenant: caller.tenant,
            url: url.to_owned(),
            events,
            secret: WebhookSecret::create().map_err(Failure::Randomness)?,
            old_secret: None,
            created_at: clock::now_s(),
            failing_since: None,
            switched_off_at: None,
        };
        if !self.store().by(caller).add_endpoint(&endpoint, ENDPOINTS_MAX).await? {
            return Err(Refusal::TooManyEndpoints.into());
        }
        Ok(endpoint)
    }

    /// The endpoints of a tenant.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn endpoints(&self, tenant: TenantId) -> Result<Vec<Endpoint>, AppError> {
        Ok(self.store().endpoints(tenant).await?)
    }

    /// Makes a new secret for an endpoint and returns it. For a day messages are signed with both.
    ///
    /// # Errors
    /// When the tenant has no such endpoint.
    pub async fn rotate_secret(
        &self,
        caller: &Caller,
        id: Uuid,
    ) -> Result<WebhookSecret, AppError> {
        let secret = WebhookSecret::create().map_err(Failure::Randomness)?;
        let old_until = clock::now_s() + OLD_SECRET_S;
        self.store().by(caller).rotate_secret(caller.tenant, id, &secret, old_until).await?;
        Ok(secret)
    }

    /// Switches an endpoint on that was switched off.
    ///
    /// # Errors
    /// When the tenant has no such endpoint.
    pub async fn switch_on_endpoint(&self, caller: &Caller, id: Uuid) -> Result<(), AppError> {
        Ok(self.store().by(caller).switch_on_endpoint(caller.tenant, id).await?)
    }

    /// Removes an endpoint.
    ///
    /// # Errors
    /// When the tenant has no such endpoint.
    pub async fn remove_endpoint(&self, caller: &Caller, id: Uuid) -> Result<(), AppError> {
        Ok(self.store().by(caller).remove_endpoint(caller.tenant, id).await?)
    }

    /// The last messages of an endpoint.
    ///
    /// # Errors
    /// When the tenant has no such endpoint.
    pub async fn messages(
        &self,
        tenant: TenantId,
        id: Uuid,
        state: Option<MessageState>,
    ) -> Result<Vec<StoredMessage>, AppError> {
        let endpoint = self.store().endpoint(tenant, id).await?;
        Ok(self.store().messages(endpoint.id, state, MESSAGES_MAX).await?)
    }

    /// Has dead messages of an endpoint sent again; returns how many.
    ///
    /// # Errors
    /// When the tenant has no such endpoint, or it is switched off.
    pub async fn replay_messages(&self, caller: &Caller, id: Uuid) -> Result<u64, AppError> {
        let endpoint = self.store().endpoint(caller.tenant, id).await?;
        if endpoint.switched_off_at.is_some() {
            return Err(Refusal::EndpointOff.into());
        }
        let replayed = self.store().by(caller).replay_messages(&endpoint).await?;
        self.deliveries().woken().notify_one();
        Ok(replayed)
    }

    /// Where a call wants to be told: at an address of the scheme, host and port of one of the
    /// tenant's endpoints. Another would let whoever may check photos send requests anywhere.
    ///
    /// # Errors
    /// When there is no such endpoint, or nothing may be sent there.
    pub async fn callback(&self, tenant: TenantId, url: &str) -> Result<Callback, AppError> {
        let target = fetch::check_target(url, self.webhook_addresses());
        let origin = target.map_err(Refusal::Fetch)?.origin();
        let is_of = |endpoint: &Endpoint| {
            endpoint.switched_off_at.is_none()
                && Url::parse(&endpoint.url).is_ok_and(|url| url.origin() == origin)
        };
        let endpoint = self.endpoints(tenant).await?.into_iter().find(is_of);
        let endpoint = endpoint.ok_or(Refusal::CallbackNotRegistered)?.id;
        Ok(Callback { endpoint, url: url.to_owned() })
    }
}
