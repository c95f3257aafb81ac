//! Views: the parts of a photo that are hashed, so that two crops of one photograph meet in one.

use crate::core::hashes::PhotoHashes;

/// Which part of a photo a hash was taken of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct View(u8);

/// The hashes of one view of a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ViewHashes {
    pub view: View,
    pub hashes: PhotoHashes,
}

impl View {
    /// All of the photo.
    pub const WHOLE: Self = Self(0);

    /// A number that stays the same for ever: banks keep it.
    #[must_use]
    pub fn code(self) -> u8 {
        self.0
    }

    /// The view of that number; `None` for one that this version does not know.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        (code == Self::WHOLE.0).then_some(Self(code))
    }

    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        "whole"
    }

    /// The part of the photo it shows: x, y, width, height as fractions of its sides.
    #[must_use]
    pub fn region(self) -> [f32; 4] {
        [0.0, 0.0, 1.0, 1.0]
    }
}
