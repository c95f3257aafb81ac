//! GIF, by the `image` crate.

use std::io::Cursor;

use image::AnimationDecoder;
use image::codecs::gif::GifDecoder;

use super::animation::Timeline;
use super::colour::Source;
use super::decoded::{Decoded, count_pixels, nth_frame, open, still};
use super::error::PhotoError;
use super::format::PhotoFormat;

/// Decodes the frame that people see longest.
///
/// # Errors
/// A [`PhotoError`] when a limit is passed or the file cannot be read.
pub fn decode(bytes: &[u8]) -> Result<Decoded, PhotoError> {
    let timeline = timeline(bytes);
    let (decoder, _) = open(PhotoFormat::Gif, GifDecoder::new(Cursor::new(bytes)))?;
    if timeline.frames() < 2 {
        return Ok(Decoded::new(still(PhotoFormat::Gif, decoder)?, Source::Srgb));
    }
    let animation = timeline.judged(count_pixels(&decoder));
    let picture = nth_frame(PhotoFormat::Gif, decoder.into_frames(), animation.judged)?;
    Ok(Decoded { animation: Some(animation), ..Decoded::new(picture, Source::Srgb) })
}

/// The frames, as far as the file can be walked.
fn timeline(bytes: &[u8]) -> Timeline {
    // Without the word for it the frames are shown once.
    let mut timeline = Timeline::default();
    timeline.plays = Some(1);
    let Some(screen) = bytes.get(6..13).and_then(|screen| screen.first_chunk::<7>()) else {
        return timeline;
    };
    let mut rest = bytes.get(13 + colour_bytes(screen[4])..).unwrap_or_default();
    let mut delay_ms = 0;
    while walk(&mut rest, &mut timeline, &mut delay_ms).is_some() {}
    timeline
}

/// Bytes of the colour table that a flags byte announces.
fn colour_bytes(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

/// Walks one block; `None` at the end of the file.
fn walk(rest: &mut &[u8], timeline: &mut Timeline, delay_ms: &mut u64) -> Option<()> {
    match rest.split_off_first()? {
        0x21 => match rest.split_off_first()? {
            0xF9 => {
                if let [4, _, low, high, ..] = rest {
                    *delay_ms = 10 * u64::from(u16::from_le_bytes([*low, *high]));
                }
            }
            0xFF => {
                if let Some([3, 1, low, high, ..]) = rest.strip_prefix(b"\x0BNETSCAPE2.0") {
                    let again = u64::from(u16::from_le_bytes([*low, *high]));
                    timeline.plays = (again != 0).then_some(again + 1);
                }
            }
            _ => {}
        },
        0x2C => {
            let frame = rest.split_off(..9)?;
            // The colours, then the width of the codes.
            rest.split_off(..=colour_bytes(*frame.last()?))?;
            timeline.add(std::mem::take(delay_ms));
        }
        _ => return None,
    }
    loop {
        let length = *rest.split_off_first()?;
        if length == 0 {
            return Some(());
        }
        rest.split_off(..usize::from(length))?;
    }
}
