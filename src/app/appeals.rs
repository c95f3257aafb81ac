//! After the verdict: whether it was right, and what becomes of it when somebody disputes it.
//!
//! An appeal that is overturned puts the hashes of the photo, as they are in its report, into an
//! allow bank of the tenant, so that nothing flags it again.

use photocheck_core::bank::{BankFacts, BankName, BankedPhoto, ExternalId, Note, Purpose};
use photocheck_core::matching::hashes::{GradientHash, PdqHash, PdqQuality, PhotoHashes};
use serde_json::Value;
use uuid::Uuid;

use super::App;
use super::error::{AppError, Failure};
use crate::clock;
use crate::store::{
    Appeal, AppealRuling, Decision, Feedback, NewBank, Outcome, Refusal, StoreError, StoredCheck,
    StoredState,
};
use crate::tenancy::Caller;
use crate::wire::events;

/// The bank of photos that were flagged and must not be again.
pub const ALLOW_BANK: &str = "ALLOWED_ON_APPEAL";

impl App {
    /// Keeps what somebody says of a verdict, in place of what was said before.
    ///
    /// # Errors
    /// When there is no such check, or it has no report.
    pub async fn give_feedback(
        &self,
        caller: &Caller,
        id: Uuid,
        feedback: &Feedback,
    ) -> Result<StoredCheck, AppError> {
        self.store().by(caller).give_feedback(caller.tenant, id, feedback).await?;
        Ok(self.store().check(caller.tenant, id).await?)
    }

    /// Keeps an appeal, for somebody to decide.
    ///
    /// # Errors
    /// When there is no such check, it has no report, or it was appealed before.
    pub async fn appeal(
        &self,
        caller: &Caller,
        id: Uuid,
        reason: &Note,
    ) -> Result<StoredCheck, AppError> {
        self.store().by(caller).appeal(caller.tenant, id, reason, clock::now_s()).await?;
        Ok(self.store().check(caller.tenant, id).await?)
    }

    /// Decides an appeal, with the reason, and by whom. Of one that is overturned the photo is
    /// allowed with it: two who decide at once do not get one's decision and the other's banked
    /// photo.
    ///
    /// # Errors
    /// When there is no such check, or no appeal that waits to be decided, or the bank of allowed
    /// photos is for something else.
    pub async fn decide_appeal(
        &self,
        caller: &Caller,
        id: Uuid,
        is_overturned: bool,
        (reason, by): (Note, &str),
    ) -> Result<StoredCheck, AppError> {
        let check = self.store().check(caller.tenant, id).await?;
        if !matches!(check.appeal, Some(Appeal { decision: None, .. })) {
            return Err(StoreError::from(Refusal::NoOpenAppeal(id.to_string())).into());
        }
        let decided_at = clock::now_s();
        let allowed = if is_overturned {
            Some(self.photo_to_allow(caller, &check, decided_at).await?)
        } else {
            None
        };
        let allowed = allowed.as_ref().map(|(bank, photo)| (bank, photo));
        let decision = Decision { is_overturned, reason, decided_at };
        let appeal =
            check.appeal.clone().map(|it| Appeal { decision: Some(decision.clone()), ..it });
        let event = events::appeal_decided(StoredCheck { appeal, ..check }, decided_at);
        let ruling = AppealRuling { decision: &decision, by, allowed, event: &event };
        self.store().by(caller).decide_appeal(caller.tenant, id, ruling).await?;
        self.quarantine_mostly_wrong(caller.tenant, id).await;
        self.deliveries().woken().notify_one();
        if is_overturned {
            self.banks(caller.tenant).refresh().await?;
        }
        Ok(self.store().check(caller.tenant, id).await?)
    }

    /// The tenant's bank of allowed photos, and what that of a check is in it.
    pub(super) async fn photo_to_allow(
        &self,
        caller: &Caller,
        check: &StoredCheck,
        now_s: i64,
    ) -> Result<(BankFacts, BankedPhoto), AppError> {
        let new = NewBank {
            name: BankName::new(ALLOW_BANK)?,
            purpose: Purpose::Allow,
            imported: false,
            created_at: now_s,
        };
        match self.store().by(caller).create_bank(caller.tenant, &new).await {
            Ok(_) | Err(StoreError::Refused(Refusal::BankExists(_))) => {}
            Err(error) => return Err(error.into()),
        }
        let bank = self.banks(caller.tenant).resolve(&new.name).await?;
        if bank.purpose != Purpose::Allow || bank.imported {
            return Err(StoreError::from(Refusal::BankExists(bank.name)).into());
        }
        let hashes = hashes_of(check).ok_or(Failure::ReportUnreadable)?;
        let photo = BankedPhoto {
            external_id: ExternalId::new(&check.id.to_string())?,
            ..BankedPhoto::new(&hashes, &[], now_s)
        };
        Ok((bank, photo))
    }
}

/// The hashes in the report of a check.
pub(super) fn hashes_of(check: &StoredCheck) -> Option<PhotoHashes> {
    let StoredState::Finished { outcome: Outcome::Report(report), .. } = &check.state else {
        return None;
    };
    let report: Value = serde_json::from_str(report).ok()?;
    let hashes = report.get("hashes")?;
    let hash = |name: &str| PdqHash::from_hex(hashes.get(name)?.as_str()?);
    let quality = u8::try_from(hashes.get("pdq_quality")?.as_u64()?).ok()?;
    Some(PhotoHashes {
        pdq: hash("pdq")?,
        pdq_quality: PdqQuality::new(quality)?,
        gradient: GradientHash(hash("gradient")?.0),
    })
}
