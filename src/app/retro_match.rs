//! Retro-match: what photos seen before say about one that is banked now.
//!
//! Copies among them are accounts to look into. Many that show different things mean that the
//! banked hash is a hub, which is quarantined instead of flagging all of them.

use crate::store::{SeenBefore, Store, StoreError};
use crate::words;
use photocheck_core::bank::{BankFacts, Purpose};
use photocheck_core::limits;
use photocheck_core::matching::hashes::PdqHash;
use photocheck_core::matching::index::ContentId;
use photocheck_core::matching::views::View;
use photocheck_core::verdict::Policy;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RetroMatch {
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

/// Finds out what these seen photos, which a banked one matches, mean for it.
///
/// # Errors
/// [`StoreError`] when the store fails.
pub async fn find(
    store: &Store,
    policy: &Policy,
    seen: &[ContentId],
) -> Result<RetroMatch, StoreError> {
    if seen.is_empty() {
        return Ok(RetroMatch::default());
    }
    let hashes = store.view_hashes(seen).await?;
    let hashes_only =
        |views: Vec<(View, PdqHash)>| views.into_iter().map(|(_, hash)| hash).collect();
    let hashes: Vec<Vec<PdqHash>> = hashes.into_iter().map(hashes_only).collect();
    let quarantine = policy.find_hub(&hashes).map(words::quarantine);
    Ok(RetroMatch { seen_before: store.seen_before(seen).await?, quarantine })
}

/// Logs the quarantine, never the accounts it concerns.
pub fn log_quarantine(bank: &str, id: ContentId, reason: &str) {
    tracing::warn!(bank, content = id.0, reason, "a banked photo was quarantined");
}
