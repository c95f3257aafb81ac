//! Finding faces: a box and six points each, to crop by. Nothing here tells whose face it is.
//!
//! The net is BlazeFace (Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on
//! Mobile GPUs", 2019). It looks at the photo with a margin, black outside, and then again at a
//! square around each of the best candidates, which gives every face the same size and place in its
//! input and makes the box steadier. A face is what both looks agree on. Where there is none, the
//! first look is taken again with more pixels, for smaller faces. All cutting is done in whole
//! pixels, as `training/faces/face_boxes.py` does it, so that training sees the same boxes.

#[cfg(feature = "models")]
mod finder;

#[cfg(feature = "models")]
pub use self::finder::FaceFinder;

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
    /// upright face first. A frame is laid by them; they are kept nowhere.
    pub points: [Point; 6],
    /// How sure the net is that this is a face, 0 to 1.
    pub score: f32,
}

impl Face {
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
        let (x, y) = (self.x + self.width / 2.0, self.y + self.height / 2.0);
        (x * width as f32, y * height as f32)
    }
}
