//! Banking a photo: its hashes are kept, and it is looked up among those seen before.

use std::sync::Arc;

use photocheck_core::bank::{BankName, BankedPhoto, ExternalId, Note, Opinion};
use photocheck_core::matching::hashes::{PdqHash, PdqQuality, PhotoHashes};
use photocheck_core::matching::index::ContentId;
use photocheck_core::photo::PhotoError;

use super::App;
use super::error::AppError;
use super::live_index::View;
use super::retro_match::{self, RetroMatch};
use crate::clock;
use crate::store::SeenBefore;
use crate::tenancy::Caller;
use crate::wire::events;

/// What a person says about a photo that is to be banked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPhoto {
    pub note: Note,
    pub external_id: ExternalId,
    pub opinion: Opinion,
    pub enabled: bool,
}

/// What became of a photo that was to be banked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Banked {
    pub id: ContentId,
    /// False when the bank held it already.
    pub added: bool,
    pub pdq: PdqHash,
    pub pdq_quality: PdqQuality,
    /// Photos seen before that it matches, nearest first.
    pub seen_before: Vec<SeenBefore>,
    /// Why photos are not matched against it.
    pub quarantined: Option<String>,
}

impl App {
    /// Banks a photo, of which only the hashes are kept. One that the bank holds already stays as
    /// it is. A hub, which matches too many different photos of accounts, is quarantined before any
    /// lookup finds it.
    ///
    /// # Errors
    /// When there is no such bank, it takes no photos, the photo is refused, no place is free, or
    /// the database fails.
    pub async fn bank_photo(
        &self,
        caller: &Caller,
        name: &BankName,
        photo: impl AsRef<[u8]> + Send + 'static,
        new: NewPhoto,
    ) -> Result<Banked, AppError> {
        let banks = self.banks_by(caller);
        let store = banks.store();
        let bank = banks.resolve(name).await?;
        let (looked_up, checker) = (banks.clone(), Arc::clone(self.checker()));
        let work = move || -> Result<_, PhotoError> {
            let views = checker.hash(photo.as_ref())?;
            let View { index, scope } = looked_up.view();
            let matches = checker.matches(&views, &index, &scope);
            let found = matches.iter().map(|found| (&*found.bank, found.content));
            let banked: Vec<_> = views.banked().collect();
            Ok((views.hashes, banked, retro_match::seen_among(found)))
        };
        let (hashes, views, seen) = self.gate().enter(caller)?.run(work).await??;
        let retro = retro_match::find(store, self.checker().policy(), &seen).await?;
        let RetroMatch { seen_before, quarantine } = retro;
        let NewPhoto { note, external_id, opinion, enabled } = new;
        let photo = BankedPhoto {
            note,
            external_id,
            opinion,
            enabled,
            quarantined: quarantine.clone(),
            ..BankedPhoto::new(&hashes, &views, clock::now_s())
        };
        let now_s = photo.added_at;
        let told = |id: ContentId| {
            let seen = (!seen_before.is_empty())
                .then(|| events::photo_seen_before(&bank.name, id, &seen_before, now_s));
            let reason = quarantine.as_ref();
            let hub = reason.map(|why| events::hash_quarantined(&bank.name, id, why, now_s));
            seen.into_iter().chain(hub).collect()
        };
        let (id, added) = store.add_photo_telling(&bank, &photo, told).await?;
        if let Some(reason) = &quarantine {
            let event = events::hash_quarantined(&bank.name, id, reason, now_s);
            let event = Some((&event, now_s));
            if added || store.quarantine_telling(caller.tenant, id, reason, event).await? {
                retro_match::log_quarantine(&bank.name, id, reason);
            }
        }
        self.deliveries().woken().notify_one();
        banks.refresh().await?;
        let quarantined = store.content(&bank, id).await?.quarantined;
        let PhotoHashes { pdq, pdq_quality, .. } = hashes;
        Ok(Banked { id, added, pdq, pdq_quality, seen_before, quarantined })
    }
}
