//! Hubs: banked hashes so common that they match photos of quite different things.
//!
//! A screenshot of an app, a blank avatar with a frame: its hash would flag honest people. Photos
//! seen on accounts show it: a hub matches many that do not match each other.

use serde::Deserialize;

use crate::matching::OutOfRange;
use crate::matching::hashes::{Distance, HASH_BITS, PdqHash};

/// The section `quarantine` of the policy file.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HubRule {
    /// A banked photo that matches more different seen photos than this is quarantined.
    pub different_photos_max: u16,
    /// Photos of which no two hashes lie closer than this are different.
    pub distance_min: Distance,
}

/// Why a banked photo must not be looked up: it matches more different photos than this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hub {
    pub different_photos_max: u16,
}

impl HubRule {
    /// The numbers that cannot be.
    pub fn out_of_range(self) -> Vec<OutOfRange> {
        let (photos, distance) = (self.different_photos_max.into(), self.distance_min.0.into());
        let found = [
            OutOfRange::find("quarantine.different_photos_max", photos, 1.0, 1e3),
            OutOfRange::find("quarantine.distance_min", distance, 1.0, HASH_BITS.into()),
        ];
        found.into_iter().flatten().collect()
    }

    /// Whether a banked photo that matches these seen photos, each given by all its hashes, is a
    /// hub. Copies of one photo count once, in the order given.
    pub fn find_hub(self, seen: &[Vec<PdqHash>]) -> Option<Hub> {
        let mut different: Vec<&[PdqHash]> = Vec::new();
        for photo in seen {
            if different.iter().all(|other| self.are_different(photo, other)) {
                different.push(photo);
            }
            if usize::from(self.different_photos_max) < different.len() {
                return Some(Hub { different_photos_max: self.different_photos_max });
            }
        }
        None
    }

    fn are_different(self, a: &[PdqHash], b: &[PdqHash]) -> bool {
        a.iter().all(|a| b.iter().all(|b| self.distance_min <= a.distance(*b)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: HubRule = HubRule { different_photos_max: 10, distance_min: Distance(46) };

    /// Photo `number` as one hash, 23 bits from zero and so 46 from each other one.
    fn photo(number: usize) -> Vec<PdqHash> {
        let mut words = [0; 4];
        for bit in 23 * number..23 * (number + 1) {
            words[bit / 64] |= 1 << (bit % 64);
        }
        vec![PdqHash(words)]
    }

    #[test]
    fn a_hub_matches_more_different_photos_than_the_rule_lets_pass() {
        let photos: Vec<_> = (0..=10).map(photo).collect();
        assert_eq!(RULE.find_hub(&photos[..10]), None);
        assert_eq!(RULE.find_hub(&photos), Some(Hub { different_photos_max: 10 }));
    }

    #[test]
    fn copies_of_one_photo_count_once() {
        let mut close = photo(0);
        close[0].0[3] ^= 1 << 63;
        let copies = vec![vec![photo(0), close]; 30].concat();
        assert_eq!(RULE.find_hub(&copies), None);
        // Two crops of one photo share one of their hashes.
        let crops: Vec<_> = (1..11).map(|number| [photo(number), photo(0)].concat()).collect();
        assert_eq!(RULE.find_hub(&[crops, vec![photo(0)]].concat()), None);
    }
}
