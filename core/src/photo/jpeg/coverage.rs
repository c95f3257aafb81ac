//! Whether the scans of a JPEG hold its whole picture.
//!
//! Decoders fill in what is missing, with grey or with what zeros happen to mean, and an end marker
//! says nothing: it may stand behind half a picture, and lack behind a whole one. So the codes of
//! every scan are followed here, without making a picture of them, and the units that stand in the
//! file are counted. A scan of which less than a hundredth is missing counts as whole. Zeros that
//! somebody filled a broken file up with also make codes; they differ from a picture by their
//! length: where they mean anything but a plain area, or go on far beyond the picture's end.

use super::head::{Frame, Head, Tables, damaged};
use super::huffman::{Bits, Table};
use super::segments::{self, EOI, SOI, SOS, Segment};
use crate::limits;
use crate::photo::error::PhotoError;

/// The order and number of the scans, for whoever chooses a decoder.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Scans {
    /// The components of each scan, by their index in the frame.
    pub components: Vec<Vec<usize>>,
    /// Where the last scan ends, in bytes from the start of the file.
    pub end: usize,
}

/// Zero bytes in a row that no picture has, but where an area is plain.
const ZEROS: usize = 32;

/// Corrections in a row that are never all zero in a picture.
const CORRECTIONS: u32 = 24;

/// Follows every scan.
///
/// # Errors
/// [`PhotoError::Damaged`] when a part of the picture is missing.
pub fn check(bytes: &[u8], head: &mut Head) -> Result<Scans, PhotoError> {
    let frame = &head.frame;
    let mut scans = Scans { components: Vec::new(), end: head.scan_at };
    let mut known = Known::new(frame);
    while let Some(segment) = segments::next(bytes, scans.end) {
        match segment.marker {
            EOI => {
                scans.end = segment.end;
                break;
            }
            // A second picture, or the next frame of one in several layers.
            SOI => break,
            _ if segment.is_frame() => break,
            SOS => {
                let scan = Scan::read(&segment, frame)?;
                if limits::JPEG_SCANS_MAX <= scans.components.len() {
                    let scans_max = limits::JPEG_SCANS_MAX;
                    return Err(damaged(format!("it has more than {scans_max} scans")));
                }
                scans.end = follow(bytes, frame, &scan, &head.tables, &mut known)?;
                known.painted.iter_mut().enumerate().for_each(|(index, is_painted)| {
                    *is_painted |=
                        scan.first == 0 && scan.parts.iter().any(|it| it.component == index);
                });
                scans.components.push(scan.parts.iter().map(|part| part.component).collect());
            }
            _ => {
                scans.end = segment.end;
                head.tables.take(&segment);
            }
        }
    }
    if known.painted.iter().all(|is_painted| *is_painted) {
        return Ok(scans);
    }
    Err(damaged(format!("it ends after {} bytes, before its picture does", bytes.len())))
}

/// What is known from earlier scans of a picture.
struct Known {
    /// For each component whether a scan has covered it.
    painted: Vec<bool>,
    /// For each component and each of its blocks which coefficients are not zero, a bit for each;
    /// empty until they are needed.
    set: Vec<Vec<u64>>,
}

impl Known {
    fn new(frame: &Frame) -> Self {
        let count = frame.components.len();
        let blocks = |component: &super::head::Component| {
            let (across, down) = frame.units();
            (across * component.across) as usize * (down * component.down) as usize
        };
        let set = if frame.is_progressive {
            frame.components.iter().map(|component| vec![0; blocks(component)]).collect()
        } else {
            vec![Vec::new(); count]
        };
        Self { painted: vec![false; count], set }
    }
}

/// One scan.
struct Scan {
    /// Where its codes begin, in bytes from the start of the file.
    start: usize,
    parts: Vec<Part>,
    /// First and last coefficient.
    first: u32,
    last: u32,
    /// Whether the scan adds a bit to what is known from earlier ones.
    is_refining: bool,
}

/// One component of a scan: its index in the frame and its tables.
#[derive(Clone, Copy)]
struct Part {
    component: usize,
    dc: usize,
    ac: usize,
}

impl Scan {
    fn read(segment: &Segment<'_>, frame: &Frame) -> Result<Self, PhotoError> {
        let broken = || damaged("the head of a scan makes no sense".into());
        let start = segment.end;
        let (count, rest) = segment.body.split_first().ok_or_else(broken)?;
        let count = usize::from(*count);
        let (parts, rest) = rest.split_at_checked(2 * count).ok_or_else(broken)?;
        let part = |pair: &[u8]| {
            let [id, tables] = *pair.first_chunk()?;
            let component = frame.components.iter().position(|it| it.id == id)?;
            Some(Part { component, dc: usize::from(tables >> 4), ac: usize::from(tables & 15) })
        };
        let parts: Option<Vec<Part>> = parts.chunks_exact(2).map(part).collect();
        let parts = parts.filter(|parts| (1..=4).contains(&parts.len())).ok_or_else(broken)?;
        let [first, last, steps] = *rest.first_chunk().ok_or_else(broken)?;
        if !frame.is_progressive {
            return Ok(Self { start, parts, first: 0, last: 63, is_refining: false });
        }
        let (first, last) = (u32::from(first), u32::from(last));
        let is_valid = first <= last && last < 64 && (first == 0 || parts.len() == 1);
        let is_refining = steps >> 4 != 0;
        // The first coefficient of a progressive picture stands in scans of its own.
        let last = if first == 0 { 0 } else { last };
        is_valid.then_some(Self { start, parts, first, last, is_refining }).ok_or_else(broken)
    }
}

/// The blocks of one part in every unit of a scan.
struct Lane<'a> {
    component: usize,
    dc: Option<&'a Table>,
    ac: Option<&'a Table>,
    across: u32,
    down: u32,
    /// Blocks of the component in a row.
    row: u32,
}

/// Follows one scan; returns where it ends.
fn follow(
    bytes: &[u8],
    frame: &Frame,
    scan: &Scan,
    tables: &Tables,
    known: &mut Known,
) -> Result<usize, PhotoError> {
    let lanes = lanes(frame, scan, tables)?;
    let (across, down) = match (scan.parts.as_slice(), frame.units()) {
        ([part], _) => frame.components.get(part.component).map_or((0, 0), |it| frame.blocks(*it)),
        (_, units) => units,
    };
    let mut walk = Walk {
        bits: Bits::new(bytes, scan.start),
        bytes,
        run: 0,
        units_of_zeros: 0,
        corrections: 0,
        is_filled_up: false,
    };
    // Sides are at most 8,192 blocks.
    let all = across * down;
    let (mut unit, mut missing) = (0_u32, 0_u32);
    while unit < all {
        if tables.restart != 0 && unit != 0 && unit.is_multiple_of(tables.restart) {
            if !walk.bits.restart() {
                missing += all - unit;
                break;
            }
            walk.run = 0;
        }
        let at = (unit % across, unit / across);
        if walk.unit(scan, &lanes, at, known).is_some() && walk.bits.is_real() {
            unit += 1;
            continue;
        }
        // What is left until the next restart cannot be read.
        let next = match tables.restart {
            0 => all,
            interval => all.min((unit / interval + 1) * interval),
        };
        missing += next - unit;
        unit = next;
    }
    if walk.ends_in_zeros() {
        // The last byte of a picture may be zero, and stand for some plain blocks.
        missing = (missing + walk.units_of_zeros.saturating_sub(8)).min(all);
    }
    if walk.is_filled_up {
        return Err(damaged("a part of its picture was overwritten with zeros".into()));
    }
    if u64::from(missing) * 100 <= u64::from(all) {
        return Ok(walk.bits.position());
    }
    let percent = u64::from(missing) * 100 / u64::from(all).max(1);
    Err(damaged(format!(
        "{percent} % of its picture are missing from byte {}",
        walk.bits.position()
    )))
}

fn lanes<'a>(frame: &Frame, scan: &Scan, tables: &'a Tables) -> Result<Vec<Lane<'a>>, PhotoError> {
    let is_alone = scan.parts.len() == 1;
    let lane = |part: &Part| {
        let component = frame.components.get(part.component).copied().unwrap_or_default();
        let (across, down) = if is_alone { (1, 1) } else { (component.across, component.down) };
        let dc = tables.dc.get(part.dc).and_then(Option::as_ref);
        let ac = tables.ac.get(part.ac).and_then(Option::as_ref);
        let row = frame.units().0 * component.across;
        let needs = (scan.first == 0 && !scan.is_refining, 0 < scan.last);
        match ((dc, ac), needs) {
            ((None, _), (true, _)) | ((_, None), (_, true)) => {
                Err(damaged("a scan names a Huffman table that is not there".into()))
            }
            _ => Ok(Lane { component: part.component, dc, ac, across, down, row }),
        }
    };
    scan.parts.iter().map(lane).collect()
}

/// The state of following one scan.
struct Walk<'a> {
    bits: Bits<'a>,
    bytes: &'a [u8],
    /// Blocks that an end-of-band code still stands for.
    run: u32,
    /// Units since zeros began, among which the scan still stands.
    units_of_zeros: u32,
    /// Bits, since zeros began, that correct what is known from earlier scans. Half of them are
    /// ones in a picture.
    corrections: u32,
    /// Whether zeros of a filled-up file were taken for a picture.
    is_filled_up: bool,
}

impl Walk<'_> {
    /// Follows one unit; `None` where the bits are no code.
    #[inline]
    fn unit(
        &mut self,
        scan: &Scan,
        lanes: &[Lane<'_>],
        at: (u32, u32),
        known: &mut Known,
    ) -> Option<()> {
        let is_in_zeros = self.bits.are_zeros() && self.are_zeros(self.bits.position());
        if !is_in_zeros {
            (self.units_of_zeros, self.corrections) = (0, 0);
        } else if self.run == 0 {
            // Where a run stands for the blocks, they take no bits.
            self.units_of_zeros += 1;
        }
        let mut is_plain = true;
        for lane in lanes {
            for block in 0..lane.across * lane.down {
                let (x, y) = (block % lane.across, block / lane.across);
                let block = (at.1 * lane.down + y) * lane.row + at.0 * lane.across + x;
                is_plain &= if lane.ac.is_some() && scan.first == 0 && scan.last != 0 {
                    self.sequential(lane)?
                } else if scan.first == 0 {
                    self.first_coefficient(scan, lane)?
                } else {
                    let set = known.set.get_mut(lane.component)?.get_mut(block as usize)?;
                    self.band(scan, lane.ac?, set)?
                };
            }
        }
        self.is_filled_up |= is_in_zeros && (!is_plain || CORRECTIONS < self.corrections);
        Some(())
    }

    /// A block with all its coefficients; whether it is plain.
    #[inline]
    fn sequential(&mut self, lane: &Lane<'_>) -> Option<bool> {
        let size = self.bits.symbol(lane.dc?)?;
        self.bits.skip(size);
        let ac = lane.ac?;
        let (mut at, mut is_plain) = (1, true);
        while at < 64 {
            let symbol = self.bits.symbol(ac)?;
            match (symbol >> 4, symbol & 15) {
                (15, 0) => at += 16,
                (_, 0) => break,
                (zeros, size) => {
                    at += u32::from(zeros) + 1;
                    self.bits.skip(size);
                    is_plain = false;
                }
            }
        }
        Some(is_plain)
    }

    /// The first coefficient of a block of a progressive picture, or a further bit of it.
    fn first_coefficient(&mut self, scan: &Scan, lane: &Lane<'_>) -> Option<bool> {
        if scan.is_refining {
            self.bits.number(1);
        } else {
            let size = self.bits.symbol(lane.dc?)?;
            self.bits.skip(size);
        }
        Some(true)
    }

    /// A band of coefficients of a block of a progressive picture; whether it is plain.
    fn band(&mut self, scan: &Scan, ac: &Table, set: &mut u64) -> Option<bool> {
        if scan.is_refining {
            return self.refined(scan, ac, set);
        }
        if 0 < self.run {
            self.run -= 1;
            return Some(true);
        }
        let (mut at, mut is_plain) = (scan.first, true);
        while at <= scan.last {
            let symbol = self.bits.symbol(ac)?;
            match (symbol >> 4, symbol & 15) {
                (15, 0) => at += 16,
                (exponent, 0) => {
                    self.run = (1 << exponent) - 1 + self.bits.number(exponent);
                    break;
                }
                (zeros, size) => {
                    at += u32::from(zeros);
                    self.bits.skip(size);
                    *set |= 1_u64.checked_shl(at).unwrap_or(0);
                    at += 1;
                    is_plain = false;
                }
            }
        }
        Some(is_plain)
    }

    /// A further bit of a band (ITU-T T.81, G.1.2.3); whether it sets no coefficient.
    fn refined(&mut self, scan: &Scan, ac: &Table, set: &mut u64) -> Option<bool> {
        let (mut at, mut is_plain) = (scan.first, true);
        while self.run == 0 && at <= scan.last {
            let symbol = self.bits.symbol(ac)?;
            let (mut zeros, size) = (u32::from(symbol >> 4), symbol & 15);
            if size == 0 && zeros < 15 {
                self.run = (1 << zeros) + self.bits.number(symbol >> 4);
                break;
            }
            if size != 0 {
                self.bits.number(1);
                is_plain = false;
            }
            while at <= scan.last {
                if *set >> at & 1 != 0 {
                    self.bits.number(1);
                    self.corrections += 1;
                } else if zeros == 0 {
                    break;
                } else {
                    zeros -= 1;
                }
                at += 1;
            }
            if size != 0 && at <= scan.last {
                *set |= 1 << at;
            }
            at += 1;
        }
        if 0 < self.run {
            self.run -= 1;
            // One bit for each coefficient that is set, of those from `at` to the last.
            let from_here = u64::MAX.checked_shl(at).unwrap_or(0);
            let mut left = (*set & from_here & (u64::MAX >> (63 - scan.last))).count_ones();
            self.corrections += left;
            while 0 < left {
                let some = left.min(16);
                self.bits.number(u8::try_from(some).unwrap_or(16));
                left -= some;
            }
        }
        Some(is_plain)
    }

    /// Whether many zeros stand from `at` on.
    fn are_zeros(&self, at: usize) -> bool {
        let zeros = self.bytes.get(at..at.saturating_add(ZEROS));
        zeros.is_some_and(|zeros| zeros.iter().all(|byte| *byte == 0))
    }

    /// Whether zeros go on long after the scan ended, so that those in it were no picture either.
    fn ends_in_zeros(&self) -> bool {
        self.are_zeros(self.bits.position())
    }
}
