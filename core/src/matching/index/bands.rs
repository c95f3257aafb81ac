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

use super::rows::{HashRow, ROW_BITS};

/// Sixteen bands of 16 bits: small tables, for some thousand to some hundred thousand rows.
const EVEN: [u32; 16] = [16; 16];

/// Eleven wide bands, for more. At radius 31 the first ten are searched within two bits, the last
/// within one. What other cuts cost is in `docs/decisions/0007-index.md`.
const WIDE: [u32; 11] = [24, 24, 24, 24, 24, 24, 23, 23, 23, 23, 20];

/// How the rows of one kind are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// By comparing each.
    Scan,
    Even,
    /// With so many bits of each band to find a cell by.
    Wide(u32),
}

impl Layout {
    /// Up to here a scan costs microseconds, and tables would take 4 MB and be made anew with each
    /// small change.
    pub(super) const SCAN_ROWS_MAX: usize = crate::limits::INDEX_TAIL_MAX;
    /// Up to here the even bands are as fast as the wide ones.
    pub(super) const EVEN_ROWS_MAX: usize = 500_000;
    /// A cell of a wide band holds two to four rows: with more cells most are empty, with fewer
    /// there is more to read in each.
    const CELL_BITS_LESS: u32 = 1;

    /// What is fastest for so many rows.
    pub(super) fn for_rows(rows: usize) -> Self {
        if rows <= Self::SCAN_ROWS_MAX {
            Self::Scan
        } else if rows <= Self::EVEN_ROWS_MAX {
            Self::Even
        } else {
            Self::Wide(rows.ilog2() - Self::CELL_BITS_LESS)
        }
    }

    /// The bands, from the first bit on. Their widths make 256.
    pub(super) fn bands(self) -> impl Iterator<Item = Band> {
        let (widths, cell_bits): (&[u32], u32) = match self {
            Self::Scan => (&[], 0),
            Self::Even => (&EVEN, 16),
            Self::Wide(cell_bits) => (&WIDE, cell_bits),
        };
        widths.iter().scan(0, move |next, bits| {
            let band = Band { first_bit: *next, bits: *bits, cell_bits: cell_bits.min(*bits) };
            *next += bits;
            Some(band)
        })
    }
}

/// Some neighbouring bits of a hash, at most 32. The lower ones of its value are the number of a
/// cell; of the others, as many as fit stand beside each row in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Band {
    pub(super) first_bit: u32,
    pub(super) bits: u32,
    pub(super) cell_bits: u32,
}

impl Band {
    /// How many cells its table has.
    pub(super) fn cells(self) -> usize {
        1 << self.cell_bits
    }

    /// In a hash: the cell, and what stands beside rows in it.
    #[inline]
    pub(super) fn place_in(self, words: &[u64; 4]) -> (usize, u32) {
        let value = self.value_in(words);
        let cell = value & (self.cells() - 1);
        #[expect(clippy::cast_possible_truncation, reason = "of at most 32 bits")]
        let beside = (value >> self.cell_bits) as u32 & BESIDE_MAX;
        (cell, beside)
    }

    /// Its value in a hash.
    #[inline]
    fn value_in(self, words: &[u64; 4]) -> usize {
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

    /// How many cells differ from one in at most `bits_max` bits of their number.
    pub(super) fn neighbours(self, bits_max: u32) -> u64 {
        let (mut of_that_many, mut sum) = (1, 1);
        for count in 1..=u64::from(bits_max.min(self.cell_bits)) {
            of_that_many = of_that_many * (u64::from(self.cell_bits) + 1 - count) / count;
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

/// What can stand beside a row in the 32 bits of an item.
const BESIDE_MAX: u32 = u32::MAX >> ROW_BITS;

/// One row in a cell, and what stands beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Item(pub(super) u32);

impl Item {
    fn new(row: u32, beside: u32) -> Self {
        Self(beside << ROW_BITS | row)
    }

    #[inline]
    pub(super) fn row(self) -> u32 {
        self.0 & (u32::MAX >> (u32::BITS - ROW_BITS))
    }

    #[inline]
    pub(super) fn beside(self) -> u32 {
        self.0 >> ROW_BITS
    }
}

/// Of one band: which rows each cell holds. `items[starts[c]..starts[c + 1]]` are those of `c`.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) band: Band,
    pub(super) starts: Vec<u32>,
    pub(super) items: Vec<Item>,
}

impl Table {
    /// Of `rows`, whose hashes are among `hashes`.
    pub(super) fn new(band: Band, hashes: &[HashRow], rows: &[u32]) -> Self {
        // Each cell is counted two on; after the sums `starts[c + 1]` is where the next row of `c`
        // goes, and once all rows are in, it is where `c + 1` begins.
        let place = |row: u32| band.place_in(&hashes[row as usize].0);
        let mut starts = vec![0_u32; band.cells() + 2];
        for row in rows {
            starts[place(*row).0 + 2] += 1;
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut items = vec![Item::default(); rows.len()];
        for row in rows {
            let (cell, beside) = place(*row);
            let next = &mut starts[cell + 1];
            items[*next as usize] = Item::new(*row, beside);
            *next += 1;
        }
        starts.pop();
        Self { band, starts, items }
    }

    /// Whether cells are pieces of its rows, of which there are `rows`.
    pub(super) fn is_sound(&self, rows: usize) -> bool {
        self.starts.is_sorted()
            && self.starts.last().is_some_and(|end| *end as usize == self.items.len())
            && self.items.iter().all(|item| (item.row() as usize) < rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_cover_every_bit_once() {
        for layout in [Layout::Even, Layout::Wide(20)] {
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
        for band in [18, 20, 25].into_iter().flat_map(|bits| Layout::Wide(bits).bands()) {
            for bit in 0..256 {
                let mut words = [0; 4];
                words[bit / 64] = 1_u64 << (bit % 64);
                let first = band.first_bit as usize;
                let inside = (first..first + band.bits as usize).contains(&bit);
                let value = if inside { 1 << (bit - first) } else { 0 };
                assert_eq!(band.value_in(&words), value, "{band:?}, bit {bit}");
                let (cell, beside) = band.place_in(&words);
                assert_eq!(cell | (beside as usize) << band.cell_bits, value, "{band:?}, {bit}");
            }
        }
    }

    /// The pigeonhole: the shares of all bands make the radius plus one, for every radius.
    #[test]
    fn shares_make_the_radius_plus_one() {
        for bands in [11, 16] {
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
            let band = Band { first_bit: 0, bits, cell_bits: bits };
            assert_eq!(band.neighbours(bits_max), expected.len() as u64);
        }
    }
}
