//! Edits: what is done to a photo before it is used again.
//!
//! [`Edit::apply`] makes one edited copy, and matching is measured over [`Edit::ALL`]. The edits
//! and the ranges they are drawn from are what phones' photo editors, apps and their users do; they
//! were chosen before anything was measured and are not fitted to what the matching finds. All
//! chance comes from a [`Random`], so that equal seeds give equal copies. Nothing here fails: a
//! photo that is too small to be cut or would grow over the limits is resized.

mod draw;
mod edit;
mod frames;
mod geometry;
mod marks;
mod random;
mod saving;
mod tones;

use image::{RgbImage, imageops};

use crate::limits;
use crate::photo::reencode::{saved_as_jpeg, uploaded};
use crate::photo::resize::{PixelBox, cut, resize, shrink_to};

pub use self::edit::Edit;
pub use self::random::Random;

/// Edits in one chain.
const CHAINED: usize = 3;

impl Edit {
    /// An edited copy, within the limits of a photo, of the [`uploaded`] photo.
    #[must_use]
    pub fn apply(self, pixels: &RgbImage, random: &mut Random) -> RgbImage {
        if limits::EDITED_SIDE_MAX < pixels.width().max(pixels.height()) {
            return self.apply(&uploaded(pixels), random);
        }
        let edited = match self {
            Self::Mirror => imageops::flip_horizontal(pixels),
            Self::SquareCentred => {
                cut(pixels, PixelBox::middle_square(pixels.width(), pixels.height()))
            }
            Self::SquareOffCentre => geometry::square_off_centre(pixels, random),
            Self::Crop(percent) => geometry::crop(pixels, percent, random),
            Self::Border(percent) => frames::border(pixels, percent, random),
            Self::Letterbox => frames::letterbox(pixels, random),
            Self::StoryFrame => frames::story(pixels, random),
            Self::Overlay => frames::overlay(pixels, random),
            Self::Watermark => frames::watermark(pixels, random),
            Self::TextMark => marks::text(pixels, random),
            Self::LogoMark => marks::logo(pixels, random),
            Self::TiledMark => marks::tiled(pixels, random),
            Self::Turn(degrees) => geometry::turn(pixels, degrees, random),
            Self::Jpeg(quality) => saved_as_jpeg(pixels, quality),
            Self::SmallJpeg(quality) => saved_as_jpeg(&shrink_to(pixels, 320), quality),
            Self::Side(longer) => shrink_to(pixels, longer),
            Self::Screenshot => saving::screenshot(pixels),
            Self::DownUp => geometry::down_up(pixels),
            Self::WebP => saving::webp(pixels, random),
            Self::Blur => tones::blur(pixels, random),
            Self::Noise => tones::noise(pixels, (8.0, 20.0), random),
            Self::SlightNoise => tones::noise(pixels, (2.0, 4.0), random),
            Self::Median => tones::median(pixels),
            Self::Sharpen => tones::sharpen(pixels, random),
            Self::Brightness => tones::brightness(pixels, random),
            Self::Contrast => tones::contrast(pixels, random),
            Self::Gamma => tones::gamma(pixels, random),
            Self::Grey => tones::grey(pixels),
            Self::Warm => tones::warm(pixels, random),
            Self::Vignette => tones::vignette(pixels, random),
            Self::ScreenPhoto => geometry::screen_photo(pixels, random),
            Self::Chain(_) => chain(pixels, random),
        };
        within_limits(edited)
    }
}

fn chain(pixels: &RgbImage, random: &mut Random) -> RgbImage {
    let single = |edit: &Edit| !matches!(edit, Edit::Chain(_));
    let mut left: Vec<Edit> = Edit::ALL.into_iter().filter(single).collect();
    let mut edited = pixels.clone();
    for _ in 0..CHAINED {
        let edit = left.swap_remove(random.below(left.len()));
        edited = edit.apply(&edited, random);
    }
    edited
}

/// Enlarges what is too small to be a photo, as an app does that wants a larger avatar. No edit
/// makes anything too large of [`limits::EDITED_SIDE_MAX`].
fn within_limits(pixels: RgbImage) -> RgbImage {
    let (width, height) = pixels.dimensions();
    let shorter = width.min(height).max(1);
    if limits::PHOTO_SIDE_MIN <= shorter {
        return pixels;
    }
    let scaled = |side: u32| {
        let enlarged = (side * limits::PHOTO_SIDE_MIN).div_ceil(shorter);
        enlarged.clamp(limits::PHOTO_SIDE_MIN, limits::PHOTO_SIDE_MAX)
    };
    resize(&pixels, scaled(width), scaled(height))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const COLLINS: &[u8] = include_bytes!("../../../../fixtures/photos/real-collins.png");

    fn photo() -> RgbImage {
        let photo = image::load_from_memory(COLLINS).unwrap().into_rgb8();
        resize(&photo, 240, 180)
    }

    fn edited(edit: Edit, pixels: &RgbImage, seed: u64) -> RgbImage {
        edit.apply(pixels, &mut Random::seeded(seed, 7, edit))
    }

    #[test]
    fn names_differ() {
        let all: BTreeSet<Edit> = Edit::ALL.into_iter().chain(Edit::TRAVELS).collect();
        let names: BTreeSet<String> = all.iter().map(|edit| edit.name()).collect();
        assert_eq!(names.len(), all.len());
    }

    #[test]
    fn every_edit_of_any_shape_stays_within_the_limits() {
        let photo = photo();
        for (width, height) in [(2, 2), (33, 32), (2500, 32), (32, 2500), (240, 180), (2300, 700)] {
            let shaped = resize(&photo, width, height);
            for edit in Edit::ALL.into_iter().chain(Edit::TRAVELS) {
                let (width, height) = edited(edit, &shaped, 1).dimensions();
                let name = edit.name();
                assert!(limits::PHOTO_SIDE_MIN <= width.min(height), "{name}: {width}x{height}");
                assert!(width.max(height) <= limits::PHOTO_SIDE_MAX, "{name}: {width}x{height}");
                let pixels = u64::from(width) * u64::from(height);
                assert!(pixels <= limits::PHOTO_PIXELS_MAX, "{name}: {width}x{height}");
            }
        }
    }

    #[test]
    fn equal_seeds_give_equal_copies_and_other_seeds_others() {
        let photo = photo();
        let mut changed = 0;
        let edits: BTreeSet<Edit> = Edit::ALL.into_iter().chain(Edit::OVERLAYS).collect();
        assert_eq!(edits.len(), Edit::ALL.len() + 3);
        for edit in edits.iter().copied() {
            let (first, again) = (edited(edit, &photo, 1), edited(edit, &photo, 1));
            assert!(first == again, "{}", edit.name());
            // Some edits only toss a coin.
            changed += usize::from((2..12).any(|seed| first != edited(edit, &photo, seed)));
            assert!(first != photo, "{} leaves the photo as it was", edit.name());
        }
        // What has nothing to draw: mirror, the centred square, grey and six times JPEG.
        assert_eq!(changed, edits.len() - 9);
    }

    /// Of nine parts of the photo none is without the mark, and most of the photo stays as it is.
    #[test]
    fn a_tiled_mark_covers_the_photo() {
        for (width, height, seeds) in [(240, 180, 1..6), (300, 90, 1..4), (90, 300, 1..4)] {
            let photo = resize(&photo(), width, height);
            for seed in seeds {
                let marked = edited(Edit::TiledMark, &photo, seed);
                let is_changed = |x: u32, y: u32| marked.get_pixel(x, y) != photo.get_pixel(x, y);
                let mut parts = [0; 9];
                for (x, y, _) in photo.enumerate_pixels().filter(|(x, y, _)| is_changed(*x, *y)) {
                    parts[(3 * x / width + 3 * (3 * y / height)) as usize] += 1;
                }
                assert!(parts.iter().all(|count| 0 < *count), "{width}x{height}: {parts:?}");
                let all: u32 = parts.iter().sum();
                assert!(all < width * height * 2 / 3, "{width}x{height}: {parts:?}");
            }
        }
    }

    /// A mark in a corner leaves the rest as it is.
    #[test]
    fn a_text_or_a_logo_marks_a_part() {
        let photo = photo();
        for edit in [Edit::TextMark, Edit::LogoMark] {
            for seed in 1..9 {
                let marked = edited(edit, &photo, seed);
                let pairs = marked.pixels().zip(photo.pixels());
                let changed = pairs.filter(|(after, before)| after != before).count();
                let all = (photo.width() * photo.height()) as usize;
                assert!((all / 500..all / 4).contains(&changed), "{}: {changed}", edit.name());
            }
        }
    }

    #[test]
    fn mirrored_twice_is_the_photo() {
        let photo = photo();
        assert!(edited(Edit::Mirror, &edited(Edit::Mirror, &photo, 1), 1) == photo);
    }

    #[test]
    fn crops_keep_what_their_names_say() {
        let photo = resize(&photo(), 400, 300);
        for percent in [95, 90, 80, 70, 60] {
            let found = edited(Edit::Crop(percent), &photo, 3).dimensions();
            assert_eq!(found, (4 * u32::from(percent), 3 * u32::from(percent)));
        }
        assert_eq!(edited(Edit::SquareCentred, &photo, 3).dimensions(), (300, 300));
        assert_eq!(edited(Edit::Border(5), &photo, 3).dimensions(), (430, 330));
        let (width, height) = edited(Edit::Letterbox, &photo, 3).dimensions();
        assert!(width * 9 == height * 16 || [711, 712].contains(&height), "{width}x{height}");
    }
}
