//! Matching: which banked photos a photo is a copy of.
//!
//! Every view of the photo, as it is and mirrored, is looked up by its PDQ hash. A banked view that
//! may show the same ([`crate::core::views::View::meets`]) is a match when it lies within the sure
//! distance, or within the wide one if the gradient hashes of both views agree: two ways of hashing
//! that err independently. Distances and agreement stand in the policy with the rate at which
//! different photos match by them.

use std::collections::HashMap;
use std::sync::Arc;

use crate::core::banks::{BankFacts, Opinion};
use crate::core::hashes::{Distance, PhotoHashes};
use crate::core::index::{ContentId, Entry, Index, Near};
use crate::core::report::Match;
use crate::core::verdict::Policy;
use crate::core::views::{PhotoView, PhotoViews, View};

impl Policy {
    /// The banked photos that a photo of these views is a copy of, whatever their bank is for: each
    /// once, by the views that lie nearest, nearest first.
    #[must_use]
    pub fn matches(&self, views: &PhotoViews, index: &Index) -> Vec<Match> {
        let mut nearest: HashMap<ContentId, Match> = HashMap::new();
        for view in views.views.iter().filter(|it| self.is_looked_up(it)) {
            for mirrored in [false, true] {
                let near = index.lookup(view.pdq(mirrored), self.wide_distance_max());
                let near = near.into_iter().filter(|near| self.agrees(view, mirrored, near));
                for found in near.map(|near| match_of(view, mirrored, near)) {
                    let held = nearest.entry(found.content).or_insert_with(|| found.clone());
                    if found.distance < held.distance {
                        *held = found;
                    }
                }
            }
        }
        let mut matches: Vec<_> = nearest.into_values().collect();
        matches.sort_by_key(|found| (found.distance, found.content));
        matches
    }

    /// What an index holds of a photo once it is banked; nothing, if it is too plain to compare.
    #[must_use]
    pub fn entries(
        &self,
        views: &PhotoViews,
        content: ContentId,
        bank: &Arc<BankFacts>,
    ) -> Vec<Entry> {
        let whole = (View::WHOLE, views.hashes);
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

    fn is_looked_up(&self, view: &PhotoView) -> bool {
        self.is_comparable(view.quality)
    }

    fn agrees(&self, view: &PhotoView, mirrored: bool, near: &Near) -> bool {
        if !view.view.meets(near.view) {
            return false;
        }
        if near.distance <= self.sure_distance_max() {
            return true;
        }
        // A hash that came from elsewhere may have come without a gradient hash.
        near.gradient.is_some_and(|banked| {
            let apart = view.gradient(mirrored).sample().distance(banked);
            apart <= self.gradient_distance_max()
        })
    }

    /// The threshold that a distance passed.
    pub(super) fn distance_threshold(&self, distance: Distance) -> Distance {
        let sure = self.sure_distance_max();
        if distance <= sure { sure } else { self.wide_distance_max() }
    }
}

fn match_of(view: &PhotoView, mirrored: bool, near: Near) -> Match {
    Match {
        bank: near.bank,
        content: near.content,
        distance: near.distance,
        view: view.view,
        mirrored,
        region: view.region,
        banked_view: near.view,
        opinion: near.opinion,
    }
}
