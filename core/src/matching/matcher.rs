//! The matcher: which hits in an index make a match.
//!
//! Every view of the photo, as it is and mirrored, is looked up by its PDQ hash. A banked view that
//! is comparable ([`View::is_comparable_with`]) is a hit when it lies within the sure distance, or
//! within the wide one if the gradient hashes of both views agree: two ways of hashing that err
//! independently. Which hits make a match depends on how much their views tell:
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
use super::views::{PhotoView, PhotoViews, View};
use crate::bank::{BankFacts, Opinion};
use crate::faces::Faces;
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
        let mut hits: HashMap<ContentId, Vec<Match>> = HashMap::new();
        for view in views.views.iter().filter(|it| self.is_looked_up(it)) {
            for mirrored in [false, true] {
                let near = index.lookup(view.pdq(mirrored), self.radius(view.view), scope);
                let near = near.into_iter().filter(|near| self.is_hit(view, mirrored, near));
                for hit in near.map(|near| as_match(view, mirrored, near)) {
                    hits.entry(hit.content).or_default().push(hit);
                }
            }
        }
        let nearest = hits.into_values().filter_map(|hits| self.nearest(hits, &views.faces));
        let mut matches: Vec<_> = nearest.collect();
        matches.sort_by_key(|found| (found.distance, found.content));
        matches
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
            let near = index.lookup(*hash, self.thresholds.sure_distance_max, scope);
            for near in near.into_iter().filter(|near| view.is_comparable_with(near.view)) {
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

    /// Of the hits of one banked photo, the nearest that counts: one that shows all the picture if
    /// there is any, since that tells more.
    fn nearest(&self, hits: Vec<Match>, faces: &Faces) -> Option<Match> {
        let of_keypoints = || hits.iter().filter(|it| it.view.is_of_keypoint());
        let is_keypoint_hit = of_keypoints().next().is_some();
        let shows_face =
            |hit: &Match| faces.all().any(|face| hit.region.contains(face.region().centre()));
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

    fn is_looked_up(&self, view: &PhotoView) -> bool {
        self.is_comparable(view.quality)
    }

    /// How far a view is looked up. Squares over keypoints are many, so they are looked up only as
    /// far as the hash decides alone, which costs a tenth.
    fn radius(&self, view: View) -> Distance {
        if view.is_of_keypoint() {
            self.thresholds.sure_distance_max
        } else {
            self.thresholds.wide_distance_max
        }
    }

    fn is_hit(&self, view: &PhotoView, mirrored: bool, near: &Near) -> bool {
        if !view.view.is_comparable_with(near.view) {
            return false;
        }
        if near.distance <= self.thresholds.sure_distance_max {
            return true;
        }
        // A hash that came from elsewhere may have come without a gradient hash.
        near.gradient.is_some_and(|banked| {
            let apart = view.gradient(mirrored).sample().distance(banked);
            apart <= self.thresholds.gradient_distance_max
        })
    }
}

fn as_match(view: &PhotoView, mirrored: bool, near: Near) -> Match {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bank::{BankId, Purpose};
    use crate::faces::{Face, Point};
    use crate::matching::views::KeypointSlot;
    use crate::region::Region;

    const MATCHER: Matcher = Matcher {
        thresholds: Thresholds {
            sure_distance_max: Distance(31),
            wide_distance_max: Distance(45),
            gradient_distance_max: Distance(14),
            pdq_quality_min: 50,
            keypoint_alone_max: Distance(12),
            keypoint_margin_min: 26,
            false_match_rate: 1e-6,
        },
    };

    fn bank() -> Arc<BankFacts> {
        let (id, purpose) = (BankId(1), Purpose::KnownFake);
        Arc::new(BankFacts { id, name: "ALL".into(), purpose, imported: false })
    }

    fn keypoint(number: usize) -> View {
        View::Keypoint(KeypointSlot::new(number).unwrap())
    }

    /// A hit that shows the left half of the photo.
    fn hit(view: View, banked_view: View, distance: u16) -> Match {
        Match {
            bank: bank(),
            content: ContentId(1),
            distance: Distance(distance),
            view,
            mirrored: false,
            region: Region { width: 0.5, ..Region::WHOLE },
            banked_view,
            opinion: Opinion::Confirmed,
        }
    }

    fn face_at(x: f32) -> Face {
        let points = [Point { x, y: 0.5 }; 6];
        Face { x: x - 0.1, y: 0.4, width: 0.2, height: 0.2, points, score: 1.0 }
    }

    fn nearest(hits: &[Match], faces: &[Face]) -> Option<u16> {
        let faces = Faces { whole: faces.to_vec(), ..Faces::default() };
        MATCHER.nearest(hits.to_vec(), &faces).map(|found| found.distance.0)
    }

    #[test]
    fn one_keypoint_makes_a_match_where_it_shows_a_face_or_is_very_near() {
        let one = [hit(keypoint(0), keypoint(3), 14)];
        assert_eq!(nearest(&one, &[]), None);
        assert_eq!(nearest(&one, &[face_at(0.8)]), None);
        assert_eq!(nearest(&one, &[face_at(0.8), face_at(0.3)]), Some(14));
        assert_eq!(nearest(&[hit(keypoint(0), keypoint(3), 12)], &[]), Some(12));
    }

    #[test]
    fn several_keypoints_of_both_photos_make_a_match_if_their_margins_add_up() {
        let first = hit(keypoint(0), keypoint(3), 14);
        assert_eq!(nearest(&[first.clone(), hit(keypoint(1), keypoint(5), 24)], &[]), Some(14));
        assert_eq!(nearest(&[first.clone(), hit(keypoint(1), keypoint(5), 26)], &[]), None);
        let third = hit(keypoint(2), keypoint(6), 30);
        let three = [first.clone(), hit(keypoint(1), keypoint(5), 26), third];
        assert_eq!(nearest(&three, &[]), Some(14));
        // Twice the same square of either photo is one.
        assert_eq!(nearest(&[first.clone(), hit(keypoint(1), keypoint(3), 15)], &[]), None);
        assert_eq!(nearest(&[first.clone(), hit(keypoint(0), keypoint(5), 15)], &[]), None);
    }

    #[test]
    fn beyond_the_sure_distance_a_keypoint_must_be_a_hit_too() {
        let wide = hit(View::Whole, View::Whole, 40);
        assert_eq!(nearest(std::slice::from_ref(&wide), &[]), None);
        assert_eq!(nearest(&[wide, hit(keypoint(0), keypoint(3), 30)], &[]), Some(40));
        assert_eq!(nearest(&[hit(View::Whole, View::Whole, 31)], &[]), Some(31));
    }

    #[test]
    fn the_whole_picture_tells_more_than_a_part() {
        let whole = hit(View::Whole, View::Whole, 30);
        let (first, second) = (hit(keypoint(0), keypoint(3), 4), hit(keypoint(1), keypoint(5), 9));
        assert_eq!(nearest(&[first.clone(), whole.clone()], &[]), Some(30));
        assert_eq!(nearest(&[first, second, whole], &[]), Some(30));
    }

    #[test]
    fn banked_photos_are_copies_by_comparable_views() {
        let hash = |word: u64| PdqHash([word, 0, 0, 0]);
        let entry = |view, word, content| Entry {
            hash: hash(word),
            gradient: None,
            content: ContentId(content),
            view,
            opinion: Opinion::Confirmed,
            bank: bank(),
        };
        let index = Index::new(
            vec![
                entry(View::Whole, 0, 1),
                entry(keypoint(0), 0xF_FFFF, 2),
                entry(keypoint(0), 0xF_FFFF, 3),
                entry(keypoint(1), u64::MAX, 3),
            ],
            1,
        );
        let copies = |hashes: &[(View, PdqHash)]| -> Vec<i64> {
            let found = MATCHER.copies_of_banked(hashes, &index, &Scope::Everything);
            found.iter().map(|near| near.content.0).collect()
        };
        assert_eq!(copies(&[(View::Whole, hash(1))]), [1]);
        // 20 bits from the one, 17 from the other.
        let (near, nearer) = (hash(0), hash(u64::MAX << 17));
        assert_eq!(copies(&[(keypoint(4), near)]), [0_i64; 0]);
        assert_eq!(copies(&[(keypoint(4), near), (keypoint(7), nearer)]), [3]);
    }
}
