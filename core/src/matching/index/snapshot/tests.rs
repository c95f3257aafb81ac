//! Snapshots read back, and damaged ones refused.

use super::super::rows::RowsBuilder;
use super::super::tests::{Random, linear_scan, random_entries};
use super::super::{Changes, Entry, Scope};
use super::*;
use crate::matching::hashes::Distance;
use proptest::prelude::*;

const KEY: SnapshotKey = SnapshotKey(*b"0123456789abcdef");

fn encoded(index: &Index) -> Vec<u8> {
    let mut bytes = Vec::new();
    let put = |piece: &[u8]| {
        bytes.extend_from_slice(piece);
        Ok::<(), Damage>(())
    };
    encode(index, KEY, 50, put).unwrap();
    bytes
}

fn decoded(bytes: &[u8]) -> Result<Index, Damage> {
    let (header, mut body) = bytes.split_first_chunk::<HEADER_BYTES>().ok_or(Damage::NoSnapshot)?;
    let header = Header::decode(header, bytes.len() as u64)?;
    assert_eq!((header.key, header.quality_min), (KEY, 50));
    header.decode_index(|buffer: &mut [u8]| {
        let (first, later) = body.split_at_checked(buffer.len()).ok_or(Damage::Body)?;
        buffer.copy_from_slice(first);
        body = later;
        Ok(())
    })
}

fn some_index(random: &mut Random, count: usize) -> (Index, Vec<Entry>) {
    let mut entries = random_entries(count, random);
    for (index, entry) in entries.iter_mut().enumerate() {
        if index % 3 == 0 {
            entry.opinion = Opinion::Unsure;
            let name = "HALF_IMPORTED".into();
            let (id, purpose) = (BankId(1 << 40), Purpose::Seen);
            let facts = BankFacts { id, name, purpose, imported: true };
            entry.bank = Arc::new(facts);
        }
    }
    (Index::new(entries.clone(), 7), entries)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// What is read back answers as what was written, and goes on being changed.
    #[test]
    fn snapshots_read_back(seed: u64, count in prop_oneof![0_usize..20, 3000_usize..9000]) {
        let mut random = Random(seed);
        let (index, mut entries) = some_index(&mut random, count);
        let removed: Vec<_> = entries.iter().step_by(5).map(|entry| entry.content).collect();
        entries.retain(|entry| !removed.contains(&entry.content));
        let index = index.apply(Changes { removed, generation: 8, ..Changes::default() });
        let back = decoded(&encoded(&index)).unwrap();
        prop_assert_eq!((back.len(), back.generation()), (entries.len(), 8));
        prop_assert_eq!(back.uncompacted(), 0);
        if let Some(last) = entries.pop() {
            let removed = vec![last.content];
            let changes = Changes { removed, generation: 9, ..Changes::default() };
            let back = back.apply(changes);
            for entry in entries.iter().take(5).chain([&last]) {
                for radius in [Distance(0), Distance(31), Distance(100)] {
                    let expected = linear_scan(&entries, entry.hash, radius);
                    let found = back.lookup(Kind::All, entry.hash, radius, &Scope::Everything);
                    prop_assert_eq!(found, expected);
                }
            }
        }
    }

    /// A bit turned over, bytes overwritten, an end cut off or added, anywhere: never read.
    #[test]
    fn damage_is_seen(seed: u64, kind in 0..5, length in 1_usize..3000) {
        let mut random = Random(seed);
        let (index, _) = some_index(&mut random, 30);
        let sound = encoded(&index);
        let mut bytes = sound.clone();
        let at = usize::try_from(random.next() % bytes.len() as u64).unwrap();
        let end = bytes.len().min(at + length);
        match kind {
            0 => bytes[at] ^= 1 << (random.next() % 8),
            1 => bytes[at..end].fill(0),
            2 => bytes[at..end].fill_with(|| random.next().to_le_bytes()[0]),
            3 => bytes.truncate(at),
            _ => bytes.resize(sound.len() + length, 0),
        }
        prop_assume!(bytes != sound);
        prop_assert!(decoded(&bytes).is_err());
    }
}

/// Every single byte of a small snapshot, and every shorter length.
#[test]
fn every_byte_counts() {
    let (index, _) = some_index(&mut Random(1), 4);
    let sound = encoded(&index);
    assert!(decoded(&sound).is_ok());
    for at in 0..sound.len() {
        let mut bytes = sound.clone();
        bytes[at] ^= 0x10;
        assert!(decoded(&bytes).is_err(), "byte {at}");
        assert!(decoded(&sound[..at]).is_err(), "length {at}");
    }
    assert!(200 < sound.len());
}

/// Sound checksums around senseless counts (rows, gradient hashes, runs, labels): an error, and no
/// memory taken for them.
#[test]
fn counts_that_cannot_be_are_refused() {
    for counts in [
        [u32::MAX, 0, 1, 1],
        [1 << 26, 0, 1, 0],
        [3, 0, 3, 4],
        [3, 4, 3, 0],
        [3, 0, 4, 0],
        [1 << 26, 1 << 26, 1 << 26, 1 << 26],
        [9000, 0, 1, 0],
    ] {
        let mut body: Vec<u8> = counts.into_iter().flat_map(u32::to_le_bytes).collect();
        body.extend([0; 500]);
        let body_bytes = body.len() as u64;
        let header = Header { key: KEY, generation: 1, quality_min: 50, parts: 1, body_bytes };
        let mut bytes = header.encode();
        bytes.extend(&body);
        bytes.extend(crc32fast::hash(&body).to_le_bytes());
        assert_eq!(decoded(&bytes).unwrap_err(), Damage::Body, "{counts:?}");
    }
}

/// Sound checksums around numbers that name no row or label.
#[test]
fn numbers_that_name_nothing_are_refused() {
    let rewrite = |change: fn(&mut Segment)| {
        let mut rows = RowsBuilder::default();
        for entry in random_entries(5000, &mut Random(1)) {
            rows.push_entry(entry);
        }
        let rows = rows.finish();
        let mut segment = Segment::new(rows, Layout::for_rows);
        change(&mut segment);
        let body_bytes = count_bytes(&segment);
        let header = Header { key: KEY, generation: 1, quality_min: 50, parts: 1, body_bytes };
        let mut bytes = header.encode();
        let put = |piece: &[u8]| {
            bytes.extend_from_slice(piece);
            Ok::<(), Damage>(())
        };
        let mut writer = Writer { put, buffer: Vec::new(), checksum: Hasher::new() };
        writer.segment(&segment).unwrap();
        let checksum = writer.checksum.finalize();
        bytes.extend(checksum.to_le_bytes());
        decoded(&bytes).err()
    };
    assert_eq!(rewrite(|_| {}), None);
    let changes: [fn(&mut Segment); 8] = [
        |segment| segment.rows.runs.labels[7] = 2,
        |segment| segment.finders[0].tables[3].items[7] = Item(5000),
        |segment| segment.finders[0].tables[3].starts[7] = 5001,
        |segment| segment.rows.runs.contents[7] = ContentId(-1),
        |segment| segment.rows.runs.rows[7] = 6,
        |segment| segment.rows.views[7] = 0x7f,
        |segment| segment.rows.gradients.clear(),
        |segment| segment.finders[0] = Finder::default(),
    ];
    for change in changes {
        assert_eq!(rewrite(change), Some(Damage::Body));
    }
}

#[test]
fn another_format_is_told_apart() {
    let mut bytes = encoded(&some_index(&mut Random(1), 4).0);
    bytes[8] = 9;
    let checksum = crc32fast::hash(&bytes[..60]);
    bytes[60..64].copy_from_slice(&checksum.to_le_bytes());
    assert_eq!(decoded(&bytes).unwrap_err(), Damage::OtherFormat(9));
    assert_eq!(decoded(&[0; 100]).unwrap_err(), Damage::NoSnapshot);
}
