//! The blocks of a GIF: comments, XMP and Content Credentials beside the frames.
//!
//! Extensions hold their data in pieces of at most 255 bytes, each after its length. XMP does not
//! keep to that: its text stands there whole, and 258 bytes behind it lead readers that do not know
//! it to the end of the block. Some programs do cut it into pieces; its first byte shows which.

use std::borrow::Cow;

use super::blocks::{Blocks, Fault, decode_text};
use crate::limits;

/// Bytes behind an XMP packet: one, then 255 down to 0, then the block's end.
const XMP_TRAILER: usize = 257;

/// The blocks of a GIF.
#[must_use]
pub fn blocks(bytes: &[u8]) -> Blocks<'_> {
    let mut blocks = Blocks::default();
    let Some(mut rest) = after_header(bytes) else { return blocks };
    for _ in 0..limits::BLOCKS_MAX {
        if next_block(&mut rest, &mut blocks).is_none() {
            return blocks;
        }
    }
    blocks.fault(Fault::too_many("gif blocks"));
    blocks
}

/// What follows the signature, the screen's size and the colours.
fn after_header(bytes: &[u8]) -> Option<&[u8]> {
    let rest = bytes.strip_prefix(b"GIF87a").or_else(|| bytes.strip_prefix(b"GIF89a"))?;
    let (screen, rest) = rest.split_first_chunk::<7>()?;
    rest.get(colour_bytes(screen[4])..)
}

/// Bytes of the colour table that a flags byte announces.
fn colour_bytes(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

/// Reads one block; `None` at the end of the file.
fn next_block<'a>(rest: &mut &'a [u8], blocks: &mut Blocks<'a>) -> Option<()> {
    match rest.split_off_first()? {
        0x21 => match rest.split_off_first()? {
            0xFE => {
                let comment = pieces(rest, limits::MARK_BYTES_MAX)?;
                let comment = decode_text(&comment).into_owned();
                blocks.add_text(Cow::Borrowed("Comment"), Cow::Owned(comment));
            }
            0xFF => application(rest, blocks)?,
            _ => pass(rest)?,
        },
        0x2C => {
            let frame = rest.split_off(..9)?;
            rest.split_off(..colour_bytes(*frame.last()?))?;
            // The width of the codes, then the picture.
            rest.split_off_first()?;
            pass(rest)?;
        }
        _ => return None,
    }
    Some(())
}

fn application<'a>(rest: &mut &'a [u8], blocks: &mut Blocks<'a>) -> Option<()> {
    let length = usize::from(*rest.split_off_first()?);
    let name = rest.split_off(..length)?;
    let start = *rest;
    pass(rest)?;
    let bytes = start.len().checked_sub(rest.len())?;
    let mut data = start.get(..bytes)?;
    match name {
        b"XMP DataXMP" if matches!(data, [b'<' | 0xEF, ..]) => {
            // A packet without these bytes ends with the block.
            let packet =
                bytes.checked_sub(XMP_TRAILER + 1).and_then(|end| data.split_at_checked(end));
            let has_trailer = |trailer: &[u8]| trailer.starts_with(&[1, 0xFF, 0xFE]);
            let packet = packet.filter(|(_, trailer)| has_trailer(trailer));
            blocks.add_xmp(Cow::Borrowed(packet.map_or(data, |(packet, _)| packet)));
        }
        b"XMP DataXMP" => {
            blocks.add_xmp(Cow::Owned(pieces(&mut data, limits::MARK_BYTES_MAX)?));
        }
        b"C2PA_GIF\x01\x00\x00" => blocks.has_c2pa = true,
        _ => {}
    }
    Some(())
}

/// Passes over pieces of data.
fn pass(rest: &mut &[u8]) -> Option<()> {
    loop {
        let length = *rest.split_off_first()?;
        if length == 0 {
            return Some(());
        }
        rest.split_off(..usize::from(length))?;
    }
}

/// Puts pieces of data together, up to a limit.
fn pieces(rest: &mut &[u8], bytes_max: usize) -> Option<Vec<u8>> {
    let mut data = Vec::new();
    loop {
        let length = *rest.split_off_first()?;
        if length == 0 {
            return Some(data);
        }
        let piece = rest.split_off(..usize::from(length))?;
        if data.len() + piece.len() <= bytes_max {
            data.extend_from_slice(piece);
        }
    }
}
