//! Matching: which banked photos a photo is a copy of.
//!
//! Every view of the photo, as it is and mirrored, is looked up by its PDQ hash. A banked view that
//! may show the same ([`crate::matching::views::View::meets`]) is met when it lies within the sure
//! distance, or within the wide one if the gradient hashes of both views agree: two ways of hashing
//! that err independently. Which of the views that met make a match depends on how much they tell:
//!
//! - A view of the whole picture or of a face, within the sure distance, makes one by itself.
//! - Beyond it, photos of one series meet as well: there a square over a keypoint must be met too.
//! - A square over a keypoint may show the same wall behind another person. It makes a match by
//!   itself when it shows a face, or when it is met so closely that both were cut from one photo;
//!   otherwise several must be met, the more the farther apart ([`Policy`],
//!   `keypoint_closeness_min`).
//!
//! Distances, agreement and closeness stand in the policy with the rate at which different photos
//! match by them.

pub mod hashes;
pub mod index;
pub mod views;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::bank::{BankFacts, Opinion};
use crate::faces::Face;
use crate::matching::hashes::{Distance, PdqHash, PhotoHashes};
use crate::matching::index::{ContentId, Entry, Index, Near};
use crate::matching::views::{PhotoView, PhotoViews, View};
use crate::report::Match;
use crate::verdict::Policy;

impl Policy {
    /// The banked photos that a photo of these views is a copy of, whatever their bank is for: each
    /// once, by the views that tell most, nearest first.
    #[must_use]
    pub fn matches(&self, views: &PhotoViews, index: &Index) -> Vec<Match> {
        let mut met: HashMap<ContentId, Vec<Match>> = HashMap::new();
        for view in views.views.iter().filter(|it| self.is_looked_up(it)) {
            for mirrored in [false, true] {
                let near = index.lookup(view.pdq(mirrored), self.reach_of(view.view));
                let near = near.into_iter().filter(|near| self.agrees(view, mirrored, near));
                for found in near.map(|near| match_of(view, mirrored, near)) {
                    met.entry(found.content).or_default().push(found);
                }
            }
        }
        let faces: Vec<Face> = views.faces.iter().chain(&views.faces_inside).copied().collect();
        let nearest = met.into_values().filter_map(|found| self.nearest_of(found, &faces));
        let mut matches: Vec<_> = nearest.collect();
        matches.sort_by_key(|found| (found.distance, found.content));
        matches
    }

    /// Whether any view has enough detail to be looked up.
    #[must_use]
    pub fn looks_up_any(&self, views: &PhotoViews) -> bool {
        views.views.iter().any(|view| self.is_looked_up(view))
    }

    /// The banked photos, nearest first, that a banked photo of these hashes is a copy of by the
    /// sure distance alone. Of its faces nothing is known any more.
    #[must_use]
    pub fn copies_of_banked(&self, hashes: &[(View, PdqHash)], index: &Index) -> Vec<Near> {
        let mut met: HashMap<ContentId, Vec<(View, Near)>> = HashMap::new();
        for (view, hash) in hashes {
            let near = index.lookup(*hash, self.sure_distance_max());
            for near in near.into_iter().filter(|near| view.meets(near.view)) {
                met.entry(near.content).or_default().push((*view, near));
            }
        }
        let nearest = met.into_values().filter_map(|found| {
            let of_keypoints = found.iter().filter(|(view, _)| view.is_of_keypoint());
            let tell_enough = self
                .tell_enough(of_keypoints.map(|(view, near)| (*view, near.view, near.distance)));
            let counted =
                found.into_iter().filter(|(view, _)| tell_enough || !view.is_of_keypoint());
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

    /// Of the views by which one banked photo is met, the nearest that counts: one that shows all
    /// the picture if there is any, since that tells more.
    fn nearest_of(&self, found: Vec<Match>, faces: &[Face]) -> Option<Match> {
        let of_keypoints = || found.iter().filter(|it| it.view.is_of_keypoint());
        let is_keypoint_met = of_keypoints().next().is_some();
        let keypoints_count = of_keypoints()
            .any(|it| faces.iter().any(|face| shows(it.region, face)))
            || self.tell_enough(of_keypoints().map(|it| (it.view, it.banked_view, it.distance)));
        let counted = found.into_iter().filter(|it| {
            if it.view.is_of_keypoint() {
                keypoints_count
            } else {
                it.distance <= self.sure_distance_max() || is_keypoint_met
            }
        });
        counted.min_by_key(|it| (it.view.shows_part(), it.distance))
    }

    /// Whether squares over keypoints of two photos, which met in pairs at these distances, tell by
    /// themselves that the photos are copies. Each square counts once, in its nearest pair.
    fn tell_enough(&self, met: impl Iterator<Item = (View, View, Distance)>) -> bool {
        let mut met: Vec<_> = met.collect();
        met.sort_by_key(|(_, _, distance)| *distance);
        let (mut own, mut banked) = (BTreeSet::new(), BTreeSet::new());
        let mut closeness = 0;
        for (view, banked_view, distance) in met {
            if distance <= self.keypoint_alone_max() {
                return true;
            }
            if !own.contains(&view) && !banked.contains(&banked_view) {
                own.insert(view);
                banked.insert(banked_view);
                closeness += (self.sure_distance_max().0 + 1).saturating_sub(distance.0);
            }
        }
        self.keypoint_closeness_min() <= closeness
    }

    fn is_looked_up(&self, view: &PhotoView) -> bool {
        self.is_comparable(view.quality)
    }

    /// How far a view is looked up. Squares over keypoints are many, so they are looked up only as
    /// far as the hash decides alone, which costs a tenth.
    fn reach_of(&self, view: View) -> Distance {
        if view.is_of_keypoint() { self.sure_distance_max() } else { self.wide_distance_max() }
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

/// Whether the middle of a face lies in a part of the photo.
fn shows([left, top, width, height]: [f32; 4], face: &Face) -> bool {
    let (x, y) = (face.x + face.width / 2.0, face.y + face.height / 2.0);
    (left..=left + width).contains(&x) && (top..=top + height).contains(&y)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bank::{BankId, Purpose};
    use crate::faces::Point;
    use crate::verdict::shipped_policy;

    fn bank() -> Arc<BankFacts> {
        let facts = BankFacts {
            id: BankId(1),
            name: "ALL".into(),
            purpose: Purpose::KnownFake,
            imported: false,
        };
        Arc::new(facts)
    }

    fn keypoint(number: u8) -> View {
        View::from_code(64 + number).unwrap()
    }

    /// A met square over the left half of the photo.
    fn met(view: View, banked_view: View, distance: u16) -> Match {
        Match {
            bank: bank(),
            content: ContentId(1),
            distance: Distance(distance),
            view,
            mirrored: false,
            region: [0.0, 0.0, 0.5, 1.0],
            banked_view,
            opinion: Opinion::Confirmed,
        }
    }

    fn face_at(x: f32) -> Face {
        let points = [Point { x, y: 0.5 }; 6];
        Face { x: x - 0.1, y: 0.4, width: 0.2, height: 0.2, points, score: 1.0 }
    }

    fn nearest(found: &[Match], faces: &[Face]) -> Option<u16> {
        shipped_policy().nearest_of(found.to_vec(), faces).map(|found| found.distance.0)
    }

    #[test]
    fn one_keypoint_makes_a_match_where_it_shows_a_face_or_is_met_closely() {
        let one = [met(keypoint(0), keypoint(3), 14)];
        assert_eq!(nearest(&one, &[]), None);
        assert_eq!(nearest(&one, &[face_at(0.8)]), None);
        assert_eq!(nearest(&one, &[face_at(0.8), face_at(0.3)]), Some(14));
        assert_eq!(nearest(&[met(keypoint(0), keypoint(3), 12)], &[]), Some(12));
    }

    #[test]
    fn several_keypoints_of_both_photos_make_a_match_if_they_are_met_closely_together() {
        let first = met(keypoint(0), keypoint(3), 14);
        assert_eq!(nearest(&[first.clone(), met(keypoint(1), keypoint(5), 24)], &[]), Some(14));
        assert_eq!(nearest(&[first.clone(), met(keypoint(1), keypoint(5), 26)], &[]), None);
        let third = met(keypoint(2), keypoint(6), 30);
        let three = [first.clone(), met(keypoint(1), keypoint(5), 26), third];
        assert_eq!(nearest(&three, &[]), Some(14));
        // Twice the same square of either photo is one.
        assert_eq!(nearest(&[first.clone(), met(keypoint(1), keypoint(3), 15)], &[]), None);
        assert_eq!(nearest(&[first.clone(), met(keypoint(0), keypoint(5), 15)], &[]), None);
    }

    #[test]
    fn beyond_the_sure_distance_a_keypoint_must_be_met_too() {
        let wide = met(View::WHOLE, View::WHOLE, 40);
        assert_eq!(nearest(std::slice::from_ref(&wide), &[]), None);
        assert_eq!(nearest(&[wide, met(keypoint(0), keypoint(3), 30)], &[]), Some(40));
        assert_eq!(nearest(&[met(View::WHOLE, View::WHOLE, 31)], &[]), Some(31));
    }

    #[test]
    fn the_whole_picture_tells_more_than_a_part() {
        let whole = met(View::WHOLE, View::WHOLE, 30);
        let (first, second) = (met(keypoint(0), keypoint(3), 4), met(keypoint(1), keypoint(5), 9));
        assert_eq!(nearest(&[first.clone(), whole.clone()], &[]), Some(30));
        assert_eq!(nearest(&[first, second, whole], &[]), Some(30));
    }

    #[test]
    fn banked_photos_are_copies_by_views_that_may_meet() {
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
                entry(View::WHOLE, 0, 1),
                entry(keypoint(0), 0xF_FFFF, 2),
                entry(keypoint(0), 0xF_FFFF, 3),
                entry(keypoint(1), u64::MAX, 3),
            ],
            1,
        );
        let copies = |hashes: &[(View, PdqHash)]| -> Vec<i64> {
            let found = shipped_policy().copies_of_banked(hashes, &index);
            found.iter().map(|near| near.content.0).collect()
        };
        assert_eq!(copies(&[(View::WHOLE, hash(1))]), [1]);
        // 20 bits from the one, 17 from the other.
        let (near, nearer) = (hash(0), hash(u64::MAX << 17));
        assert_eq!(copies(&[(keypoint(4), near)]), [0_i64; 0]);
        assert_eq!(copies(&[(keypoint(4), near), (keypoint(7), nearer)]), [3]);
    }
}
