//! The chance that edits are drawn by.

use sha2::{Digest, Sha256};

use super::edit::Edit;

/// A seeded source of chance: equal seeds give equal edits.
#[derive(Debug, Clone)]
pub struct Random(fastrand::Rng);

impl Random {
    /// The chance of one edit of one photo, the `photo`th of its folder.
    #[must_use]
    pub fn seeded(seed: u64, photo: usize, edit: Edit) -> Self {
        let digest = Sha256::digest(format!("{seed} {photo} {}", edit.name()));
        let first = digest.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        Self(fastrand::Rng::with_seed(first))
    }

    /// An index below `end`, which is not 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0.usize(..end)
    }

    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.0.f32()
    }

    /// In one of two ranges, each as likely.
    pub(super) fn in_either(&mut self, low: (f32, f32), high: (f32, f32)) -> f32 {
        let (from, to) = if self.0.bool() { low } else { high };
        self.between(from, to)
    }

    pub(super) fn up_to(&mut self, most: u32) -> u32 {
        self.0.u32(..=most)
    }

    pub(super) fn coin(&mut self) -> bool {
        self.0.bool()
    }

    /// Nearly normal, of mean 0 and deviation 1: the sum of four even ones.
    pub(super) fn normal(&mut self) -> f32 {
        let sum: f32 = (0..4).map(|_| self.0.f32()).sum();
        (sum - 2.0) * 3.0_f32.sqrt()
    }

    pub(super) fn colour(&mut self) -> [u8; 3] {
        std::array::from_fn(|_| self.0.u8(..))
    }

    pub(super) fn one_of<T: Copy, const N: usize>(&mut self, choices: &[T; N]) -> T {
        #[expect(clippy::indexing_slicing, reason = "below the number of choices")]
        choices[self.below(N)]
    }
}
