//! PNG and animated PNG, by the `image` crate.

use std::borrow::Cow;
use std::io::Cursor;

use image::codecs::png::PngDecoder;
use image::{AnimationDecoder, ImageDecoder};

use super::animation::Timeline;
use super::colour::{Primaries, Source};
use super::decoded::{Decoded, count_pixels, decoder_limits, nth_frame, open, refusal, still};
use super::error::PhotoError;
use super::format::PhotoFormat;

/// Decodes the picture, or the frame that people see longest.
///
/// # Errors
/// A [`PhotoError`] when a limit is passed or the file cannot be read.
pub fn decode(bytes: &[u8]) -> Result<Decoded, PhotoError> {
    /// The end chunk. Viewers show a picture that lacks nothing else.
    const END: &[u8] = b"\0\0\0\0IEND\xAE\x42\x60\x82";
    let chunks = Chunks::read(bytes);
    let file = if chunks.lacks_end { [bytes, END].concat().into() } else { Cow::from(bytes) };
    let decoder = PngDecoder::with_limits(Cursor::new(&*file), decoder_limits());
    let (mut decoder, orientation) = open(PhotoFormat::Png, decoder)?;
    let source = chunks.source(decoder.icc_profile().ok().flatten());
    let frames_min = if chunks.is_default_shown { 2 } else { 1 };
    let timeline = chunks.timeline.filter(|timeline| frames_min <= timeline.frames());
    let Some(timeline) = timeline else {
        let picture = still(PhotoFormat::Png, decoder)?;
        return Ok(Decoded { orientation, ..Decoded::new(picture, source) });
    };
    let animation = timeline.judged(count_pixels(&decoder));
    let picture = if chunks.is_default_shown && animation.judged == 0 {
        still(PhotoFormat::Png, decoder)?
    } else {
        let refuse = |error| refusal(PhotoFormat::Png, &error);
        let frames = decoder.apng().map_err(refuse)?.into_frames();
        nth_frame(PhotoFormat::Png, frames, animation.judged)?
    };
    Ok(Decoded { orientation, animation: Some(animation), ..Decoded::new(picture, source) })
}

/// What the chunks tell of colours and frames.
#[derive(Debug, Default)]
struct Chunks {
    /// Whether the file stops behind a whole chunk of the picture.
    lacks_end: bool,
    /// The frames of an animation.
    timeline: Option<Timeline>,
    /// Whether the default image is the first frame.
    is_default_shown: bool,
    is_srgb: bool,
    /// What a stored value is raised to when it was encoded.
    gamma: Option<f32>,
    primaries: Option<Primaries>,
    /// Primaries, transfer, matrix and range as in H.273.
    code_points: Option<[u8; 4]>,
}

impl Chunks {
    /// Walks all chunks.
    fn read(bytes: &[u8]) -> Self {
        const SIGNATURE: usize = 8;
        let mut chunks = Self::default();
        let (mut rest, mut is_picture) = (bytes.get(SIGNATURE..).unwrap_or_default(), false);
        while let Some((kind, data)) = next_chunk(&mut rest) {
            match kind {
                b"IEND" => return chunks,
                b"IDAT" => is_picture = true,
                b"fcTL" => {
                    chunks.is_default_shown |= !is_picture;
                    chunks.timeline.iter_mut().for_each(|it| it.add(duration_ms(data)));
                }
                _ if !is_picture => chunks.take(*kind, data),
                _ => {}
            }
        }
        chunks.lacks_end = is_picture && rest.is_empty();
        chunks
    }

    /// Takes a chunk that stands before the picture.
    fn take(&mut self, kind: [u8; 4], data: &[u8]) {
        match &kind {
            b"acTL" => {
                let plays = data.get(4..).map_or(0, |data| u64::from(number(data)));
                self.timeline.get_or_insert_default().plays = (plays != 0).then_some(plays);
            }
            b"sRGB" => self.is_srgb = true,
            b"gAMA" => self.gamma = Some(share(number(data))),
            b"cHRM" => {
                let mut values = [0.0; 8];
                for (value, four) in values.iter_mut().zip(data.chunks_exact(4)) {
                    *value = share(number(four));
                }
                self.primaries = (data.len() == 32).then_some(Primaries(values));
            }
            b"cICP" => self.code_points = data.first_chunk().copied(),
            _ => {}
        }
    }

    /// What the colours mean: of several words on it the first of this order counts (PNG, third
    /// edition, 4.3).
    fn source(&self, profile: Option<Vec<u8>>) -> Source {
        match (self.code_points, profile, self.gamma) {
            (Some(points), ..) => Source::CodePoints(points),
            (None, Some(profile), _) => Source::Profile(profile),
            (None, None, Some(gamma)) if !self.is_srgb => Source::Gamma(gamma, self.primaries),
            _ => Source::Srgb,
        }
    }
}

fn next_chunk<'a>(rest: &mut &'a [u8]) -> Option<(&'a [u8; 4], &'a [u8])> {
    let (length, after) = rest.split_first_chunk::<4>()?;
    let (kind, mut after) = after.split_first_chunk::<4>()?;
    let data = after.split_off(..usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    *rest = after.get(4..).unwrap_or_default();
    Some((kind, data))
}

fn number(data: &[u8]) -> u32 {
    data.first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes))
}

/// A value of gAMA or cHRM, which stands there times 100,000.
#[expect(clippy::cast_precision_loss, reason = "five digits count")]
fn share(value: u32) -> f32 {
    value as f32 / 100_000.0
}

/// How long the frame of an fcTL chunk is shown: a fraction of a second.
fn duration_ms(data: &[u8]) -> u64 {
    match data.get(20..24) {
        Some([n1, n0, d1, d0]) => {
            let parts = u64::from(u16::from_be_bytes([*d1, *d0]));
            let parts = if parts == 0 { 100 } else { parts };
            1000 * u64::from(u16::from_be_bytes([*n1, *n0])) / parts
        }
        _ => 0,
    }
}
