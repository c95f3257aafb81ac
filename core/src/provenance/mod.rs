//! Provenance: what the file itself says about where its picture comes from.
//!
//! Many AI-made photos still carry a mark of it: a line of their generator, a digital source type,
//! China's AIGC label, Content Credentials. A mark that is there is near-certain evidence, since
//! nobody declares a real photo to be made by AI. **Its absence proves nothing**: messengers and
//! dating apps strip every mark.
//!
//! The containers are walked by their structure and only parsed fields count; nothing is ever
//! searched for in raw bytes. Everything is bounded (see [`crate::limits`]), and what is damaged or
//! passes a limit becomes a mark of its own, never an error: a broken mark is no reason to refuse a
//! photo. Prompts, names of people, places and serial numbers are never taken out.

pub mod aigc;
pub mod blocks;
pub mod credentials;
pub mod encoder;
pub mod exif;
pub mod generator_text;
pub mod gif;
pub mod heif;
pub mod jpeg;
mod mark;
pub mod png;
pub mod recompression;
pub mod sizes;
pub mod source_type;
pub mod thumbnail;
pub mod tiff;
pub mod tools;
pub mod webp;
pub mod xmp;

use crate::limits;
use crate::matching::hashes::PhotoHashes;
use crate::photo::{Photo, PhotoFormat};
use blocks::{Blocks, Fault};

pub use self::mark::{Claim, Kind, Mark};

/// Reads every mark of the file that `photo` was decoded from, the strongest first.
#[must_use]
pub fn read(bytes: &[u8], photo: &Photo, hashes: &PhotoHashes) -> Vec<Mark> {
    let blocks = walk(bytes, photo.format());
    let mut marks = Vec::new();
    if blocks.has_c2pa {
        marks.push(credentials::read(bytes, photo.format()));
    }
    marks.extend(read_blocks(&blocks));
    let exif = blocks.exif.as_deref().and_then(exif::read);
    let is_turned = exif.as_ref().is_some_and(|exif| exif.orientation != 1);
    marks.extend(exif.and_then(|exif| thumbnail::read(&exif, photo, hashes)));
    add_traces(&mut marks, &blocks, photo, is_turned);
    marks.truncate(limits::MARKS_MAX);
    marks
}

/// Adds what the pixels tell about the encoder to what its tables tell.
fn add_traces(marks: &mut Vec<Mark>, blocks: &Blocks<'_>, photo: &Photo, is_turned: bool) {
    let steps = blocks.encoder.as_ref().and_then(encoder::Encoder::luma);
    // The pixels of a photo that was turned or made smaller do not lie as its blocks did.
    let steps = steps.filter(|_| !is_turned && !photo.is_shrunk());
    let again = steps.and_then(|steps| recompression::is_recompressed(photo.pixels(), steps));
    let size = sizes::generators_for(photo.width(), photo.height());
    let mut traces = Mark::new(Kind::Encoder, Claim::Unknown)
        .with("compressed", if again == Some(true) { "more than once" } else { "" })
        .with("typical_size", size.unwrap_or_default());
    match marks.iter_mut().find(|mark| mark.kind == Kind::Encoder) {
        Some(known) => known.detail.append(&mut traces.detail),
        None if traces.detail.is_empty() => {}
        None => marks.push(traces),
    }
}

/// Reads the marks that need no pixels.
#[must_use]
pub fn read_blocks(blocks: &Blocks<'_>) -> Vec<Mark> {
    let exif = blocks.exif.as_deref().and_then(exif::read);
    let (xmp_texts, xmp_faults) = xmp::read(blocks);
    let mut texts = blocks.texts.clone();
    texts.extend(xmp_texts);
    texts.extend(exif.iter().flat_map(|exif| exif.texts.iter().cloned()));

    let mut marks = source_type::read(&texts);
    marks.extend(aigc::read(&texts));
    marks.extend(generator_text::read(&texts));
    marks.extend(tools::read(&texts));
    marks.extend(exif.as_ref().and_then(exif::Exif::camera));
    marks.extend(blocks.encoder.as_ref().and_then(encoder::Encoder::mark));
    marks.extend(blocks.faults.iter().chain(&xmp_faults).map(Fault::mark));
    if blocks.exif.is_some() && exif.is_none() {
        marks.push(Fault::damaged("exif", "no TIFF header").mark());
    }
    marks
}

/// Walks the container.
#[must_use]
pub fn walk(bytes: &[u8], format: PhotoFormat) -> Blocks<'_> {
    match format {
        PhotoFormat::Jpeg => jpeg::blocks(bytes),
        PhotoFormat::Png => png::blocks(bytes),
        PhotoFormat::WebP => webp::blocks(bytes),
        PhotoFormat::Gif => gif::blocks(bytes),
        PhotoFormat::Heic => heif::blocks(bytes),
    }
}
