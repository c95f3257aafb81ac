//! Looking back: what photos seen before say about one that is banked now.
//!
//! Copies among them are accounts to look into. Many that show different things mean that the
//! banked hash is a hub, which is quarantined instead of flagging all of them.

use crate::store::{BankName, NewContent, SeenBefore, Store, StoreError};
use crate::words;
use photocheck_core::bank::{BankFacts, Purpose};
use photocheck_core::limits;
use photocheck_core::matching::hashes::PdqHash;
use photocheck_core::matching::index::ContentId;
use photocheck_core::matching::views::View;
use photocheck_core::verdict::Policy;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LookBack {
    /// Photos seen before that the banked one matches, nearest first.
    pub seen_before: Vec<SeenBefore>,
    /// Why the banked one must not be looked up, if it must not.
    pub quarantine: Option<String>,
}

/// The seen photos among what a banked one matches (nearest first), at most
/// [`limits::MATCHES_MAX`]. A photo may match in several of its views; each is listed once.
#[must_use]
pub fn seen_among<'a>(
    found: impl IntoIterator<Item = (&'a BankFacts, ContentId)>,
) -> Vec<ContentId> {
    let mut ids = Vec::new();
    for (bank, id) in found {
        if bank.purpose == Purpose::Seen && !ids.contains(&id) && ids.len() < limits::MATCHES_MAX {
            ids.push(id);
        }
    }
    ids
}

/// Says what these seen photos, which a banked one matches, mean for it.
///
/// # Errors
/// [`StoreError`] when the store fails.
pub async fn look_back(
    store: &Store,
    policy: &Policy,
    seen: &[ContentId],
) -> Result<LookBack, StoreError> {
    if seen.is_empty() {
        return Ok(LookBack::default());
    }
    let hashes = store.hashes_of(seen).await?;
    let of_photo = |views: Vec<(View, PdqHash)>| views.into_iter().map(|(_, hash)| hash).collect();
    let hashes: Vec<Vec<PdqHash>> = hashes.into_iter().map(of_photo).collect();
    let quarantine = policy.find_hub(&hashes).map(words::quarantine);
    Ok(LookBack { seen_before: store.seen_before(seen).await?, quarantine })
}

/// What became of a photo that was to be banked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Banked {
    pub id: ContentId,
    /// False when the bank held it already.
    pub added: bool,
    /// Photos seen before that it matches, nearest first.
    pub seen_before: Vec<SeenBefore>,
    /// Why it is not looked up; empty when it is.
    pub quarantined: String,
}

/// Banks a photo that matches these seen ones (see [`seen_among`]). A hub is quarantined before
/// any lookup finds it.
///
/// # Errors
/// [`StoreError`] when the bank does not take it or the store fails.
pub async fn bank_photo(
    store: &Store,
    policy: &Policy,
    bank: &BankName,
    mut content: NewContent,
    seen: &[ContentId],
) -> Result<Banked, StoreError> {
    let LookBack { seen_before, quarantine } = look_back(store, policy, seen).await?;
    content.quarantined = quarantine.clone().unwrap_or_default();
    let (id, added) = store.add_content(bank, &content).await?;
    if let Some(reason) = &quarantine
        && (added || store.quarantine(id, reason).await?)
    {
        warn_of_quarantine(bank.as_str(), id, reason);
    }
    let quarantined = store.content(bank, id).await?.quarantined;
    Ok(Banked { id, added, seen_before, quarantined })
}

/// Whom a match would have flagged is not told to the log, but that none will be flagged is.
pub fn warn_of_quarantine(bank: &str, id: ContentId, reason: &str) {
    tracing::warn!(bank, content = id.0, reason, "a banked photo was quarantined");
}
