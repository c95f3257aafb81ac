//! The chunks of a WebP: EXIF, XMP and C2PA beside those of the picture.
//!
//! A WebP is a RIFF file: a name of four letters, a length, the data, a byte of padding when the
//! length is odd. What stands after the length that the file's head states is not looked at.

use std::borrow::Cow;

use super::blocks::{Blocks, Fault};
use crate::limits;

/// The blocks of a WebP.
#[must_use]
pub fn blocks(bytes: &[u8]) -> Blocks<'_> {
    let mut blocks = Blocks::default();
    let Some(mut rest) = body(bytes) else { return blocks };
    for _ in 0..limits::BLOCKS_MAX {
        let Some((name, data)) = next_chunk(&mut rest) else { return blocks };
        match name {
            b"EXIF" => blocks.add_exif(data),
            b"XMP " => blocks.add_xmp(Cow::Borrowed(data)),
            b"C2PA" => blocks.has_c2pa = true,
            _ => {}
        }
    }
    blocks.fault(Fault::too_many("webp chunks"));
    blocks
}

fn body(bytes: &[u8]) -> Option<&[u8]> {
    let (length, rest) = bytes.strip_prefix(b"RIFF")?.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    rest.get(..length).unwrap_or(rest).strip_prefix(b"WEBP")
}

fn next_chunk<'a>(rest: &mut &'a [u8]) -> Option<(&'a [u8; 4], &'a [u8])> {
    let (name, after) = rest.split_first_chunk::<4>()?;
    let (length, mut after) = after.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let data = after.split_off(..length)?;
    *rest = after.get(length % 2..).unwrap_or_default();
    Some((name, data))
}
