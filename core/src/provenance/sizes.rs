//! Sizes that are typical of a generator: it makes pictures of few, odd sizes, where cameras and
//! programs make others. Context only: a photo can be cut to any size, and one from a generator is
//! seldom left at its own. How many photos have such a size was measured (docs/provenance.md).
//!
//! Only sizes with a source are in the list. The sizes of the first Stable Diffusion (512 and
//! 768 squared) are not: as many photos are cut to them.

const XL: &str = "Stable Diffusion XL";
const GPT: &str = "GPT Image";
const GEMINI: &str = "Gemini";

/// Longer side, shorter side, and what makes pictures of it.
///
/// Stable Diffusion XL: Podell et al. 2023, arXiv 2307.01952, appendix I, those of a megapixel that
/// its makers advise. `OpenAI`: reference of its API, `size` of image generation. Gemini: the sizes
/// of pictures labelled as its own in `../shared/data/sources.csv`.
const TYPICAL: [(u32, u32, &str); 14] = [
    (1024, 1024, "Stable Diffusion XL, GPT Image, DALL-E, Gemini"),
    (1152, 896, XL),
    (1216, 832, XL),
    (1344, 768, XL),
    (1536, 640, XL),
    (1536, 1024, GPT),
    (1792, 1024, "DALL-E"),
    (1152, 928, GEMINI),
    (1184, 864, GEMINI),
    (1200, 896, GEMINI),
    (1248, 832, GEMINI),
    (1264, 848, GEMINI),
    (1376, 768, GEMINI),
    (2752, 1536, GEMINI),
];

/// The generators of which this size is typical.
#[must_use]
pub fn generators_for(width: u32, height: u32) -> Option<&'static str> {
    let sides = (width.max(height), width.min(height));
    let found = TYPICAL.iter().find(|(longer, shorter, _)| (*longer, *shorter) == sides);
    found.map(|(_, _, generators)| *generators)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_counts_lying_and_standing_and_only_exactly() {
        assert_eq!(generators_for(1536, 1024), Some(GPT));
        assert_eq!(generators_for(1024, 1536), Some(GPT));
        assert_eq!(generators_for(1535, 1024), None);
        assert_eq!(generators_for(1920, 1080), None);
    }
}
