//! A face: its box and six points.

use crate::photo::resize::PixelBox;
use crate::region::{Region, point_in_whole};

/// Faces that squares are anchored to, per photo.
pub const ANCHORED_MAX: usize = 3;

/// A point in fractions of the photo's width and height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub x: f32,
    pub y: f32,
}

/// A face's box in fractions of the photo's width and height; a face cut by the photo's edge may
/// reach outside 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Face {
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
    /// Eyes, nose, mouth and ears: of eyes and ears, the one further left in the photo of an
    /// upright face first. Squares are laid over a face by them; they are stored nowhere.
    pub points: [Point; 6],
    /// How sure the net is that this is a face, 0 to 1.
    pub score: f32,
}

/// All faces of a photo, in fractions of the whole photo. Without the face finder there are none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Faces {
    /// Found in the whole photo, the largest and surest first.
    pub whole: Vec<Face>,
    /// Found in the picture inside its frame.
    pub inside: Vec<Face>,
    /// Those that squares are laid over, in boxes that hardly depend on how the photo was cropped;
    /// at most [`ANCHORED_MAX`].
    pub anchored: Vec<Face>,
}

impl Faces {
    /// Every face that was found, whether in the whole photo or inside its frame.
    pub fn all(&self) -> impl Iterator<Item = &Face> {
        self.whole.iter().chain(&self.inside)
    }
}

impl Face {
    /// Its box.
    #[must_use]
    pub fn region(&self) -> Region {
        Region { x: self.x, y: self.y, width: self.width, height: self.height }
    }

    /// A face found in a part of a photo, in fractions of the whole photo, which has `width` by
    /// `height` pixels.
    #[must_use]
    pub fn in_whole(&self, part: PixelBox, width: u32, height: u32) -> Self {
        let region = self.region().in_whole(part, width, height);
        let points = self.points.map(|point| {
            let (x, y) = point_in_whole((point.x, point.y), part, width, height);
            Point { x, y }
        });
        let Region { x, y, width, height } = region;
        Self { x, y, width, height, points, score: self.score }
    }

    /// Longer side of the box, in pixels of a photo of `width` by `height`.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "sides are below 2^24")]
    pub fn side_in(&self, width: u32, height: u32) -> f32 {
        (self.width * width as f32).max(self.height * height as f32)
    }

    /// Centre of the box, in pixels of a photo of `width` by `height`.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "sides are below 2^24")]
    pub fn centre_in(&self, width: u32, height: u32) -> (f32, f32) {
        let (x, y) = self.region().centre();
        (x * width as f32, y * height as f32)
    }
}
