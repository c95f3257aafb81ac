//! Looking a photo or a hash up in the banks, without judging it: for programs that decide
//! themselves what a match means.
//!
//! They know no purposes of banks and no opinions. So what decides nothing is left out, and a photo
//! that is never to be flagged is no copy of a known fake.

use std::sync::Arc;

use photocheck_core::bank::{Opinion, Purpose};
use photocheck_core::limits;
use photocheck_core::matching::hashes::{PdqHash, PhotoHashes};
use photocheck_core::matching::views::View as PhotoView;
use photocheck_core::photo::PhotoError;
use photocheck_core::region::Region;
use photocheck_core::signals::Match;
use photocheck_core::verdict::is_allowed;

use super::App;
use super::error::AppError;
use super::live_index::View;
use crate::tenancy::Caller;

/// In which banks somebody looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookedIn {
    /// All of the purpose `known_fake`.
    KnownFakes,
    /// Those of these names, whatever they are for; not those of sightings.
    Named(Vec<String>),
}

impl App {
    /// Hashes a photo.
    ///
    /// # Errors
    /// When the photo is refused, or no place is free.
    pub async fn hash_photo(
        &self,
        caller: &Caller,
        photo: impl AsRef<[u8]> + Send + 'static,
    ) -> Result<PhotoHashes, AppError> {
        let work = move || PhotoHashes::hash_file(photo.as_ref());
        Ok(self.gate().enter(caller)?.run(work).await??)
    }

    /// The banked photos that a photo is a copy of in any of its views, nearest first.
    ///
    /// # Errors
    /// When the photo is refused, no place is free, or the database is not to be used.
    pub async fn look_up_photo(
        &self,
        caller: &Caller,
        photo: impl AsRef<[u8]> + Send + 'static,
        looked_in: LookedIn,
    ) -> Result<Vec<Match>, AppError> {
        self.store().in_place()?;
        let (banks, checker) = (self.banks(caller.tenant), Arc::clone(self.checker()));
        let work = move || -> Result<_, PhotoError> {
            let views = checker.hash(photo.as_ref())?;
            let View { index, scope } = banks.view();
            Ok(chosen(checker.matches(&views, &index, &scope), &looked_in))
        };
        Ok(self.gate().enter(caller)?.run(work).await??)
    }

    /// The banked photos that a photo of this hash is a copy of, as far as that tells.
    ///
    /// # Errors
    /// When no place is free, or the database is not to be used.
    pub async fn look_up_hash(
        &self,
        caller: &Caller,
        hash: PdqHash,
        looked_in: LookedIn,
    ) -> Result<Vec<Match>, AppError> {
        self.store().in_place()?;
        let (banks, checker) = (self.banks(caller.tenant), Arc::clone(self.checker()));
        let work = move || {
            let View { index, scope } = banks.view();
            let whole = [(PhotoView::Whole, hash)];
            let found = checker.matcher().copies_of_banked(&whole, &index, &scope);
            let found = found.into_iter().map(|near| Match {
                bank: near.bank,
                content: near.content,
                distance: near.distance,
                view: PhotoView::Whole,
                mirrored: false,
                region: Region::WHOLE,
                banked_view: near.view,
                opinion: near.opinion,
            });
            chosen(found.collect(), &looked_in)
        };
        Ok(self.gate().enter(caller)?.run(work).await?)
    }
}

/// Those of all matches (nearest first) that a client is to see.
fn chosen(matches: Vec<Match>, looked_in: &LookedIn) -> Vec<Match> {
    let is_flagged = !is_allowed(&matches);
    let is_shown = |found: &Match| {
        let is_known = found.bank.purpose == Purpose::KnownFake;
        let is_looked_in = match looked_in {
            LookedIn::KnownFakes => is_known,
            LookedIn::Named(names) => {
                found.bank.purpose != Purpose::Seen && names.contains(&found.bank.name)
            }
        };
        is_looked_in && found.opinion != Opinion::Disputed && (is_flagged || !is_known)
    };
    matches.into_iter().filter(is_shown).take(limits::MATCHES_MAX).collect()
}

#[cfg(test)]
mod tests {
    use photocheck_core::bank::{BankFacts, BankId};
    use photocheck_core::matching::hashes::Distance;
    use photocheck_core::matching::index::ContentId;

    use super::*;

    fn found(id: i64, bank: &str, purpose: Purpose, opinion: Opinion) -> Match {
        let facts = BankFacts { id: BankId(id), name: bank.to_owned(), purpose, imported: false };
        Match {
            bank: Arc::new(facts),
            content: ContentId(id),
            distance: Distance(0),
            view: PhotoView::Whole,
            mirrored: false,
            region: Region::WHOLE,
            banked_view: PhotoView::Whole,
            opinion,
        }
    }

    #[test]
    fn an_allowed_photo_is_no_copy_of_a_known_fake() {
        let known = found(1, "SCAM", Purpose::KnownFake, Opinion::Confirmed);
        let unsure = found(2, "SCAM", Purpose::KnownFake, Opinion::Unsure);
        let disputed = found(3, "SCAM", Purpose::KnownFake, Opinion::Disputed);
        let allowed = found(4, "OURS", Purpose::Allow, Opinion::Confirmed);
        let seen = found(5, "SEEN", Purpose::Seen, Opinion::Confirmed);
        let named =
            |names: &[&str]| LookedIn::Named(names.iter().map(|name| (*name).to_owned()).collect());
        let check = |matches: &[&Match], looked_in: &LookedIn, expected: &[i64]| {
            let matches: Vec<_> = matches.iter().map(|found| (*found).clone()).collect();
            let ids: Vec<_> =
                chosen(matches, looked_in).iter().map(|found| found.content.0).collect();
            assert_eq!(ids, expected, "{looked_in:?}");
        };
        let all = LookedIn::KnownFakes;
        check(&[&known, &unsure, &disputed, &seen], &all, &[1, 2]);
        check(&[&known, &allowed], &all, &[]);
        check(&[&known, &allowed, &seen], &named(&["OURS", "SEEN", "SCAM"]), &[4]);
        check(&[&known, &seen], &named(&["OTHER"]), &[]);
        check(&[&known], &named(&["OTHER", "SCAM"]), &[1]);
    }
}
