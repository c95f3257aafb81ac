//! What must hold of a file's structure before a decoder may see it.
//!
//! Decoders fill in what is missing and believe what a header announces. A JPEG that ends before
//! its picture would be completed with grey and hashed as if somebody had photographed that; a WebP
//! chunk may announce four gigabytes, which would be set aside for it. Both are found here by
//! walking the segments or chunks, which reads a few bytes of each.

use crate::core::errors::PhotoError;

/// Refuses a JPEG with no end-of-image marker after the start of its picture. The one of a
/// thumbnail inside a segment does not count.
///
/// # Errors
/// [`PhotoError::Damaged`].
pub fn check_jpeg_is_whole(bytes: &[u8]) -> Result<(), PhotoError> {
    let picture = bytes.get(start_of_scan(bytes)..).unwrap_or_default();
    if picture.windows(2).rev().any(|pair| pair == [0xFF, 0xD9]) {
        return Ok(());
    }
    let detail = format!("it ends after {} bytes, before its picture does", bytes.len());
    Err(PhotoError::Damaged { format: "jpeg", detail })
}

/// Where the first start-of-scan marker stands, or where the segments stop making sense.
fn start_of_scan(bytes: &[u8]) -> usize {
    let mut at = 2;
    loop {
        match bytes.get(at..at + 4) {
            // Any number of 0xFF may stand before a marker.
            Some([0xFF, 0xFF, ..]) => at += 1,
            // Markers without a length.
            Some([0xFF, 0x01 | 0xD0..=0xD8, ..]) => at += 2,
            Some([0xFF, 0xDA | 0xD9, ..]) => return at,
            Some([0xFF, _, high, low]) => at += 2 + usize::from(u16::from_be_bytes([*high, *low])),
            _ => return at,
        }
    }
}

/// Refuses a WebP of which a chunk reaches beyond the end of the file, and gives the sizes that its
/// frames announce, in pixels.
///
/// # Errors
/// [`PhotoError::Damaged`].
pub fn webp_frame_sizes(bytes: &[u8]) -> Result<Vec<(u32, u32)>, PhotoError> {
    const RIFF_HEADER: usize = 12;
    let mut sizes = Vec::new();
    walk_chunks(bytes.get(RIFF_HEADER..).unwrap_or_default(), 0, &mut sizes)?;
    Ok(sizes)
}

fn walk_chunks(bytes: &[u8], depth: usize, sizes: &mut Vec<(u32, u32)>) -> Result<(), PhotoError> {
    /// Position, size, duration and flags stand before the chunks of an animation's frame.
    const FRAME_HEADER: usize = 16;
    let mut rest = bytes;
    while let Some((kind, announced, after)) = chunk_header(rest) {
        let data = after.get(..announced).ok_or_else(|| PhotoError::Damaged {
            format: "webp",
            detail: format!("a part announces {announced} bytes, {} follow", after.len()),
        })?;
        match kind {
            b"VP8 " => sizes.extend(lossy_size(data)),
            b"VP8L" => sizes.extend(lossless_size(data)),
            b"ANMF" if depth == 0 => {
                walk_chunks(data.get(FRAME_HEADER..).unwrap_or_default(), 1, sizes)?;
            }
            _ => {}
        }
        // Chunks of odd length are followed by one byte of padding.
        rest = after.get(announced + announced % 2..).unwrap_or_default();
    }
    Ok(())
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
    fn the_end_of_a_thumbnail_is_not_the_end_of_the_photo() {
        let app1 = [0xFF, 0xE1, 0, 6, 0xFF, 0xD8, 0xFF, 0xD9];
        let scan = [0xFF, 0xDA, 0, 2, 1, 2, 3];
        let cut_off = [&[0xFF, 0xD8][..], &app1, &scan].concat();
        assert!(check_jpeg_is_whole(&cut_off).is_err());
        let whole = [&cut_off[..], &[0xFF, 0xD9]].concat();
        assert!(check_jpeg_is_whole(&whole).is_ok());
    }

    #[test]
    fn a_chunk_that_announces_more_than_follows_is_refused() {
        let mut webp = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\0\0\0\0\0\0EXIF".to_vec();
        webp.extend(u32::MAX.to_le_bytes());
        assert!(webp_frame_sizes(&webp).is_err());
    }

    #[test]
    fn sizes_of_frames_are_read() {
        let lossless = [b"VP8L\x05\0\0\0\x2f".as_slice(), &(99_u32 + (49 << 14)).to_le_bytes()];
        let webp = [b"RIFF\0\0\0\0WEBP".as_slice(), &lossless.concat()].concat();
        assert_eq!(webp_frame_sizes(&webp).unwrap(), [(100, 50)]);
    }
}
