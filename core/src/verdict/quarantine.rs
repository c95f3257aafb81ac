//! Hubs: banked hashes so common that they match photos of quite different things.
//!
//! A screenshot of an app, a blank avatar with a frame: its hash would flag honest people. Photos
//! seen on accounts show it: a hub matches many that do not match each other.

use crate::matching::hashes::PdqHash;
use crate::verdict::Policy;

impl Policy {
    /// Why a banked photo that matches these seen photos, each given by all its hashes, must not be
    /// looked up; `None` when it may. Copies of one photo count once, in the order given.
    #[must_use]
    pub fn quarantine_reason(&self, seen: &[Vec<PdqHash>]) -> Option<String> {
        let most = usize::from(self.quarantine.different_photos_max);
        let mut different: Vec<&[PdqHash]> = Vec::new();
        for photo in seen {
            if different.iter().all(|other| self.are_different(photo, other)) {
                different.push(photo);
            }
            if most < different.len() {
                return Some(format!("it matches more than {most} different photos of accounts"));
            }
        }
        None
    }

    fn are_different(&self, a: &[PdqHash], b: &[PdqHash]) -> bool {
        let far = |a: PdqHash, b: PdqHash| self.quarantine.distance_min <= a.distance(b).0;
        a.iter().all(|a| b.iter().all(|b| far(*a, *b)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::shipped_policy;

    /// Photo `number` as one hash, 23 bits from zero and so 46 from each other one.
    fn photo(number: usize) -> Vec<PdqHash> {
        let mut words = [0; 4];
        for bit in 23 * number..23 * (number + 1) {
            words[bit / 64] |= 1 << (bit % 64);
        }
        vec![PdqHash(words)]
    }

    #[test]
    fn a_hub_is_told_by_more_different_photos_than_the_policy_lets_pass() {
        let most = usize::from(shipped_policy().quarantine.different_photos_max);
        let photos: Vec<_> = (0..=most).map(photo).collect();
        assert_eq!(shipped_policy().quarantine_reason(&photos[..most]), None);
        let reason = shipped_policy().quarantine_reason(&photos).unwrap();
        assert_eq!(reason, "it matches more than 10 different photos of accounts");
    }

    #[test]
    fn copies_of_one_photo_count_once() {
        let mut close = photo(0);
        close[0].0[3] ^= 1 << 63;
        let copies = vec![vec![photo(0), close]; 30].concat();
        assert_eq!(shipped_policy().quarantine_reason(&copies), None);
        // Two crops of one photo meet in one of their hashes.
        let crops: Vec<_> = (1..11).map(|number| [photo(number), photo(0)].concat()).collect();
        assert_eq!(shipped_policy().quarantine_reason(&[crops, vec![photo(0)]].concat()), None);
    }
}
