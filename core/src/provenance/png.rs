//! The chunks of a PNG, up to its end chunk.
//!
//! tEXt, zTXt and iTXt hold texts (and XMP), eXIf EXIF, caBX Content Credentials. A chunk of which
//! the checksum is wrong is not read: no program wrote it so. Compressed texts are unfolded up to a
//! limit a text and one a file. `ImageMagick` and exiv2 write XMP as hexadecimal digits into a text
//! of their own, a raw profile. What stands after IEND is not looked at.

use std::borrow::Cow;

use flate2::{Decompress, FlushDecompress, Status};

use super::blocks::{Blocks, Fault, decode_text, split_at_zero};
use crate::limits;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
const XMP_KEYWORD: &[u8] = b"XML:com.adobe.xmp";
const RAW_XMP_KEYWORD: &[u8] = b"Raw profile type xmp";
/// Bytes unfolded at a time.
const STEP: usize = 64 * 1024;

struct Chunk<'a> {
    kind: &'a [u8; 4],
    data: &'a [u8],
    is_whole: bool,
}

/// The blocks of a PNG.
#[must_use]
pub fn blocks(bytes: &[u8]) -> Blocks<'_> {
    let mut blocks = Blocks::default();
    let Some(mut rest) = bytes.strip_prefix(SIGNATURE) else { return blocks };
    let mut budget = limits::INFLATED_BYTES_MAX;
    let mut count = 0;
    while let Some((kind, data, checksum)) = next_chunk(&mut rest) {
        match kind {
            b"IEND" => return blocks,
            // A photo saved in small pieces has thousands of these.
            b"IDAT" | b"fdAT" => continue,
            b"tEXt" | b"zTXt" | b"iTXt" | b"eXIf" | b"caBX" => {
                let is_whole = checksum == compute_checksum(kind, data);
                take(&Chunk { kind, data, is_whole }, &mut blocks, &mut budget);
            }
            _ => {}
        }
        count += 1;
        if limits::BLOCKS_MAX < count {
            blocks.fault(Fault::too_many("png chunks"));
            return blocks;
        }
    }
    blocks
}

/// Kind, data and checksum of the next chunk; `None` where the file ends.
fn next_chunk<'a>(rest: &mut &'a [u8]) -> Option<(&'a [u8; 4], &'a [u8], u32)> {
    let (length, after) = rest.split_first_chunk::<4>()?;
    let (kind, mut after) = after.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let data = after.split_off(..length)?;
    let (checksum, after) = after.split_first_chunk::<4>()?;
    *rest = after;
    Some((kind, data, u32::from_be_bytes(*checksum)))
}

fn compute_checksum(kind: &[u8], data: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(kind);
    hasher.update(data);
    hasher.finalize()
}

fn take<'a>(chunk: &Chunk<'a>, blocks: &mut Blocks<'a>, budget: &mut usize) {
    let block = match chunk.kind {
        b"eXIf" => "png eXIf",
        b"caBX" => "png caBX",
        _ => "png text",
    };
    if !chunk.is_whole {
        return blocks.fault(Fault::damaged(block, "wrong checksum"));
    }
    match chunk.kind {
        b"eXIf" => blocks.add_exif(chunk.data),
        b"caBX" => blocks.has_c2pa = true,
        _ if limits::MARK_BYTES_MAX < chunk.data.len() => blocks.fault(Fault::too_large(block)),
        kind => match read_text(*kind, chunk.data, budget) {
            Ok((keyword, value)) if keyword == XMP_KEYWORD => blocks.add_xmp(value),
            Ok((keyword, value)) if keyword == RAW_XMP_KEYWORD => match raw_profile(&value) {
                Some(packet) => blocks.add_xmp(Cow::Owned(packet)),
                None => blocks.fault(Fault::damaged(block, "no raw profile")),
            },
            Ok((keyword, Cow::Borrowed(value))) => {
                blocks.add_text(decode_text(keyword), decode_text(value));
            }
            Ok((keyword, Cow::Owned(value))) => {
                let value = Cow::Owned(decode_text(&value).into_owned());
                blocks.add_text(decode_text(keyword), value);
            }
            Err(fault) => blocks.fault(fault),
        },
    }
}

/// The bytes of a raw profile: under its name and its length, hexadecimal digits in lines. What
/// stands whole before its end counts.
fn raw_profile(value: &[u8]) -> Option<Vec<u8>> {
    let mut parts = value.splitn(4, |byte| *byte == b'\n');
    let (_empty, _name, _length) = (parts.next()?, parts.next()?, parts.next()?);
    let mut digits = Vec::new();
    for byte in parts.next()?.iter().filter(|byte| !byte.is_ascii_whitespace()) {
        digits.push(char::from(*byte).to_digit(16)?);
    }
    let byte = |pair: &[u32; 2]| u8::try_from(pair[0] * 16 + pair[1]).ok();
    digits.as_chunks().0.iter().map(byte).collect()
}

type KeywordAndValue<'a> = (&'a [u8], Cow<'a, [u8]>);

/// Keyword and text of a tEXt, zTXt or iTXt chunk.
fn read_text<'a>(
    kind: [u8; 4],
    data: &'a [u8],
    budget: &mut usize,
) -> Result<KeywordAndValue<'a>, Fault> {
    let broken = Fault::damaged("png text", "no keyword");
    let (keyword, rest) = split_at_zero(data).ok_or(broken)?;
    let (is_compressed, text) = match &kind {
        b"zTXt" => (true, rest.get(1..).ok_or(broken)?),
        b"iTXt" => {
            let (head, rest) = rest.split_first_chunk::<2>().ok_or(broken)?;
            let (_language, rest) = split_at_zero(rest).ok_or(broken)?;
            let (_translated, text) = split_at_zero(rest).ok_or(broken)?;
            (head.first() == Some(&1), text)
        }
        _ => (false, rest),
    };
    if is_compressed {
        return Ok((keyword, Cow::Owned(inflate(text, budget)?)));
    }
    Ok((keyword, Cow::Borrowed(text)))
}

/// Unfolds a zlib stream, within the limit a text and what is left for the file.
fn inflate(packed: &[u8], budget: &mut usize) -> Result<Vec<u8>, Fault> {
    let limit = limits::MARK_BYTES_MAX.min(*budget);
    let mut stream = Decompress::new(true);
    let mut text = Vec::new();
    loop {
        text.reserve(STEP);
        let done = usize::try_from(stream.total_in()).unwrap_or(usize::MAX);
        let left = packed.get(done..).unwrap_or_default();
        let length = text.len();
        let status = stream.decompress_vec(left, &mut text, FlushDecompress::None);
        *budget = budget.saturating_sub(text.len() - length);
        if limit < text.len() {
            return Err(Fault::too_large("png text"));
        }
        match status {
            Ok(Status::StreamEnd) => return Ok(text),
            Ok(_) if length < text.len() => {}
            _ => return Err(Fault::damaged("png text", "cannot be unfolded")),
        }
    }
}
