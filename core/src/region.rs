//! A rectangle with its arithmetic, in fractions of a photo's sides or in pixels, as its owner
//! says.

use crate::photo::resize::PixelBox;

/// A rectangle. One over a face at the photo's edge may reach outside the photo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Region {
    /// Its left edge.
    pub x: f32,
    /// Its upper edge.
    pub y: f32,
    pub width: f32,
    pub height: f32,
}

#[expect(clippy::cast_precision_loss, reason = "sides of photos are below 2^24")]
impl Region {
    /// All of a photo, in fractions.
    pub const WHOLE: Self = Self { x: 0.0, y: 0.0, width: 1.0, height: 1.0 };

    /// A rectangle of pixels, in fractions of a photo of `width` by `height` pixels.
    #[must_use]
    pub fn from_pixels(area: PixelBox, width: u32, height: u32) -> Self {
        let (width, height) = (width as f32, height as f32);
        Self {
            x: area.x as f32 / width,
            y: area.y as f32 / height,
            width: area.width as f32 / width,
            height: area.height as f32 / height,
        }
    }

    /// A rectangle in fractions of a part of a photo, in fractions of the whole photo, which has
    /// `width` by `height` pixels.
    #[must_use]
    pub fn in_whole(self, part: PixelBox, width: u32, height: u32) -> Self {
        let (x, y) = point_in_whole((self.x, self.y), part, width, height);
        Self {
            x,
            y,
            width: self.width * part.width as f32 / width as f32,
            height: self.height * part.height as f32 / height as f32,
        }
    }

    /// From pixels to fractions of a photo of `width` by `height` pixels.
    #[must_use]
    pub fn in_fractions(self, (width, height): (f32, f32)) -> Self {
        Self {
            x: self.x / width,
            y: self.y / height,
            width: self.width / width,
            height: self.height / height,
        }
    }

    /// Its width times its height.
    #[must_use]
    pub fn area(self) -> f32 {
        self.width * self.height
    }

    /// Its middle.
    #[must_use]
    pub fn centre(self) -> (f32, f32) {
        (self.x + self.width / 2.0, self.y + self.height / 2.0)
    }

    /// Whether a point lies inside or on the edge.
    #[must_use]
    pub fn contains(self, (x, y): (f32, f32)) -> bool {
        (self.x..=self.x + self.width).contains(&x) && (self.y..=self.y + self.height).contains(&y)
    }

    /// The largest square in its middle.
    #[must_use]
    pub fn middle_square(self) -> Self {
        let side = self.width.min(self.height);
        Self {
            x: self.x + (self.width - side) / 2.0,
            y: self.y + (self.height - side) / 2.0,
            width: side,
            height: side,
        }
    }
}

/// A point in fractions of a part of a photo, in fractions of the whole photo, which has `width` by
/// `height` pixels.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "sides of photos are below 2^24")]
pub fn point_in_whole((x, y): (f32, f32), part: PixelBox, width: u32, height: u32) -> (f32, f32) {
    (
        (part.x as f32 + x * part.width as f32) / width as f32,
        (part.y as f32 + y * part.height as f32) / height as f32,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_part_lies_where_it_lies_in_the_whole() {
        let part = PixelBox { x: 50, y: 20, width: 100, height: 40 };
        let region = Region { x: 0.5, y: 0.25, width: 0.5, height: 0.5 };
        let expected = Region { x: 0.5, y: 0.3, width: 0.25, height: 0.2 };
        assert_eq!(region.in_whole(part, 200, 100), expected);
        assert_eq!(Region::WHOLE.in_whole(part, 200, 100), Region::from_pixels(part, 200, 100));
    }

    #[test]
    fn the_middle_square_keeps_the_centre() {
        let region = Region { x: 2.0, y: 1.0, width: 6.0, height: 4.0 };
        let square = region.middle_square();
        assert_eq!(square, Region { x: 3.0, y: 1.0, width: 4.0, height: 4.0 });
        assert_eq!(square.centre(), region.centre());
        assert!(region.contains((2.0, 5.0)) && !square.contains((2.0, 5.0)));
    }
}
