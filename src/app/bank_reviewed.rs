//! Banking the photo of a check that a reviewer confirms, from the hashes in its report: the photo
//! itself is gone.

use photocheck_core::bank::{BankFacts, BankName, BankedPhoto, ExternalId, Purpose};
use photocheck_core::matching::views::View as PhotoView;

use super::App;
use super::appeals::hashes_of;
use super::error::{AppError, Failure};
use super::live_index::View;
use super::retro_match;
use crate::store::{Bank, Refusal, StoreError, StoredCheck};
use crate::tenancy::Caller;

impl App {
    /// The banks that a reviewer may put photos into, by name: those of known photos that are the
    /// tenant's own.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn banks_for_reviewer(&self, caller: &Caller) -> Result<Vec<String>, AppError> {
        let banks = self.store().banks(caller.tenant).await?;
        let own = banks
            .into_iter()
            .filter(|bank: &Bank| bank.shared_by.is_none() && takes_reviewed(&bank.facts));
        Ok(own.map(|bank| bank.facts.name).collect())
    }

    /// A bank that a reviewer chose, and what the photo of a check is in it. A hub, which matches
    /// too many different photos of accounts, is banked in quarantine.
    ///
    /// # Errors
    /// When there is no such bank for reviewers, the report has no hashes, or the database fails.
    pub(super) async fn photo_to_bank(
        &self,
        caller: &Caller,
        check: &StoredCheck,
        name: &str,
        now_s: i64,
    ) -> Result<(BankFacts, BankedPhoto), AppError> {
        let missing = || StoreError::from(Refusal::NoSuchBank(name.to_owned()));
        let banks = self.banks(caller.tenant);
        let bank = banks.resolve(&BankName::new(name).map_err(|_| missing())?).await?;
        if !takes_reviewed(&bank) {
            return Err(missing().into());
        }
        let hashes = hashes_of(check).ok_or(Failure::ReportUnreadable)?;
        let View { index, scope } = banks.view();
        let whole = [(PhotoView::Whole, hashes.pdq)];
        let copies = self.checker().matcher().copies_of_banked(&whole, &index, &scope);
        let found = copies.iter().map(|near| (&*near.bank, near.content));
        let seen = retro_match::seen_among(found);
        let hub = retro_match::find(self.store(), self.checker().policy(), &seen).await?;
        let photo = BankedPhoto {
            external_id: ExternalId::new(&check.id.to_string())?,
            quarantined: hub.quarantine,
            ..BankedPhoto::new(&hashes, &[], now_s)
        };
        Ok((bank, photo))
    }
}

fn takes_reviewed(bank: &BankFacts) -> bool {
    bank.purpose == Purpose::KnownFake && !bank.imported
}
