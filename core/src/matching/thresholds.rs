//! Thresholds: from which distances on two photos count as copies, read from the policy file.

use serde::Deserialize;
use thiserror::Error;

use super::hashes::{Distance, HASH_BITS, PdqQuality};
use super::views::KeypointSlot;

/// The section `known_photo` of the policy file. Distances are inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// How far a copy may lie from a banked photo by its PDQ hash alone.
    #[serde(rename = "pdq_distance_max")]
    pub sure_distance_max: Distance,
    /// How far it may lie if the gradient hashes agree.
    #[serde(rename = "pdq_distance_wide_max")]
    pub wide_distance_max: Distance,
    /// In how many bits gradient hashes that agree may differ, of 64.
    pub gradient_distance_max: Distance,
    /// The least detail, 0 to 100, with which a hash is looked up.
    pub pdq_quality_min: u8,
    /// The distance up to which one square over a keypoint is a match by itself.
    pub keypoint_alone_max: Distance,
    /// The margin from which on several squares over keypoints are a match: the sum, over their
    /// hits, of the bits by which each lies nearer than the first distance that is not sure.
    pub keypoint_margin_min: u16,
    /// Share of pairs of different photos that match, at most.
    pub false_match_rate: f64,
}

/// A number of the policy file that cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error("the policy's {field} is {value}, it must lie between {least} and {most}")]
pub struct OutOfRange {
    pub field: &'static str,
    pub value: f64,
    pub least: f64,
    pub most: f64,
}

impl OutOfRange {
    /// A `value` outside `least` to `most`; `None` for one inside.
    pub(crate) fn find(field: &'static str, value: f64, least: f64, most: f64) -> Option<Self> {
        (!(least..=most).contains(&value)).then_some(Self { field, value, least, most })
    }
}

impl Thresholds {
    /// Whether a hash of this quality has enough detail to be compared with banks.
    #[must_use]
    pub fn is_comparable(&self, quality: PdqQuality) -> bool {
        self.pdq_quality_min <= quality.value()
    }

    /// The threshold that the distance of a match passed.
    #[must_use]
    pub fn passed_by(&self, distance: Distance) -> Distance {
        if distance <= self.sure_distance_max {
            self.sure_distance_max
        } else {
            self.wide_distance_max
        }
    }

    /// The numbers that cannot be.
    pub(crate) fn out_of_range(&self) -> Vec<OutOfRange> {
        let number = |distance: Distance| f64::from(distance.0);
        let (sure, wide) = (number(self.sure_distance_max), number(self.wide_distance_max));
        let margin_most = f64::from(KeypointSlot::BANKED) * (sure + 1.0);
        let ranges = [
            ("known_photo.pdq_distance_max", sure, 0.0, wide),
            ("known_photo.pdq_distance_wide_max", wide, 0.0, HASH_BITS.into()),
            ("known_photo.gradient_distance_max", number(self.gradient_distance_max), 0.0, 64.0),
            ("known_photo.pdq_quality_min", self.pdq_quality_min.into(), 0.0, 100.0),
            ("known_photo.keypoint_alone_max", number(self.keypoint_alone_max), 0.0, sure),
            ("known_photo.keypoint_margin_min", self.keypoint_margin_min.into(), 1.0, margin_most),
            ("known_photo.false_match_rate", self.false_match_rate, f64::MIN_POSITIVE, 1.0),
        ];
        let found =
            ranges.map(|(field, value, least, most)| OutOfRange::find(field, value, least, most));
        found.into_iter().flatten().collect()
    }
}
