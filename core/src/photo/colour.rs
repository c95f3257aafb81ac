//! What the colours of a file mean, and turning them into sRGB, as every browser does.
//!
//! Two files that look alike on every screen may hold quite other numbers: a phone's Display P3, or
//! a profile that makes a negative look right. What is hashed and judged is what people see.
//!
//! A profile that browsers pass over is passed over here: one that cannot be parsed, is larger than
//! the limits, is of another kind of colours than the picture, or does not lead from a device to
//! colours. The same holds for HDR transfers, which screens map each in its own way. A profile
//! that changes no colour by more than [`ALIKE`] is that of sRGB and costs nothing more.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use image::{DynamicImage, Rgb, RgbImage, RgbaImage};
use moxcms::{
    Chromaticity, CicpProfile, ColorPrimaries, ColorProfile, DataColorSpace, Layout,
    MatrixCoefficients, ParsingOptions, ProfileClass, ToneReprCurve, TransferCharacteristics,
    TransformExecutor, TransformOptions,
};

use crate::limits;

/// What the colours of a file mean.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// What a screen shows by default.
    Srgb,
    /// An ICC profile.
    Profile(Vec<u8>),
    /// A PNG's gamma, and its primaries where it names them.
    Gamma(f32, Option<Primaries>),
    /// Primaries, transfer, matrix and range as in H.273.
    CodePoints([u8; 4]),
}

/// The chromaticities of white, red, green and blue: x and y of each.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Primaries(pub [f32; 8]);

/// The largest difference of two values, of 255, that counts as none.
const ALIKE: u8 = 2;

/// Values converted at a time.
const STEP: usize = 3 * 4 * 4096;

type Executor = Arc<dyn TransformExecutor<u8> + Send + Sync>;

/// Turns a picture into sRGB and lays transparent pixels on white.
#[must_use]
pub fn to_srgb(picture: DynamicImage, source: &Source) -> RgbImage {
    let conversion = Conversion::of(source, !picture.color().has_color());
    if !picture.color().has_alpha() {
        let mut pixels = picture.into_rgb8();
        conversion.apply(&mut pixels, Layout::Rgb);
        return pixels;
    }
    let mut pixels = picture.into_rgba8();
    conversion.apply(&mut pixels, Layout::Rgba);
    on_white(&pixels)
}

/// Turns ink, four values a pixel of which 255 is all of it, into sRGB: by the profile when it is
/// one of inks, or else by plain multiplication, as libjpeg's tools and browsers do.
#[must_use]
pub fn inks_to_srgb(inks: &[u8], profile: Option<&[u8]>) -> Vec<u8> {
    let mut pixels = vec![0; inks.len() / 4 * 3];
    let profile = profile.and_then(parsed).filter(|it| it.color_space == DataColorSpace::Cmyk);
    let executor = profile.and_then(|profile| executor(&profile, Layout::Rgba, Layout::Rgb));
    let is_done = executor.is_some_and(|it| {
        // The library was fuzzed; a panic in it must still not cost the photo.
        catch_unwind(AssertUnwindSafe(|| it.transform(inks, &mut pixels)))
            .is_ok_and(|it| it.is_ok())
    });
    if !is_done {
        for (pixel, ink) in pixels.chunks_exact_mut(3).zip(inks.chunks_exact(4)) {
            let [colours @ .., black] = *ink.first_chunk::<4>().unwrap_or(&[0; 4]);
            for (value, colour) in pixel.iter_mut().zip(colours) {
                let light = u32::from(255 - colour) * u32::from(255 - black);
                *value = u8::try_from((light + 127) / 255).unwrap_or(u8::MAX);
            }
        }
    }
    pixels
}

/// How the values of one picture become sRGB.
enum Conversion {
    Nothing,
    /// A colour for each grey.
    Greys(Vec<u8>),
    Colours(Box<ColorProfile>),
}

impl Conversion {
    fn of(source: &Source, is_grey: bool) -> Self {
        let made = catch_unwind(AssertUnwindSafe(|| Self::made(source, is_grey)));
        made.ok().flatten().unwrap_or(Self::Nothing)
    }

    fn made(source: &Source, is_grey: bool) -> Option<Self> {
        let profile = match source {
            Source::Srgb => return None,
            Source::Profile(bytes) => parsed(bytes)?,
            Source::Gamma(gamma, primaries) => profile_from_gamma(*gamma, *primaries)?,
            Source::CodePoints(points) => profile_from_code_points(*points)?,
        };
        match profile.color_space {
            DataColorSpace::Gray if is_grey => {
                let greys: Vec<u8> = (0..=u8::MAX).collect();
                let mut colours = vec![0; 3 * greys.len()];
                let executor = executor(&profile, Layout::Gray, Layout::Rgb)?;
                executor.transform(&greys, &mut colours).ok()?;
                Some(Self::Greys(colours))
            }
            DataColorSpace::Rgb if !is_srgb(&profile)? => Some(Self::Colours(profile.into())),
            _ => None,
        }
    }

    fn apply(&self, values: &mut [u8], layout: Layout) {
        let channels = if layout == Layout::Rgba { 4 } else { 3 };
        match self {
            Self::Nothing => {}
            Self::Greys(colours) => {
                for pixel in values.chunks_exact_mut(channels) {
                    let grey = usize::from(pixel.first().copied().unwrap_or_default());
                    let colour = colours.get(3 * grey..3 * grey + 3).unwrap_or_default();
                    pixel.iter_mut().zip(colour).for_each(|(value, new)| *value = *new);
                }
            }
            Self::Colours(profile) => {
                let Some(executor) = executor(profile, layout, layout) else { return };
                let mut before = Vec::with_capacity(STEP);
                for part in values.chunks_mut(STEP) {
                    before.clear();
                    before.extend_from_slice(part);
                    let work = AssertUnwindSafe(|| executor.transform(&before, part));
                    if !catch_unwind(work).is_ok_and(|done| done.is_ok()) {
                        return;
                    }
                }
            }
        }
    }
}

fn parsed(bytes: &[u8]) -> Option<ColorProfile> {
    let options = ParsingOptions {
        max_profile_size: limits::PROFILE_BYTES_MAX,
        max_allowed_clut_size: limits::PROFILE_BYTES_MAX,
        ..ParsingOptions::default()
    };
    let parse = || ColorProfile::new_from_slice_with_options(bytes, options).ok();
    let profile = catch_unwind(parse).ok().flatten()?;
    let leads_to_colours = matches!(
        profile.profile_class,
        ProfileClass::InputDevice
            | ProfileClass::DisplayDevice
            | ProfileClass::OutputDevice
            | ProfileClass::ColorSpace
    );
    let is_hdr = profile.cicp.is_some_and(|points| is_hdr(points.transfer_characteristics));
    (leads_to_colours && !is_hdr).then_some(profile)
}

fn profile_from_gamma(gamma: f32, primaries: Option<Primaries>) -> Option<ColorProfile> {
    /// Within these bounds a gamma means the curve of sRGB, as libpng takes it.
    const SRGB: std::ops::RangeInclusive<f32> = 0.433..=0.478;
    let is_srgb_curve = SRGB.contains(&gamma);
    if !(0.01..=100.0).contains(&gamma) || (is_srgb_curve && primaries.is_none()) {
        return None;
    }
    let mut profile = ColorProfile::new_srgb();
    profile.cicp = None;
    if let Some(Primaries([wx, wy, rx, ry, gx, gy, bx, by])) = primaries {
        let is_valid = [wx, wy, rx, ry, gx, gy, bx, by].iter().all(|it| (0.0..=1.0).contains(it));
        // The three must span an area, and white have some light.
        let area = (gx - rx) * (by - ry) - (bx - rx) * (gy - ry);
        if !is_valid || wy < 0.05 || area.abs() < 0.01 || ry * gy * by == 0.0 {
            return None;
        }
        let primaries = ColorPrimaries {
            red: Chromaticity::new(rx, ry),
            green: Chromaticity::new(gx, gy),
            blue: Chromaticity::new(bx, by),
        };
        profile.update_rgb_colorimetry(Chromaticity::new(wx, wy).to_xyyb(), primaries);
    }
    if !is_srgb_curve {
        let curve = Some(ToneReprCurve::Parametric(vec![1.0 / gamma]));
        profile.red_trc.clone_from(&curve);
        profile.green_trc.clone_from(&curve);
        profile.blue_trc = curve;
    }
    Some(profile)
}

fn profile_from_code_points([primaries, transfer, _, _]: [u8; 4]) -> Option<ColorProfile> {
    let transfer_characteristics = TransferCharacteristics::try_from(transfer).ok()?;
    if is_hdr(transfer_characteristics) {
        return None;
    }
    Some(ColorProfile::new_from_cicp(CicpProfile {
        color_primaries: primaries.try_into().ok()?,
        transfer_characteristics,
        matrix_coefficients: MatrixCoefficients::Identity,
        full_range: true,
    }))
}

fn is_hdr(transfer: TransferCharacteristics) -> bool {
    matches!(transfer, TransferCharacteristics::Smpte2084 | TransferCharacteristics::Hlg)
}

fn executor(profile: &ColorProfile, from: Layout, to: Layout) -> Option<Executor> {
    let srgb = ColorProfile::new_srgb();
    let options = TransformOptions::default();
    let make = || profile.create_transform_8bit(from, &srgb, to, options).ok();
    catch_unwind(AssertUnwindSafe(make)).ok().flatten()
}

/// Whether a profile changes no colour of a grid by more than [`ALIKE`].
fn is_srgb(profile: &ColorProfile) -> Option<bool> {
    let step = || (0..=u8::MAX).step_by(15);
    let grid = step().flat_map(|red| step().map(move |green| (red, green)));
    let grid: Vec<u8> =
        grid.flat_map(|(red, green)| step().flat_map(move |blue| [red, green, blue])).collect();
    let mut seen = vec![0; grid.len()];
    executor(profile, Layout::Rgb, Layout::Rgb)?.transform(&grid, &mut seen).ok()?;
    Some(grid.iter().zip(&seen).all(|(before, after)| before.abs_diff(*after) <= ALIKE))
}

/// Lays transparent pixels on white.
fn on_white(with_alpha: &RgbaImage) -> RgbImage {
    let mut pixels = RgbImage::new(with_alpha.width(), with_alpha.height());
    for (target, source) in pixels.pixels_mut().zip(with_alpha.pixels()) {
        let [red, green, blue, alpha] = source.0;
        let over = |value: u8| {
            let (value, alpha) = (u32::from(value), u32::from(alpha));
            // Never above 255: a weighted mean of `value` and 255, rounded.
            u8::try_from((value * alpha + 255 * (255 - alpha) + 127) / 255).unwrap_or(u8::MAX)
        };
        *target = Rgb([over(red), over(green), over(blue)]);
    }
    pixels
}
