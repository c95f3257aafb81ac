//! Announcements of changes: how a program learns at once that another one changed the banks.
//!
//! PostgreSQL announces each new generation to whoever listens. An announcement can be lost, with
//! its connection for example; so it is only a reason to look, and whoever follows the store also
//! looks regularly.

use std::time::Duration;

use sqlx::postgres::PgListener;
use tokio::sync::Notify;

use super::database::Store;
use super::error::StoreError;

/// What the trigger in the schema announces on.
const CHANNEL: &str = "photocheck_generation";

/// After this time a lost connection is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

impl Store {
    /// How often the generation is to be read, to show a change within the second that it may take:
    /// seldom where changes are announced, so that many programs cost the server little.
    #[must_use]
    pub fn read_every(&self) -> Duration {
        match self.announcements {
            Some(_) => Duration::from_secs(2),
            None => Duration::from_millis(250),
        }
    }

    /// Wakes `changed` for each announcement until the store is closed. Where none are made it
    /// never does.
    pub async fn listen(&self, changed: &Notify) {
        let mut lost = false;
        while !self.is_closed() {
            match self.listen_until_lost(changed, lost).await {
                Err(_) if self.is_closed() => return,
                Err(error) if !lost => {
                    tracing::warn!(%error, "changes of the banks are not announced at the moment");
                    lost = true;
                }
                Err(_) => {}
                Ok(()) => lost = true,
            }
            tokio::time::sleep(RETRY_AFTER).await;
        }
    }

    async fn listen_until_lost(&self, changed: &Notify, lost: bool) -> Result<(), StoreError> {
        let Some(pool) = &self.announcements else { return std::future::pending().await };
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen(CHANNEL).await?;
        if lost {
            tracing::info!("changes of the banks are announced again");
        }
        // For what was announced while nobody listened.
        changed.notify_one();
        while listener.try_recv().await?.is_some() {
            changed.notify_one();
        }
        Ok(())
    }
}
