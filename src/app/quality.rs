//! How good verdicts are by what people made of them, and what becomes of a banked photo that
//! mostly led to wrong ones.

use uuid::Uuid;

use super::App;
use super::error::AppError;
use super::retro_match;
use super::tenants::Tenants;
use crate::clock;
use crate::store::{Judged, JudgedContent, Judgements};
use crate::tenancy::TenantId;
use crate::wire::events;
use crate::words;

/// Banked photos that are listed, those that were most often wrong first: more is nobody's reading.
const CONTENTS_MAX: u16 = 100;

/// Verdicts that must be decided before a banked photo is quarantined. One slip of a reviewer must
/// not switch a stolen photo off, and nor must two.
const DECIDED_MIN: u64 = 3;

impl Tenants {
    /// What was judged of a tenant's checks.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn quality(&self, tenant: TenantId) -> Result<Judgements, AppError> {
        Ok(self.store().judgements(tenant, CONTENTS_MAX).await?)
    }
}

impl App {
    /// Quarantines the banked photos behind the verdict of a check, which was just decided, that
    /// mostly led to wrong ones. The decision stands if this fails, which is logged.
    pub(super) async fn quarantine_mostly_wrong(&self, tenant: TenantId, check: Uuid) {
        if let Err(error) = self.try_to_quarantine(tenant, check).await {
            tracing::error!(%error, "banked photos could not be judged");
        }
    }

    async fn try_to_quarantine(&self, tenant: TenantId, check: Uuid) -> Result<(), AppError> {
        let decided = self.store().decided_with(tenant, check).await?;
        let mut is_changed = false;
        for JudgedContent { content, bank, judged, is_quarantined, .. } in decided {
            if is_quarantined || !is_mostly_wrong(judged) {
                continue;
            }
            let Judged { right, wrong } = judged;
            let (reason, now_s) = (words::mostly_wrong(wrong, right + wrong), clock::now_s());
            let event = events::hash_quarantined(&bank, content, &reason, now_s);
            let event = Some((&event, now_s));
            if self.store().quarantine_telling(tenant, content, &reason, event).await? {
                retro_match::log_quarantine(&bank, content, &reason);
                is_changed = true;
            }
        }
        if is_changed {
            self.deliveries().woken().notify_one();
            self.banks(tenant).refresh().await?;
        }
        Ok(())
    }
}

/// Whether a banked photo led to more wrong verdicts than right ones, of enough that were decided.
fn is_mostly_wrong(Judged { right, wrong }: Judged) -> bool {
    DECIDED_MIN <= right + wrong && right < wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_half_of_three_or_more_must_be_wrong() {
        for (right, wrong, expected) in [
            (0, 0, false),
            (0, 2, false),
            (0, 3, true),
            (1, 2, true),
            (2, 2, false),
            (2, 3, true),
            (9, 8, false),
        ] {
            assert_eq!(is_mostly_wrong(Judged { right, wrong }), expected, "{right} {wrong}");
        }
    }
}
