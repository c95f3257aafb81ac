//! What all hashes of 256 bits share: how many bits of two differ, and how they are written.

/// Bits of each hash.
pub const HASH_BITS: u16 = 256;

/// Number of bits in which two hashes differ, 0 to 256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(transparent)]
pub struct Distance(pub u16);

/// How many bits of two hashes differ.
pub(super) fn bits_apart(a: [u64; 4], b: [u64; 4]) -> Distance {
    let bits: u32 = a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum();
    Distance::from_bits(bits)
}

impl Distance {
    /// From a count of bits.
    ///
    /// # Panics
    /// Never on counts of bits of two hashes, which are at most [`HASH_BITS`].
    #[inline]
    #[must_use]
    pub(crate) fn from_bits(bits: u32) -> Self {
        assert!(bits <= u32::from(HASH_BITS), "hashes have 256 bits, not {bits}");
        #[expect(clippy::cast_possible_truncation, reason = "at most 256")]
        let bits = bits as u16;
        Self(bits)
    }
}

/// 64 hexadecimal digits.
pub(super) fn to_hex(words: [u64; 4]) -> String {
    let [a, b, c, d] = words;
    format!("{a:016x}{b:016x}{c:016x}{d:016x}")
}

/// Reads 64 hexadecimal digits; `None` for anything else.
pub(super) fn from_hex(text: &str) -> Option<[u64; 4]> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(words_from(bytes))
}

/// Four words from their bytes, the highest first.
#[must_use]
pub fn words_from(bytes: [u8; 32]) -> [u64; 4] {
    let mut words = [0; 4];
    for (word, chunk) in words.iter_mut().zip(bytes.chunks_exact(8)) {
        *word = chunk.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    }
    words
}
