//! Writing scores down and showing their drift, for as long as the service runs.

use super::App;
use super::error::AppError;
use super::scores::WRITE_EVERY;
use crate::clock;

/// After so many times the drift of yesterday is read again: other machines may have written late.
const READ_EVERY: u32 = 20;

impl App {
    /// Writes scores down, and shows their drift, until the database is closed. Failures are logged
    /// and tried again.
    pub(super) async fn follow_scores(&self) {
        let mut shown_on = None;
        for round in 0_u32.. {
            if self.store().is_closed() {
                return;
            }
            let is_new_day = shown_on != Some(clock::today());
            if is_new_day || round.is_multiple_of(READ_EVERY) {
                shown_on = Some(clock::today());
                if let Err(error) = self.show_drift().await {
                    tracing::warn!(%error, "the drift of scores could not be read");
                }
            }
            if is_new_day && let Err(error) = self.store().delete_old_scores(clock::today()).await {
                tracing::warn!(%error, "old counts of scores could not be deleted");
            }
            tokio::time::sleep(WRITE_EVERY).await;
            if let Err(error) = self.scores().write().await {
                tracing::warn!(%error, "scores of photos could not be written down");
            }
        }
    }

    /// Has the metrics show how far the scores of the last whole day lie from the card's.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn show_drift(&self) -> Result<(), AppError> {
        self.metrics().drift().show(&self.drifts().of_yesterday().await?);
        Ok(())
    }
}
