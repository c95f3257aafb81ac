//! WebP, by the `image` crate.
//!
//! Its chunks are walked first: one may announce four gigabytes, which would be set aside for it,
//! and a file of which a part is missing is refused.

use std::io::Cursor;

use image::codecs::webp::WebPDecoder;
use image::{AnimationDecoder, ImageDecoder};

use super::animation::Timeline;
use super::colour::Source;
use super::decoded::{Decoded, check_at_most, count_pixels, nth_frame, open, still};
use super::error::PhotoError;
use super::format::PhotoFormat;
use crate::limits;

/// Decodes the picture, or the frame that people see longest.
///
/// # Errors
/// A [`PhotoError`] when a limit is passed or the file cannot be read.
pub fn decode(bytes: &[u8]) -> Result<Decoded, PhotoError> {
    let chunks = Chunks::read(bytes)?;
    for (width, height) in &chunks.sizes {
        check_at_most(*width, *height)?;
    }
    let (mut decoder, orientation) = open(PhotoFormat::WebP, WebPDecoder::new(Cursor::new(bytes)))?;
    let profile = decoder.icc_profile().ok().flatten();
    let source = profile.map_or(Source::Srgb, Source::Profile);
    let decoded = match chunks.timeline.filter(|timeline| 1 < timeline.frames()) {
        Some(timeline) => {
            let animation = timeline.judged(count_pixels(&decoder));
            let picture = nth_frame(PhotoFormat::WebP, decoder.into_frames(), animation.judged)?;
            Decoded { animation: Some(animation), ..Decoded::new(picture, source) }
        }
        None => Decoded::new(still(PhotoFormat::WebP, decoder)?, source),
    };
    Ok(Decoded { orientation, ..decoded })
}

/// What the chunks tell.
#[derive(Debug, Default)]
struct Chunks {
    /// Sizes of the pictures, in pixels.
    sizes: Vec<(u32, u32)>,
    timeline: Option<Timeline>,
}

impl Chunks {
    /// Walks all chunks; refuses a file of which a chunk reaches beyond the end.
    fn read(bytes: &[u8]) -> Result<Self, PhotoError> {
        const RIFF_HEADER: usize = 12;
        let mut chunks = Self::default();
        chunks.walk(bytes.get(RIFF_HEADER..).unwrap_or_default(), 0)?;
        Ok(chunks)
    }

    fn walk(&mut self, bytes: &[u8], depth: usize) -> Result<(), PhotoError> {
        /// Position, size, duration and flags stand before the chunks of an animation's frame.
        const FRAME_HEADER: usize = 16;
        let mut rest = bytes;
        while let Some((kind, announced, after)) = chunk_header(rest) {
            let data = after.get(..announced).ok_or_else(|| {
                damaged(format!("a part announces {announced} bytes, {} follow", after.len()))
            })?;
            match kind {
                b"VP8 " => self.sizes.extend(lossy_size(data)),
                b"VP8L" => self.sizes.extend(lossless_size(data)),
                b"ICCP" if limits::PROFILE_BYTES_MAX < data.len() => {
                    return Err(damaged(format!("its colour profile has {announced} bytes")));
                }
                b"ANIM" => {
                    let timeline = self.timeline.get_or_insert_default();
                    if let Some([low, high]) = data.get(4..6) {
                        let plays = u64::from(u16::from_le_bytes([*low, *high]));
                        timeline.plays = (plays != 0).then_some(plays);
                    }
                }
                b"ANMF" if depth == 0 => {
                    if let Some(duration) = data.get(12..15).and_then(|it| it.first_chunk::<3>()) {
                        let [a, b, c] = duration.map(u64::from);
                        self.timeline.get_or_insert_default().add(a | b << 8 | c << 16);
                    }
                    self.walk(data.get(FRAME_HEADER..).unwrap_or_default(), 1)?;
                }
                _ => {}
            }
            if matches!(kind, b"VP8 " | b"VP8L") {
                check_is_not_filled_up(data)?;
            }
            // Chunks of odd length are followed by one byte of padding.
            rest = after.get(announced + announced % 2..).unwrap_or_default();
        }
        Ok(())
    }
}

/// Refuses a picture that ends in more zeros than a picture ever does: they fill up what is
/// missing.
fn check_is_not_filled_up(data: &[u8]) -> Result<(), PhotoError> {
    const ZEROS: usize = 256;
    let zeros = data.iter().rev().take_while(|byte| **byte == 0).count();
    if ZEROS <= zeros && data.len() / 16 <= zeros {
        return Err(damaged(format!("its last {zeros} bytes were overwritten with zeros")));
    }
    Ok(())
}

fn damaged(detail: String) -> PhotoError {
    PhotoError::Damaged { format: "webp", detail }
}
/// Name and length of the chunk at the start of `bytes`, and what follows them.
fn chunk_header(bytes: &[u8]) -> Option<(&[u8], usize, &[u8])> {
    let (kind, after) = bytes.split_at_checked(4)?;
    let (length, after) = after.split_at_checked(4)?;
    let length = u32::from_le_bytes(length.try_into().ok()?);
    Some((kind, usize::try_from(length).ok()?, after))
}

/// RFC 6386, section 9.1: after tag and start code, 14 bits each of width and height.
fn lossy_size(data: &[u8]) -> Option<(u32, u32)> {
    match data.get(3..10)? {
        [0x9D, 0x01, 0x2A, w0, w1, h0, h1] => {
            let side = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3FFF);
            Some((side(*w0, *w1), side(*h0, *h1)))
        }
        _ => None,
    }
}

/// RFC 9649, section 3.4: after the signature, 14 bits each of width and height, less one.
fn lossless_size(data: &[u8]) -> Option<(u32, u32)> {
    let [0x2F, bits @ ..] = data.get(..5)? else { return None };
    let bits = u32::from_le_bytes(bits.try_into().ok()?);
    Some(((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_that_announces_more_than_follows_is_refused() {
        let mut webp = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\0\0\0\0\0\0EXIF".to_vec();
        webp.extend(u32::MAX.to_le_bytes());
        assert!(Chunks::read(&webp).is_err());
    }

    #[test]
    fn sizes_of_frames_are_read() {
        let lossless = [b"VP8L\x05\0\0\0\x2f".as_slice(), &(99_u32 + (49 << 14)).to_le_bytes()];
        let webp = [b"RIFF\0\0\0\0WEBP".as_slice(), &lossless.concat()].concat();
        assert_eq!(Chunks::read(&webp).unwrap().sizes, [(100, 50)]);
    }
}
