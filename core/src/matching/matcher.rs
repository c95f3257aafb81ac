//! The matcher: which hits in an index make a match.
//!
//! Every view of the photo, as it is and mirrored, is looked up by its PDQ hash. A banked view that
//! is comparable ([`View::is_comparable_with`]) is a hit when it lies within the sure distance, or
//! within the wide one if the gradient hashes of both views agree: two ways of hashing that err
//! independently. Hits beyond the sure distance are not looked up: they count only in photos of
//! which a square over a keypoint was a hit, so they are looked for among the hashes of those
//! alone. Which hits make a match depends on how much their views tell:
//!
//! - A hit of the whole picture or of a face, within the sure distance, makes one by itself.
//! - Beyond it, photos of one series are hits as well: a square over a keypoint must be one too.
//! - A square over a keypoint may show the same wall behind another person. It makes a match by
//!   itself when it shows a face, or when it is so near that both were cut from one photo;
//!   otherwise several must be hits, whose margins add up ([`Thresholds::keypoint_margin_min`]).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::hashes::{Distance, PdqHash, PdqQuality, PhotoHashes};
use super::index::{ContentId, Entry, Index, Near, Scope};
use super::thresholds::Thresholds;
use super::views::kept::{KeptView, KeptViews, LookedUp};
use super::views::{PhotoViews, View};
use crate::bank::{BankFacts, Opinion};
use crate::signals::Match;

/// Decides what is a copy of what. Cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Matcher {
    thresholds: Thresholds,
}

impl Matcher {
    /// A matcher by these thresholds.
    #[must_use]
    pub fn new(thresholds: Thresholds) -> Self {
        Self { thresholds }
    }

    /// What it decides by.
    #[must_use]
    pub fn thresholds(&self) -> &Thresholds {
        &self.thresholds
    }

    /// Whether a hash of this quality has enough detail to be compared with banks.
    #[must_use]
    pub fn is_comparable(&self, quality: PdqQuality) -> bool {
        self.thresholds.is_comparable(quality)
    }

    /// The banked photos of a scope that a photo of these views is a copy of, whatever their bank
    /// is for: each once, by the view that tells most, nearest first.
    #[must_use]
    pub fn matches(&self, views: &PhotoViews, index: &Index, scope: &Scope) -> Vec<Match> {
        let centres: Vec<_> = views.faces.all().map(|face| face.region().centre()).collect();
        self.matches_of(&views.views, &centres, index, scope)
    }

    /// The same for a photo of which only the hashes were kept.
    #[must_use]
    pub fn matches_kept(&self, views: &KeptViews, index: &Index, scope: &Scope) -> Vec<Match> {
        self.matches_of(&views.views, &views.face_centres, index, scope)
    }

    fn matches_of(
        &self,
        views: &[impl LookedUp],
        face_centres: &[(f32, f32)],
        index: &Index,
        scope: &Scope,
    ) -> Vec<Match> {
        let mut hits = self.sure_hits(views, index, scope);
        for (content, hits) in &mut hits {
            if hits.iter().any(|hit| hit.view.is_of_keypoint()) {
                let banked: Vec<Entry> = index.entries_of(*content, scope).collect();
                hits.extend(self.wide_hits(views, &banked));
            }
        }
        let nearest = hits.into_values().filter_map(|hits| self.nearest(hits, face_centres));
        let mut matches: Vec<_> = nearest.collect();
        matches.sort_by_key(|found| (found.distance, found.content));
        matches
    }

    /// Everything within the sure distance.
    fn sure_hits(
        &self,
        views: &[impl LookedUp],
        index: &Index,
        scope: &Scope,
    ) -> HashMap<ContentId, Vec<Match>> {
        let mut hits: HashMap<ContentId, Vec<Match>> = HashMap::new();
        for (view, mirrored) in self.looked_up(views) {
            let (kind, hash) = (view.view().kind(), view.pdq(mirrored));
            for near in index.lookup(kind, hash, self.thresholds.sure_distance_max, scope) {
                hits.entry(near.content).or_default().push(as_match(view, mirrored, near));
            }
        }
        hits
    }

    /// The hits beyond the sure distance, whose gradient hashes agree, among the hashes of one
    /// banked photo.
    fn wide_hits(&self, views: &[impl LookedUp], banked: &[Entry]) -> Vec<Match> {
        let Thresholds { sure_distance_max: sure, wide_distance_max: wide, .. } = self.thresholds;
        let mut hits = Vec::new();
        let looked_up = self.looked_up(views).filter(|(view, _)| !view.view().is_of_keypoint());
        for (view, mirrored) in looked_up {
            for entry in banked.iter().filter(|entry| view.view().is_comparable_with(entry.view)) {
                let distance = view.pdq(mirrored).distance(entry.hash);
                if sure < distance
                    && distance <= wide
                    && self.gradients_agree(view, mirrored, entry)
                {
                    hits.push(as_match(view, mirrored, Near::new(entry.clone(), distance)));
                }
            }
        }
        hits
    }

    /// The views with enough detail, each as it is and mirrored.
    fn looked_up<'a, V: LookedUp>(
        &self,
        views: &'a [V],
    ) -> impl Iterator<Item = (&'a V, bool)> + use<'a, V> {
        let matcher = *self;
        let views = views.iter().filter(move |view| matcher.is_looked_up(*view));
        views.flat_map(|view| [false, true].map(|mirrored| (view, mirrored)))
    }

    /// Whether any view has enough detail to be looked up.
    #[must_use]
    pub fn looks_up_any(&self, views: &PhotoViews) -> bool {
        views.views.iter().any(|view| self.is_looked_up(view))
    }

    /// The banked photos of a scope, nearest first, that a banked photo of these hashes is a copy
    /// of by the sure distance alone. Where its faces are is no longer known.
    #[must_use]
    pub fn copies_of_banked(
        &self,
        hashes: &[(View, PdqHash)],
        index: &Index,
        scope: &Scope,
    ) -> Vec<Near> {
        let mut hits: HashMap<ContentId, Vec<(View, Near)>> = HashMap::new();
        for (view, hash) in hashes {
            let sure = self.thresholds.sure_distance_max;
            for near in index.lookup(view.kind(), *hash, sure, scope) {
                hits.entry(near.content).or_default().push((*view, near));
            }
        }
        let nearest = hits.into_values().filter_map(|hits| {
            let of_keypoints = hits.iter().filter(|(view, _)| view.is_of_keypoint());
            let keypoints_count = self.is_margin_enough(
                of_keypoints.map(|(view, near)| (*view, near.view, near.distance)),
            );
            let counted =
                hits.into_iter().filter(|(view, _)| keypoints_count || !view.is_of_keypoint());
            counted.map(|(_, near)| near).min_by_key(|near| near.distance)
        });
        let mut copies: Vec<_> = nearest.collect();
        copies.sort_by_key(|near| (near.distance, near.content));
        copies
    }

    /// What an index holds of a photo once it is banked; nothing, if it is too plain to compare.
    #[must_use]
    pub fn entries(
        &self,
        views: &PhotoViews,
        content: ContentId,
        bank: &Arc<BankFacts>,
    ) -> Vec<Entry> {
        let whole = (View::Whole, views.hashes);
        let others = views.banked().map(|it| (it.view, it.hashes));
        let banked = std::iter::once(whole).chain(others);
        let banked = banked.filter(|(_, hashes)| self.is_comparable(hashes.pdq_quality));
        let entry = |(view, hashes): (View, PhotoHashes)| Entry {
            hash: hashes.pdq,
            gradient: Some(hashes.gradient.sample()),
            content,
            view,
            opinion: Opinion::Confirmed,
            bank: Arc::clone(bank),
        };
        banked.map(entry).collect()
    }

    /// The same of a photo of which only the hashes were kept.
    #[must_use]
    pub fn entries_kept(
        &self,
        views: &KeptViews,
        content: ContentId,
        bank: &Arc<BankFacts>,
    ) -> Vec<Entry> {
        let banked = views.views.iter().filter(|view| view.is_banked() && self.is_looked_up(*view));
        let entry = |view: &KeptView| Entry {
            hash: view.pdq(false),
            gradient: view.gradient(false),
            content,
            view: view.view(),
            opinion: Opinion::Confirmed,
            bank: Arc::clone(bank),
        };
        banked.map(entry).collect()
    }

    /// Of the hits of one banked photo, the nearest that counts: one that shows all the picture if
    /// there is any, since that tells more.
    fn nearest(&self, mut hits: Vec<Match>, face_centres: &[(f32, f32)]) -> Option<Match> {
        // Of several that are as near, the first in this order counts.
        hits.sort_by_key(|it| (it.view, it.mirrored, it.distance, it.banked_view));
        let of_keypoints = || hits.iter().filter(|it| it.view.is_of_keypoint());
        let is_keypoint_hit = of_keypoints().next().is_some();
        let shows_face =
            |hit: &Match| face_centres.iter().any(|centre| hit.region.contains(*centre));
        let keypoints_count = of_keypoints().any(shows_face)
            || self
                .is_margin_enough(of_keypoints().map(|it| (it.view, it.banked_view, it.distance)));
        let counted = hits.into_iter().filter(|it| {
            if it.view.is_of_keypoint() {
                keypoints_count
            } else {
                it.distance <= self.thresholds.sure_distance_max || is_keypoint_hit
            }
        });
        counted.min_by_key(|it| (it.view.shows_part(), it.distance))
    }

    /// Whether hits between squares over keypoints of two photos tell by themselves that the photos
    /// are copies: one by its distance, or several by their margin. Each square counts once, in its
    /// nearest hit.
    fn is_margin_enough(&self, hits: impl Iterator<Item = (View, View, Distance)>) -> bool {
        let mut hits: Vec<_> = hits.collect();
        hits.sort_by_key(|(_, _, distance)| *distance);
        let (mut own, mut banked) = (BTreeSet::new(), BTreeSet::new());
        let mut margin = 0;
        for (view, banked_view, distance) in hits {
            if distance <= self.thresholds.keypoint_alone_max {
                return true;
            }
            if !own.contains(&view) && !banked.contains(&banked_view) {
                own.insert(view);
                banked.insert(banked_view);
                let first_unsure = self.thresholds.sure_distance_max.0 + 1;
                margin += first_unsure.saturating_sub(distance.0);
            }
        }
        self.thresholds.keypoint_margin_min <= margin
    }

    fn is_looked_up(&self, view: &impl LookedUp) -> bool {
        self.is_comparable(view.quality())
    }

    /// A hash that came from elsewhere may have come without a gradient hash.
    fn gradients_agree(&self, view: &impl LookedUp, mirrored: bool, banked: &Entry) -> bool {
        // The cheap side first: a photo's own gradient hash is taken when it is asked for.
        banked.gradient.is_some_and(|banked| {
            view.gradient(mirrored)
                .is_some_and(|own| own.distance(banked) <= self.thresholds.gradient_distance_max)
        })
    }
}

fn as_match(view: &impl LookedUp, mirrored: bool, near: Near) -> Match {
    Match {
        bank: near.bank,
        content: near.content,
        distance: near.distance,
        view: view.view(),
        mirrored,
        region: view.region(),
        banked_view: near.view,
        opinion: near.opinion,
    }
}

#[cfg(test)]
mod tests;
