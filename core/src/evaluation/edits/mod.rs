//! Edits: what is done to a photo before it is used again.
//!
//! [`Edit::apply`] makes one edited copy, and matching is measured over [`Edit::ALL`]. The edits
//! and the ranges they are drawn from are what phones' photo editors, apps and their users do; they
//! were chosen before anything was measured and are not fitted to what the matching finds. All
//! chance comes from a [`Random`], so that equal seeds give equal copies. Nothing here fails: a
//! photo that is too small to be cut or would grow over the limits is resized.

mod draw;
mod frames;
mod geometry;
mod marks;
mod saving;
mod tones;

use image::{RgbImage, imageops};
use sha2::{Digest, Sha256};

use crate::limits;
use crate::photo::reencode::{saved_as_jpeg, uploaded};
use crate::photo::resize::{PixelBox, cut, resize, shrink_to};

/// Edits in one chain.
const CHAINED: usize = 3;

/// One kind of edit. Numbers are those of its name: per cent, degrees or JPEG quality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Edit {
    /// Left becomes right.
    Mirror,
    /// The largest square around the middle, as avatars are cut without a choice. Of a square
    /// photo this is the photo.
    SquareCentred,
    /// A square of 80 to 100 % of the shorter side at a random place, as a user places it.
    SquareOffCentre,
    /// This share of each side is kept, at a random place.
    Crop(u8),
    /// A border of this share of the shorter side on all four sides: white, black or any colour.
    Border(u8),
    /// Bars that make the photo 9:16 or 16:9: black, or the photo itself enlarged and blurred.
    Letterbox,
    /// The photo in a story: on a coloured gradient, between the app's bars, with a text.
    StoryFrame,
    /// A band with a line of text, and an emoji of 12 to 25 % of the shorter side, anywhere.
    Overlay,
    /// A text repeated all over the photo, a quarter to two fifths opaque.
    Watermark,
    /// An outlined line of text in a corner or across the middle, as photographers sign.
    TextMark,
    /// A badge of a colour with two letters in a corner, as apps and stations mark theirs.
    LogoMark,
    /// An outlined text repeated all over the photo, as stock libraries mark previews.
    TiledMark,
    /// Turned this many degrees either way, and enlarged until no empty corner is left.
    Turn(u8),
    /// Saved as JPEG of this quality.
    Jpeg(u8),
    /// Shrunk to 320 pixels of the longer side, then saved as JPEG of this quality.
    SmallJpeg(u8),
    /// Shrunk to so many pixels of the longer side.
    Side(u32),
    /// Shown on a phone, 1080 pixels wide, and saved from its screen as JPEG of quality 85.
    Screenshot,
    /// Shrunk to half its size and enlarged again.
    DownUp,
    /// Saved as lossy WebP of a quality of 50 to 80.
    WebP,
    /// Gaussian blur of 0.3 to 1 % of the shorter side.
    Blur,
    /// Gaussian noise of 8 to 20 of 255.
    Noise,
    /// Gaussian noise of 2 to 4 of 255, which nobody sees.
    SlightNoise,
    /// Each value becomes the median of the nine around it.
    Median,
    /// Unsharp mask of an amount of 0.5 to 1.5.
    Sharpen,
    /// 60 to 85 or 115 to 140 % of the brightness.
    Brightness,
    /// 60 to 85 or 120 to 160 % of the contrast.
    Contrast,
    /// A gamma of 0.6 to 0.8 or 1.25 to 1.7.
    Gamma,
    /// Without colour.
    Grey,
    /// More red, less blue, as filters named after the sun give.
    Warm,
    /// Darker to the corners, by 40 to 80 % there.
    Vignette,
    /// A screen that shows the photo, photographed from slightly aside.
    ScreenPhoto,
    /// Three different edits of those above, drawn anew for each photo. None is left out, so the
    /// crops of one chain may multiply to less than 60 % of a side. The number only tells chains
    /// apart.
    Chain(u8),
}

impl Edit {
    /// What people and sites lay over a photo.
    pub const OVERLAYS: [Self; 4] =
        [Self::TextMark, Self::LogoMark, Self::TiledMark, Self::Overlay];

    /// What the detector must hold over: ways a photo travels, cheap attacks, and overlays last.
    pub const TRAVELS: [Self; 27] = [
        Self::Jpeg(95),
        Self::Jpeg(85),
        Self::Jpeg(75),
        Self::Jpeg(60),
        Self::Jpeg(50),
        Self::Jpeg(40),
        Self::Jpeg(30),
        Self::Side(1024),
        Self::Side(768),
        Self::Side(512),
        Self::Side(320),
        Self::Side(224),
        Self::Side(160),
        Self::Side(128),
        Self::WebP,
        Self::Blur,
        Self::Noise,
        Self::SlightNoise,
        Self::Median,
        Self::DownUp,
        Self::Screenshot,
        Self::ScreenPhoto,
        Self::Grey,
        Self::TextMark,
        Self::LogoMark,
        Self::TiledMark,
        Self::Overlay,
    ];

    /// Every edit that matching is measured over, chains last.
    pub const ALL: [Self; 39] = [
        Self::Mirror,
        Self::SquareCentred,
        Self::SquareOffCentre,
        Self::Crop(95),
        Self::Crop(90),
        Self::Crop(80),
        Self::Crop(70),
        Self::Crop(60),
        Self::Border(5),
        Self::Border(20),
        Self::Letterbox,
        Self::StoryFrame,
        Self::Overlay,
        Self::Watermark,
        Self::Turn(1),
        Self::Turn(2),
        Self::Turn(4),
        Self::Turn(8),
        Self::Jpeg(75),
        Self::Jpeg(40),
        Self::Jpeg(20),
        Self::SmallJpeg(75),
        Self::SmallJpeg(40),
        Self::SmallJpeg(20),
        Self::WebP,
        Self::Blur,
        Self::Noise,
        Self::Sharpen,
        Self::Brightness,
        Self::Contrast,
        Self::Gamma,
        Self::Grey,
        Self::Warm,
        Self::Vignette,
        Self::ScreenPhoto,
        Self::Chain(1),
        Self::Chain(2),
        Self::Chain(3),
        Self::Chain(4),
    ];

    /// Stable name, unlike all others.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Mirror => "mirror".into(),
            Self::SquareCentred => "square-centred".into(),
            Self::SquareOffCentre => "square-off-centre".into(),
            Self::Crop(percent) => format!("crop-{percent}"),
            Self::Border(percent) => format!("border-{percent}"),
            Self::Letterbox => "letterbox".into(),
            Self::StoryFrame => "story-frame".into(),
            Self::Overlay => "overlay".into(),
            Self::Watermark => "watermark".into(),
            Self::TextMark => "overlay-text".into(),
            Self::LogoMark => "overlay-logo".into(),
            Self::TiledMark => "overlay-tile".into(),
            Self::Turn(degrees) => format!("turn-{degrees}"),
            Self::Jpeg(quality) => format!("jpeg-{quality}"),
            Self::SmallJpeg(quality) => format!("jpeg-{quality}-320px"),
            Self::Side(longer) => format!("{longer}px"),
            Self::Screenshot => "screenshot".into(),
            Self::DownUp => "half-and-back".into(),
            Self::WebP => "webp".into(),
            Self::Blur => "blur".into(),
            Self::Noise => "noise".into(),
            Self::SlightNoise => "slight-noise".into(),
            Self::Median => "median".into(),
            Self::Sharpen => "sharpen".into(),
            Self::Brightness => "brightness".into(),
            Self::Contrast => "contrast".into(),
            Self::Gamma => "gamma".into(),
            Self::Grey => "grey".into(),
            Self::Warm => "warm".into(),
            Self::Vignette => "vignette".into(),
            Self::ScreenPhoto => "screen-photo".into(),
            Self::Chain(number) => format!("chain-of-three-{number}"),
        }
    }

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
        let edit = left.swap_remove(random.0.usize(..left.len()));
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

/// A seeded source of chance: equal seeds give equal edits.
#[derive(Debug, Clone)]
pub struct Random(fastrand::Rng);

impl Random {
    /// The chance of one edit of one photo, the `photo`th of its folder.
    #[must_use]
    pub fn of(seed: u64, photo: usize, edit: Edit) -> Self {
        let digest = Sha256::digest(format!("{seed} {photo} {}", edit.name()));
        let first = digest.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        Self(fastrand::Rng::with_seed(first))
    }

    fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.0.f32()
    }

    /// In one of two ranges, each as likely.
    fn in_either(&mut self, low: (f32, f32), high: (f32, f32)) -> f32 {
        let (from, to) = if self.0.bool() { low } else { high };
        self.between(from, to)
    }

    fn up_to(&mut self, most: u32) -> u32 {
        self.0.u32(..=most)
    }

    fn coin(&mut self) -> bool {
        self.0.bool()
    }

    /// Nearly normal, of mean 0 and deviation 1: the sum of four even ones.
    fn normal(&mut self) -> f32 {
        let sum: f32 = (0..4).map(|_| self.0.f32()).sum();
        (sum - 2.0) * 3.0_f32.sqrt()
    }

    fn colour(&mut self) -> [u8; 3] {
        std::array::from_fn(|_| self.0.u8(..))
    }

    fn one_of<T: Copy + Default>(&mut self, choices: &[T]) -> T {
        self.0.choice(choices).copied().unwrap_or_default()
    }
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
        edit.apply(pixels, &mut Random::of(seed, 7, edit))
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
