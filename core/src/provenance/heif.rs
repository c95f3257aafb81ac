//! The marks of a HEIC: EXIF and XMP among its items, Content Credentials in a box of their own.

use super::blocks::{Blocks, Fault};
use crate::limits;

/// The UUID of the box that holds Content Credentials (C2PA 2.2, A.5.1).
const C2PA: [u8; 16] = [
    0xD8, 0xFE, 0xC3, 0xD6, 0x1B, 0x0E, 0x48, 0x3C, 0x92, 0x97, 0x58, 0x28, 0x87, 0x7E, 0xC4, 0x81,
];

/// The blocks of a HEIC.
#[must_use]
pub fn blocks(bytes: &[u8]) -> Blocks<'_> {
    let mut blocks = Blocks::default();
    take_items(bytes, &mut blocks);
    let mut rest = bytes;
    for _ in 0..limits::BLOCKS_MAX {
        let Some((kind, body)) = next_box(&mut rest) else { return blocks };
        blocks.has_c2pa |= kind == b"uuid" && body.starts_with(&C2PA);
    }
    blocks.fault(Fault::too_many("heic boxes"));
    blocks
}

#[cfg(feature = "heic")]
fn take_items(bytes: &[u8], blocks: &mut Blocks<'_>) {
    let (exif, xmp) = crate::photo::heif::marks(bytes);
    match exif {
        Some(exif) if limits::EXIF_BYTES_MAX < exif.len() => blocks.fault(Fault::too_large("exif")),
        exif => blocks.exif = exif.map(Into::into),
    }
    if let Some(packet) = xmp {
        blocks.add_xmp(packet.into());
    }
}

#[cfg(not(feature = "heic"))]
fn take_items(_bytes: &[u8], _blocks: &mut Blocks<'_>) {}

/// Kind and body of the next box; `None` where the file ends.
fn next_box<'a>(rest: &mut &'a [u8]) -> Option<(&'a [u8; 4], &'a [u8])> {
    let (length, after) = rest.split_first_chunk::<4>()?;
    let (kind, after) = after.split_first_chunk::<4>()?;
    let (head, length) = match u32::from_be_bytes(*length) {
        0 => (8, rest.len()),
        1 => (16, usize::try_from(u64::from_be_bytes(*after.first_chunk()?)).ok()?),
        length => (8, usize::try_from(length).ok()?),
    };
    let body = rest.get(head..length)?;
    *rest = rest.get(length..)?;
    Some((kind, body))
}
