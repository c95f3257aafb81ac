//! Bands: the pieces a hash is cut into, and the tables of which rows hold which piece.
//!
//! The multi-index of Norouzi, Punjani and Fleet ("Fast Search in Hamming Space with Multi-Index
//! Hashing", 2012) in the form of a general pigeonhole: band i is searched within `r_i` differing
//! bits. Two hashes that differ by more than `r_i` in every band differ in all by at least the sum
//! of the `r_i + 1`. So when these add up to the radius plus one, whatever lies within the radius
//! shows in some band. [`share`] deals them out, one more to the first bands, which are the widest:
//! a wide band has more neighbouring values but far fewer rows at each.

#![allow(
    clippy::indexing_slicing,
    reason = "a band lies inside a hash, its values inside its table"
)]

use super::rows::{HashRow, Number, number};

/// Sixteen bands of 16 bits: small tables, for some thousand to some hundred thousand rows.
const EVEN: [u32; 16] = [16; 16];

/// Thirteen uneven bands, for more. At radius 31 the first six are searched within two bits, the
/// others within one. What other cuts cost is in `docs/decisions/0007-index.md`.
const UNEVEN: [u32; 13] = [21, 21, 21, 21, 21, 21, 19, 19, 19, 19, 18, 18, 18];

/// How the rows of a segment are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// By comparing each.
    Scan,
    Even,
    Uneven,
}

impl Layout {
    /// Up to here a scan costs microseconds, and tables would take 4 MB and be made anew with each
    /// small change.
    pub(super) const SCAN_ROWS_MAX: usize = crate::limits::INDEX_TAIL_MAX;
    /// Up to here the even bands are as fast as the uneven ones, whose tables take 62 MB.
    pub(super) const EVEN_ROWS_MAX: usize = 500_000;

    /// What is fastest for so many rows.
    pub(super) fn for_rows(rows: usize) -> Self {
        if rows <= Self::SCAN_ROWS_MAX {
            Self::Scan
        } else if rows <= Self::EVEN_ROWS_MAX {
            Self::Even
        } else {
            Self::Uneven
        }
    }

    /// The bands, from the first bit on. Their widths make 256.
    pub(super) fn bands(self) -> impl Iterator<Item = Band> {
        let widths: &[u32] = match self {
            Self::Scan => &[],
            Self::Even => &EVEN,
            Self::Uneven => &UNEVEN,
        };
        widths.iter().scan(0, |next, bits| {
            let band = Band { first_bit: *next, bits: *bits };
            *next += bits;
            Some(band)
        })
    }
}

/// Some neighbouring bits of a hash, at most 32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Band {
    pub(super) first_bit: u32,
    pub(super) bits: u32,
}

impl Band {
    /// How many values it can have.
    pub(super) fn values(self) -> usize {
        1 << self.bits
    }

    /// Its value in a hash.
    #[inline]
    pub(super) fn value_in(self, words: &[u64; 4]) -> usize {
        let (word, shift) = ((self.first_bit / 64) as usize, self.first_bit % 64);
        let low = words[word] >> shift;
        // A band may lie across two words.
        let high = match words.get(word + 1) {
            Some(next) if 64 < shift + self.bits => next << (64 - shift),
            _ => 0,
        };
        #[expect(clippy::cast_possible_truncation, reason = "at most 32 bits are left")]
        let value = (low | high) as u32;
        (value & ((1 << self.bits) - 1)) as usize
    }

    /// How many values differ from one in at most `bits_max` bits.
    pub(super) fn neighbours(self, bits_max: u32) -> u64 {
        let (mut of_that_many, mut sum) = (1, 1);
        for count in 1..=u64::from(bits_max.min(self.bits)) {
            of_that_many = of_that_many * (u64::from(self.bits) + 1 - count) / count;
            sum += of_that_many;
        }
        sum
    }
}

/// One more than the number of bits that the band at `position` of `bands` may differ in, so that a
/// hash within `radius` shows in some band; 0 when the band need not be searched.
pub(super) fn share(radius: u32, bands: usize, position: usize) -> u32 {
    assert!(position < bands && bands <= 16, "no layout has band {position} of {bands}");
    #[expect(clippy::cast_possible_truncation, reason = "at most 16")]
    let (bands, position) = (bands as u32, position as u32);
    // The shares differ by one at most and add up to radius + 1.
    (radius + bands - position) / bands
}

/// Calls `visit` with every pattern of at most `bits_max` ones among the low `bits` bits.
#[inline(always)]
#[expect(clippy::inline_always, reason = "part of a loop compiled for several processors")]
pub(super) fn for_each_pattern(bits: u32, bits_max: u32, mut visit: impl FnMut(usize)) {
    visit(0);
    for ones in 1..=bits_max.min(bits) {
        let mut pattern = (1_usize << ones) - 1;
        while pattern < 1 << bits {
            visit(pattern);
            // The next higher number with as many ones (Gosper, HAKMEM item 175).
            let lowest = pattern & pattern.wrapping_neg();
            let carried = pattern + lowest;
            pattern = (((carried ^ pattern) >> 2) >> lowest.trailing_zeros()) | carried;
        }
    }
}

/// Of one band: which rows hold each of its values. `rows[starts[v]..starts[v + 1]]` hold `v`.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) band: Band,
    pub(super) starts: Vec<u32>,
    pub(super) rows: Vec<Number>,
}

impl Table {
    pub(super) fn new(band: Band, hashes: &[HashRow]) -> Self {
        // Each value is counted two cells on; after the sums `starts[v + 1]` is where the next row
        // of `v` goes, and once all rows are in, it is where `v + 1` begins.
        let mut starts = vec![0_u32; band.values() + 2];
        for hash in hashes {
            starts[band.value_in(&hash.0) + 2] += 1;
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut rows = vec![Number::default(); hashes.len()];
        for (row, hash) in hashes.iter().enumerate() {
            let next = &mut starts[band.value_in(&hash.0) + 1];
            rows[*next as usize] = number(row);
            *next += 1;
        }
        starts.pop();
        Self { band, starts, rows }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_cover_every_bit_once() {
        for layout in [Layout::Even, Layout::Uneven] {
            let mut next = 0;
            for band in layout.bands() {
                assert_eq!(band.first_bit, next);
                next += band.bits;
            }
            assert_eq!(next, 256, "{layout:?}");
        }
    }

    #[test]
    fn a_band_reads_its_own_bits() {
        for band in Layout::Uneven.bands() {
            for bit in 0..256 {
                let mut words = [0; 4];
                words[bit / 64] = 1_u64 << (bit % 64);
                let inside =
                    (band.first_bit as usize..(band.first_bit + band.bits) as usize).contains(&bit);
                let expected = if inside { 1 << (bit - band.first_bit as usize) } else { 0 };
                assert_eq!(band.value_in(&words), expected, "{band:?}, bit {bit}");
            }
        }
    }

    /// The pigeonhole: the shares of all bands make the radius plus one, for every radius.
    #[test]
    fn shares_make_the_radius_plus_one() {
        for bands in [13, 16] {
            for radius in 0..=256 {
                let sum: u32 = (0..bands).map(|position| share(radius, bands, position)).sum();
                assert_eq!(sum, radius + 1, "{bands} bands, radius {radius}");
            }
        }
    }

    #[test]
    fn patterns_are_all_those_with_few_ones() {
        for (bits, bits_max) in [(1, 3), (5, 0), (5, 2), (10, 3), (12, 12)] {
            let mut visited = Vec::new();
            for_each_pattern(bits, bits_max, |pattern| visited.push(pattern));
            visited.sort_unstable();
            let expected: Vec<usize> =
                (0..1_usize << bits).filter(|pattern| pattern.count_ones() <= bits_max).collect();
            assert_eq!(visited, expected, "{bits} bits, {bits_max} ones");
            let band = Band { first_bit: 0, bits };
            assert_eq!(band.neighbours(bits_max), expected.len() as u64);
        }
    }
}
