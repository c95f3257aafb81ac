//! What reviewers do with the queue: open an item, decide, take the decision back.
//!
//! What they say of a verdict is kept as feedback of the API is, and an appeal is decided as over
//! the API.

use std::time::Duration;

use photocheck_core::bank::Note;
use uuid::Uuid;

use super::App;
use super::error::AppError;
use super::reviewers::Reviewer;
use crate::clock;
use crate::store::{
    Appeal, ItemState, Leased, QueueCounts, QueueFilter, QueuedItem, ReviewDecision, ReviewItem,
    Ruling, StoredCheck,
};

/// For how long an item that a reviewer opened is theirs alone.
pub const LEASE_LASTS: Duration = Duration::from_mins(10);

/// What a reviewer makes of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// The verdict was right.
    Confirm {
        /// The bank that the photo is put into.
        bank: Option<String>,
    },
    /// It was wrong.
    Reject {
        /// Whether nothing is to flag the photo again.
        allow: bool,
    },
    /// It was right, although it was appealed.
    Uphold,
    /// The appeal is right. Nothing is to flag the photo again.
    Overturn,
    /// Somebody else is to decide.
    Escalate,
}

/// What came of a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chosen {
    /// The decision's id, by which it can be taken back.
    Decided(Uuid),
    /// So was an appeal. The platform is sent that, so it is not taken back.
    AppealDecided,
    /// The item is not open in this session, or somebody decided.
    NotYours,
    /// It was appealed while the reviewer read, or that appeal was decided.
    OtherAppeal,
}

/// An item with everything that there is to see.
#[derive(Debug, Clone)]
pub struct Reviewed {
    pub item: ReviewItem,
    pub check: StoredCheck,
    /// The oldest first.
    pub decisions: Vec<ReviewDecision>,
}

impl Reviewed {
    /// Whether somebody disputes the verdict, and nobody has decided.
    #[must_use]
    pub fn is_appeal_open(&self) -> bool {
        matches!(self.check.appeal, Some(Appeal { decision: None, .. }))
    }
}

impl App {
    /// The queue, and how much there is of each part.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn review_queue(
        &self,
        reviewer: &Reviewer,
        filter: QueueFilter,
    ) -> Result<(Vec<QueuedItem>, QueueCounts), AppError> {
        let Reviewer { caller, session, .. } = reviewer;
        let items = self.store().review_queue(caller.tenant, session, filter).await?;
        Ok((items, self.store().review_counts(caller.tenant).await?))
    }

    /// Opens the next item for a reviewer; `None` where there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn review_next(
        &self,
        reviewer: &Reviewer,
        filter: QueueFilter,
    ) -> Result<Option<Uuid>, AppError> {
        let Reviewer { caller, session, .. } = reviewer;
        Ok(self.store().take_next_item(caller.tenant, session, filter, LEASE_LASTS).await?)
    }

    /// Opens an item for a reviewer. Returns false where somebody else has it open.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn review_this(&self, reviewer: &Reviewer, check: Uuid) -> Result<bool, AppError> {
        let Reviewer { caller, session, .. } = reviewer;
        Ok(self.store().take_item(caller.tenant, session, check, LEASE_LASTS).await?)
    }

    /// An item; `None` where the reviewer's tenant has none of that id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reviewed(
        &self,
        reviewer: &Reviewer,
        check: Uuid,
    ) -> Result<Option<Reviewed>, AppError> {
        let Reviewer { caller, session, .. } = reviewer;
        let Some(item) = self.store().review_item(caller.tenant, session, check).await? else {
            return Ok(None);
        };
        let decisions = self.store().review_decisions(caller.tenant, check).await?;
        Ok(Some(Reviewed {
            item,
            check: self.store().check(caller.tenant, check).await?,
            decisions,
        }))
    }

    /// Decides about an item that a reviewer has open.
    ///
    /// # Errors
    /// When there is no such item, the bank of allowed photos is for something else, the chosen
    /// bank is not there, or the database fails.
    pub async fn decide_review(
        &self,
        reviewer: &Reviewer,
        check: Uuid,
        choice: Choice,
        reason: Note,
    ) -> Result<Chosen, AppError> {
        let Reviewer { caller, name, session } = reviewer;
        let Some(reviewed) = self.reviewed(reviewer, check).await? else {
            return Ok(Chosen::NotYours);
        };
        if reviewed.item.leased != Leased::ByThisSession {
            return Ok(Chosen::NotYours);
        }
        // Nobody decides an appeal that they have not seen: it cannot be undone.
        let is_of_appeal = matches!(choice, Choice::Uphold | Choice::Overturn);
        if choice != Choice::Escalate && is_of_appeal != reviewed.is_appeal_open() {
            return Ok(Chosen::OtherAppeal);
        }
        let (state, what) = match &choice {
            Choice::Confirm { .. } => (ItemState::Confirmed, "confirm"),
            Choice::Reject { .. } => (ItemState::Rejected, "reject"),
            Choice::Escalate => (ItemState::Escalated, "escalate"),
            Choice::Uphold | Choice::Overturn => {
                let is_overturned = choice == Choice::Overturn;
                self.decide_appeal(caller, check, is_overturned, (reason, name)).await?;
                note(reviewer, check, if is_overturned { "overturn" } else { "uphold" });
                return Ok(Chosen::AppealDecided);
            }
        };
        let decided_at = clock::now_s();
        let check_done = &reviewed.check;
        let banked = match &choice {
            Choice::Reject { allow: true } => {
                Some(self.photo_to_allow(caller, check_done, decided_at).await?)
            }
            Choice::Confirm { bank: Some(bank) } => {
                Some(self.photo_to_bank(caller, check_done, bank, decided_at).await?)
            }
            _ => None,
        };
        let banked_photo = banked.as_ref().map(|(bank, photo)| (bank, photo));
        let ruling =
            Ruling { session, by: name, state, reason: &reason, decided_at, banked: banked_photo };
        let Some(decision) =
            self.store().by(caller).decide_review(caller.tenant, check, ruling).await?
        else {
            return Ok(Chosen::NotYours);
        };
        note(reviewer, check, what);
        self.quarantine_mostly_wrong(caller.tenant, check).await;
        if banked.is_some() {
            self.banks(caller.tenant).refresh().await?;
        }
        Ok(Chosen::Decided(decision))
    }

    /// Passes an item on to others. Returns false where the reviewer does not have it open.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn skip_review(&self, reviewer: &Reviewer, check: Uuid) -> Result<bool, AppError> {
        let Reviewer { caller, session, .. } = reviewer;
        Ok(self.store().skip_item(caller.tenant, session, check).await?)
    }

    /// A decision of this log-in that can still be taken back.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn undoable_review(
        &self,
        reviewer: &Reviewer,
        decision: Uuid,
    ) -> Result<Option<ReviewDecision>, AppError> {
        let Reviewer { caller, session, .. } = reviewer;
        Ok(self.store().undoable_decision(caller.tenant, session, decision).await?)
    }

    /// Takes a decision of this log-in back, and opens its item again. `None` where it cannot be
    /// taken back any more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn undo_review(
        &self,
        reviewer: &Reviewer,
        decision: Uuid,
    ) -> Result<Option<Uuid>, AppError> {
        let Reviewer { caller, session, .. } = reviewer;
        let Some(undone) = self
            .store()
            .by(caller)
            .undo_review(caller.tenant, session, decision, LEASE_LASTS)
            .await?
        else {
            return Ok(None);
        };
        note(reviewer, undone.check, "undo");
        if undone.is_removed {
            self.banks(caller.tenant).refresh().await?;
        }
        Ok(Some(undone.check))
    }
}

/// Logs what reviewers change; the store writes it down as theirs.
fn note(reviewer: &Reviewer, check: Uuid, what: &'static str) {
    tracing::info!(check_id = %check, key = reviewer.name, what, "a reviewer decided");
}
