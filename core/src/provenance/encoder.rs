//! Encoder traces: how a JPEG was encoded. Context for a person, never evidence by itself.
//!
//! The quantisation tables tell a quality, and whether they are those of the JPEG norm, as most
//! libraries have them, or an encoder's own, as cameras and editors have them. With subsampling
//! and scan order they hint at what wrote the file last; every re-saving replaces them. What the
//! pixels tell ([`super::recompression`], [`super::sizes`]) stands in the same mark.

use super::mark::{Claim, Kind, Mark};

/// The luma table of the JPEG norm (ITU-T T.81, K.1), in zigzag order as files have it.
const NORM: [u16; 64] = [
    16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37,
    29, 40, 58, 51, 61, 60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81,
    87, 95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
];

/// What the head of a JPEG shows of its encoder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Encoder {
    /// The first quantisation table, which is luma's.
    luma: Option<[u16; 64]>,
    is_progressive: bool,
    /// Horizontal and vertical sampling of the components.
    sampling: Vec<(u8, u8)>,
}

impl Encoder {
    /// The first quantisation table, in the order of files.
    #[must_use]
    pub fn luma(&self) -> Option<&[u16; 64]> {
        self.luma.as_ref()
    }

    /// Takes the tables of a DQT segment.
    pub(super) fn take_tables(&mut self, mut body: &[u8]) {
        while let Some((head, rest)) = body.split_first() {
            let bytes = if head >> 4 == 0 { 64 } else { 128 };
            let Some((table, rest)) = rest.split_at_checked(bytes) else { return };
            body = rest;
            if head % 16 == 0 && self.luma.is_none() {
                let mut steps = [0; 64];
                for (step, value) in steps.iter_mut().zip(table.chunks(bytes / 64)) {
                    *step = value.iter().fold(0, |sum, byte| (sum << 8) | u16::from(*byte));
                }
                self.luma = Some(steps);
            }
        }
    }

    /// Takes a frame header: precision, height, width, then three bytes a component.
    pub(super) fn take_frame(&mut self, marker: u8, body: &[u8]) {
        self.is_progressive = matches!(marker, 0xC2 | 0xC6 | 0xCA | 0xCE);
        let Some((count, components)) = body.get(5..).and_then(<[u8]>::split_first) else { return };
        let components = components.chunks_exact(3).take(usize::from(*count));
        self.sampling = components
            .filter_map(|component| component.get(1))
            .map(|factors| (factors >> 4, factors & 15))
            .collect();
    }

    /// What is known, or nothing when the file has no tables.
    pub(super) fn mark(&self) -> Option<Mark> {
        let (quality, is_norm) = estimate_quality(self.luma.as_ref()?);
        let mark = Mark::new(Kind::Encoder, Claim::Unknown)
            .with("quality", quality.to_string())
            .with("tables", if is_norm { "norm" } else { "own" })
            .with("scan", if self.is_progressive { "progressive" } else { "baseline" })
            .with("subsampling", self.subsampling().unwrap_or_default());
        Some(mark)
    }

    fn subsampling(&self) -> Option<&'static str> {
        let (luma, chroma) = match self.sampling.as_slice() {
            [_] => return Some("grey"),
            [luma, chroma, other] if chroma == other => (luma, chroma),
            _ => return None,
        };
        let (across, down) = (luma.0.checked_div(chroma.0)?, luma.1.checked_div(chroma.1)?);
        match (across, down) {
            (1, 1) => Some("4:4:4"),
            (2, 1) => Some("4:2:2"),
            (2, 2) => Some("4:2:0"),
            (1, 2) => Some("4:4:0"),
            (4, 1) => Some("4:1:1"),
            _ => None,
        }
    }
}

/// The quality, 1 to 100, whose table by the usual formula is nearest, and whether it is equal.
fn estimate_quality(table: &[u16; 64]) -> (u16, bool) {
    let distance = |quality: u16| -> u32 {
        let scale =
            if quality < 50 { 5000 / u32::from(quality) } else { 200 - 2 * u32::from(quality) };
        let expected =
            NORM.iter().map(|step| ((u32::from(*step) * scale + 50) / 100).clamp(1, 255));
        expected.zip(table).map(|(expected, step)| expected.abs_diff(u32::from(*step))).sum()
    };
    let distances = (1..=100).map(|quality| (distance(quality), quality));
    let (distance, quality) = distances.min().unwrap_or_default();
    (quality, distance == 0)
}
