//! A segment: rows that never change, and for each kind the tables that find them.
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
use super::rows::{HashRow, Rows};
use crate::matching::hashes::{Distance, PdqHash};
use crate::matching::views::Kind;

/// A scan reads rows one after the other; a probe of a table waits for memory about as long as a
/// scan takes for four rows.
const ROWS_PER_PROBE: u64 = 4;

/// Rows, and what finds those of each kind.
#[derive(Debug, Default)]
pub(super) struct Segment {
    pub(super) rows: Rows,
    /// In the order of [`Kind::ALL`].
    pub(super) finders: [Finder; Kind::ALL.len()],
}

/// What finds the rows of one kind: their list where they are few, tables where there are more.
#[derive(Debug, Default)]
pub(super) struct Finder {
    pub(super) list: Vec<u32>,
    pub(super) tables: Vec<Table>,
}

/// A row within the radius.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hit {
    pub(super) row: u32,
    pub(super) distance: Distance,
}

impl Segment {
    /// A segment whose kinds are found by what is fastest for so many rows, as `layout` says.
    pub(super) fn new(rows: Rows, layout: impl Fn(usize) -> Layout) -> Self {
        let finders = Kind::ALL.map(|kind| {
            let list = rows.of_kind(kind);
            let bands = layout(list.len()).bands();
            let tables: Vec<_> = bands.map(|band| Table::new(band, &rows.hashes, &list)).collect();
            let list = if tables.is_empty() { list } else { Vec::new() };
            Finder { list, tables }
        });
        Self { rows, finders }
    }

    /// Every row of a kind at most `radius` from `hash`, once, in the order of rows.
    pub(super) fn lookup(&self, kind: Kind, hash: PdqHash, radius: Distance) -> Vec<Hit> {
        let radius = u32::from(radius.0);
        let (hashes, finder) = (&self.rows.hashes, &self.finders[kind.number()]);
        let mut hits = Vec::new();
        if finder.tables_pay(radius) && probe(hashes, &finder.tables, &hash.0, radius, &mut hits) {
            // A row that shows in several bands was found in each.
            hits.sort_unstable();
            hits.dedup();
            return hits;
        }
        hits.clear();
        if finder.tables.is_empty() {
            scan_list(hashes, &finder.list, &hash.0, radius, &mut hits);
        } else {
            scan(hashes, &hash.0, radius, &mut hits);
            hits.retain(|hit| self.rows.view(hit.row as usize).kind() == kind);
        }
        hits
    }
}

impl Finder {
    /// How many rows it finds.
    pub(super) fn len(&self) -> usize {
        self.tables.first().map_or(self.list.len(), |table| table.items.len())
    }

    /// Whether there are tables, and not more cells to probe in them than a scan is worth.
    fn tables_pay(&self, radius: u32) -> bool {
        let probes: u64 = self.tables.iter().enumerate().fold(0, |sum, (position, table)| {
            let share = share(radius, self.tables.len(), position);
            let probes = share.checked_sub(1).map_or(0, |bits| table.band.neighbours(bits));
            sum.saturating_add(probes)
        });
        !self.tables.is_empty() && probes.saturating_mul(ROWS_PER_PROBE) <= self.len() as u64
    }
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "part of a loop compiled for several processors")]
fn bits_apart(a: &[u64; 4], b: &[u64; 4]) -> u32 {
    a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum()
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "part of a loop compiled for several processors")]
fn hit(row: u32, hash: &[u64; 4], other: &HashRow, radius: u32) -> Option<Hit> {
    let bits = bits_apart(hash, &other.0);
    (bits <= radius).then(|| Hit { row, distance: Distance::from_bits(bits) })
}

#[multiversion(targets("x86_64+avx2+bmi1+bmi2+popcnt", "x86_64+popcnt"))]
fn scan(hashes: &[HashRow], hash: &[u64; 4], radius: u32, hits: &mut Vec<Hit>) {
    for (row, other) in (0..).zip(hashes) {
        hits.extend(hit(row, hash, other, radius));
    }
}

#[multiversion(targets("x86_64+avx2+bmi1+bmi2+popcnt", "x86_64+popcnt"))]
fn scan_list(hashes: &[HashRow], list: &[u32], hash: &[u64; 4], radius: u32, hits: &mut Vec<Hit>) {
    for row in list {
        hits.extend(hit(*row, hash, &hashes[*row as usize], radius));
    }
}

/// Probes each band's table. Gives up (and says so) once there are more candidates than rows,
/// because a scan would be done by then: so no set of hashes makes a lookup cost more than two.
///
/// Three plain loops a band (cells, items, distances): the reads of each do not wait for one
/// another, so the processor has many on their way at once. Neither of the first two branches on
/// what it has just read, since a wrong guess would throw away the reads behind it.
#[multiversion(targets("x86_64+avx2+bmi1+bmi2+popcnt", "x86_64+popcnt"))]
fn probe(
    hashes: &[HashRow],
    tables: &[Table],
    hash: &[u64; 4],
    radius: u32,
    hits: &mut Vec<Hit>,
) -> bool {
    let (mut cells, mut candidates) = (Vec::new(), Vec::new());
    let mut left = tables.first().map_or(0, |table| table.items.len());
    for (position, table) in tables.iter().enumerate() {
        let Some(bits_max) = share(radius, tables.len(), position).checked_sub(1) else { continue };
        let (own, beside) = table.band.place_in(hash);
        cells.clear();
        let mut count = 0;
        for_each_pattern(table.band.cell_bits, bits_max, |pattern| {
            let cell = own ^ pattern;
            let (start, end) = (table.starts[cell], table.starts[cell + 1]);
            count += (end - start) as usize;
            cells.push((start, end, pattern.count_ones()));
        });
        let Some(still_left) = left.checked_sub(count) else { return false };
        left = still_left;
        candidates.resize(candidates.len().max(count), 0);
        let mut kept = 0;
        for (start, end, ones) in &cells {
            for item in &table.items[*start as usize..*end as usize] {
                candidates[kept] = item.row();
                let apart = ones + (item.beside() ^ beside).count_ones();
                kept += usize::from(apart <= bits_max);
            }
        }
        for row in &candidates[..kept] {
            hits.extend(hit(*row, hash, &hashes[*row as usize], radius));
        }
    }
    true
}
