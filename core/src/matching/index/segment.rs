//! A segment: rows that never change, and the tables that find them.
//!
//! The two inner loops are compiled for several processors, and the one that fits is chosen at run
//! time (crate `multiversion`): plain x86-64 has no instruction that counts bits, and without it a
//! lookup takes half as long again.

#![allow(
    clippy::indexing_slicing,
    reason = "tables hold rows of their own segment, made or checked \
          together"
)]

use multiversion::multiversion;

use super::bands::{Layout, Table, for_each_pattern, share};
use super::rows::{HashRow, Rows, value};
use crate::matching::hashes::{Distance, PdqHash};

/// A scan reads rows one after the other; a probe of a table waits for memory about as long as a
/// scan takes for four rows.
const ROWS_PER_PROBE: u64 = 4;

/// Rows and their tables.
#[derive(Debug, Default)]
pub(super) struct Segment {
    pub(super) rows: Rows,
    pub(super) tables: Vec<Table>,
}

/// A row within the radius.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hit {
    pub(super) row: usize,
    pub(super) distance: Distance,
}

impl Segment {
    pub(super) fn new(rows: Rows, layout: Layout) -> Self {
        let tables = layout.bands().map(|band| Table::new(band, &rows.hashes)).collect();
        Self { rows, tables }
    }

    /// Every row at most `radius` from `hash`, once, in the order of rows.
    pub(super) fn lookup(&self, hash: PdqHash, radius: Distance) -> Vec<Hit> {
        let radius = u32::from(radius.0);
        let hashes = &self.rows.hashes;
        let mut hits = Vec::new();
        if self.tables_pay(radius) && probe(hashes, &self.tables, &hash.0, radius, &mut hits) {
            // A row that shows in several bands was found in each.
            hits.sort_unstable();
            hits.dedup();
            return hits;
        }
        hits.clear();
        scan(hashes, &hash.0, radius, &mut hits);
        hits
    }

    /// Whether there are tables, and not more cells to probe in them than a scan is worth.
    fn tables_pay(&self, radius: u32) -> bool {
        let probes: u64 = self.tables.iter().enumerate().fold(0, |sum, (position, table)| {
            let share = share(radius, self.tables.len(), position);
            let probes = share.checked_sub(1).map_or(0, |bits| table.band.neighbours(bits));
            sum.saturating_add(probes)
        });
        !self.tables.is_empty() && probes.saturating_mul(ROWS_PER_PROBE) <= self.rows.len() as u64
    }
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "part of a loop compiled for several processors")]
fn bits_apart(a: &[u64; 4], b: &[u64; 4]) -> u32 {
    a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum()
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "part of a loop compiled for several processors")]
fn hit(row: usize, hash: &[u64; 4], other: &HashRow, radius: u32) -> Option<Hit> {
    let bits = bits_apart(hash, &other.0);
    (bits <= radius).then(|| Hit { row, distance: Distance::from_bits(bits) })
}

#[multiversion(targets("x86_64+avx2+bmi1+bmi2+popcnt", "x86_64+popcnt"))]
fn scan(hashes: &[HashRow], hash: &[u64; 4], radius: u32, hits: &mut Vec<Hit>) {
    for (row, other) in hashes.iter().enumerate() {
        hits.extend(hit(row, hash, other, radius));
    }
}

/// Probes each band's table. Gives up (and says so) once there are more candidates than rows,
/// because a scan would be done by then: so no set of hashes makes a lookup cost more than two.
///
/// Three plain loops a band (cells, candidates, distances): each one's reads do not wait for one
/// another, so the processor has many on their way at once.
#[multiversion(targets("x86_64+avx2+bmi1+bmi2+popcnt", "x86_64+popcnt"))]
fn probe(
    hashes: &[HashRow],
    tables: &[Table],
    hash: &[u64; 4],
    radius: u32,
    hits: &mut Vec<Hit>,
) -> bool {
    let (mut runs, mut candidates) = (Vec::new(), Vec::new());
    let mut left = hashes.len();
    for (position, table) in tables.iter().enumerate() {
        let Some(bits_max) = share(radius, tables.len(), position).checked_sub(1) else { continue };
        runs.clear();
        candidates.clear();
        let (own, starts) = (table.band.value_in(hash), table.starts.as_slice());
        for_each_pattern(table.band.bits, bits_max, |pattern| {
            let cell = own ^ pattern;
            let (start, end) = (starts[cell], starts[cell + 1]);
            if start < end {
                runs.push((start, end));
            }
        });
        for (start, end) in &runs {
            let rows = &table.rows[*start as usize..*end as usize];
            let Some(still_left) = left.checked_sub(rows.len()) else { return false };
            left = still_left;
            candidates.extend(rows.iter().map(|row| value(*row)));
        }
        for row in &candidates {
            let row = *row as usize;
            hits.extend(hit(row, hash, &hashes[row], radius));
        }
    }
    true
}
