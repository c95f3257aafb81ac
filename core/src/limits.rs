//! Every limit of the core, with its unit and the reason for its size.
//!
//! Uploads are hostile: a limit is checked before the memory it guards is taken, and a refusal
//! names the value and the limit (see [`crate::photo::PhotoError`]). The const assertions at the
//! end hold the limits to each other, so that raising one without its neighbour does not compile.

/// Bytes of an encoded photo. Phone cameras write 3 to 15 MB; a queue of uploads must stay small.
pub const PHOTO_BYTES_MAX: u64 = 20 * 1024 * 1024;

/// Pixels along the longer side. The largest phone sensors write 16,320.
pub const PHOTO_SIDE_MAX: u32 = 16_384;

/// Pixels along the shorter side. Below this there is nothing to compare or to score.
pub const PHOTO_SIDE_MIN: u32 = 32;

/// Pixels in all: 64 million, above the 50-megapixel mode of current phones. A progressive JPEG of
/// this size is the most expensive photo: 650 MB at its peak, most of it coefficients.
pub const PHOTO_PIXELS_MAX: u64 = 64 * 1000 * 1000;

/// Pixels of a photo that is decoded at half its sides: the largest phone sensors have 200 million.
/// Only a JPEG that is not progressive can be decoded so.
pub const SHRUNK_PIXELS_MAX: u64 = 201 * 1000 * 1000;

/// Bytes of the decoded pixels as the decoder writes them (up to 8 a pixel for 16-bit RGBA).
pub const DECODED_BYTES_MAX: u64 = 320 * 1024 * 1024;

/// Bytes a decoder may take for its own tables beside the pixels.
pub const DECODER_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// Scans of one JPEG. Programs write at most some 15; each is followed through the whole picture.
pub const JPEG_SCANS_MAX: usize = 100;

/// Bytes of a colour profile. Those of printers have up to some 3 MB.
pub const PROFILE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Frames of an animation among which the judged one is looked for.
pub const FRAMES_MAX: usize = 256;

/// Pixels of all frames that are drawn to come to the judged one.
pub const FRAMES_PIXELS_MAX: u64 = 64 * 1000 * 1000;

/// Pixels along the longer side of a photo that is edited to measure matching. Messengers and
/// social networks keep at most this many.
pub const EDITED_SIDE_MAX: u32 = 2048;

/// Matches listed in one report, nearest first. A hash that matches more is a hash to quarantine.
pub const MATCHES_MAX: usize = 100;

/// Banked hashes that are looked up by a plain scan before they are merged into the tables.
pub const INDEX_TAIL_MAX: usize = 4096;

/// Segments, chunks or blocks of a file that are walked through for marks of origin. A photo of 20
/// MiB whose colour profile and depth map are cut into JPEG segments has some 320.
pub const BLOCKS_MAX: usize = 4096;

/// Bytes of one mark of origin: a text, an XMP packet, an extended XMP packet.
pub const MARK_BYTES_MAX: usize = 1024 * 1024;

/// Bytes that all compressed texts of one file may unfold to. A kilobyte can claim a megabyte.
pub const INFLATED_BYTES_MAX: usize = 2 * MARK_BYTES_MAX;

/// Texts kept from one file. Generators write at most a dozen.
pub const TEXTS_MAX: usize = 64;

/// XMP packets of one file, and extended ones. Programs that add one beside another write two.
pub const XMP_PACKETS_MAX: usize = 16;

/// Bytes of all XMP packets of one file.
pub const XMP_BYTES_MAX: usize = 2 * MARK_BYTES_MAX;

/// Elements and texts of one XMP packet. Raw converters write at most some hundreds.
pub const XMP_NODES_MAX: u32 = 10_000;

/// Equals signs of the XMP packets of one file, and so their attributes: the time to find what a
/// prefix stands for grows with the number of those that are declared.
pub const XMP_ATTRIBUTES_MAX: usize = 4096;

/// Bytes of EXIF that are read. One JPEG segment holds 64 KiB, and further ones may continue it.
pub const EXIF_BYTES_MAX: usize = 1024 * 1024;

/// Fields of one EXIF directory that are looked at. Cameras write at most some 60.
pub const EXIF_FIELDS_MAX: usize = 512;

/// Pixels along the longer side of an EXIF thumbnail. The norm says 160 by 120.
pub const THUMBNAIL_SIDE_MAX: u32 = 1024;

/// Pictures that Content Credentials name as those a picture was made from, and actions of each.
pub const INGREDIENTS_MAX: usize = 64;

/// Marks of origin listed in one report.
pub const MARKS_MAX: usize = 64;

/// Characters of one value that a mark shows: the name of a tool, of a model.
pub const SHOWN_CHARS_MAX: usize = 120;

const _: () = assert!(PHOTO_SIDE_MIN < PHOTO_SIDE_MAX);
const _: () = assert!(
    EDITED_SIDE_MAX * 16 / 9 + EDITED_SIDE_MAX < PHOTO_SIDE_MAX,
    "what is laid around an edited photo must fit, also after another edit"
);
const _: () = assert!((MARK_BYTES_MAX as u64) < PHOTO_BYTES_MAX);
const _: () = assert!(MARK_BYTES_MAX <= INFLATED_BYTES_MAX);
const _: () = assert!(EXIF_BYTES_MAX <= MARK_BYTES_MAX);
const _: () = assert!(THUMBNAIL_SIDE_MAX < PHOTO_SIDE_MAX);
const _: () = assert!(
    PHOTO_PIXELS_MAX * 3 <= DECODED_BYTES_MAX,
    "an 8-bit photo at the pixel limit must fit"
);
const _: () =
    assert!(SHRUNK_PIXELS_MAX / 4 <= PHOTO_PIXELS_MAX, "at half its sides a photo must fit");
const _: () = assert!(FRAMES_PIXELS_MAX >= PHOTO_PIXELS_MAX, "one frame must fit");
const _: () = assert!(DECODED_BYTES_MAX <= DECODER_BYTES_MAX);
const _: () = assert!((PHOTO_SIDE_MAX as u64) * (PHOTO_SIDE_MAX as u64) > PHOTO_PIXELS_MAX);
