//! What holds for all formats.

use std::io::{BufReader, Read};

use proptest::prelude::*;

use super::*;

const HASH: &str = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22";

pub(super) fn defaults() -> Defaults {
    Defaults { note: String::new(), opinion: Opinion::Confirmed, added_at: 7 }
}

/// What a list says of a hash.
pub(super) fn record(pdq: u64) -> Record {
    fields::record_of(PdqHash([pdq; 4]), &defaults())
}

fn read_all(bytes: &[u8], format: Option<Format>) -> Result<Vec<Record>, ExchangeError> {
    let mut reader = Reader::new(bytes, format, defaults())?;
    let mut all = Vec::new();
    loop {
        let batch = reader.next_batch(3)?;
        if batch.is_empty() {
            return Ok(all);
        }
        all.extend(batch);
    }
}

fn written(format: Format, records: &[Record]) -> (Vec<u8>, u64) {
    let (mut writer, mut out) = (Writer::new(format, "BANK"), Vec::new());
    writer.begin(&mut out).unwrap();
    for page in records.chunks(2) {
        writer.write(page, &mut out).unwrap();
    }
    (out, writer.left_out())
}

fn any_text(bytes_max: usize) -> impl Strategy<Value = String> {
    // Quotes, commas, formulas, letters of other scripts, spaces at both ends.
    let plain = proptest::string::string_regex("[ -~äß漢🙂＝]{0,40}").unwrap();
    plain.prop_filter("over the limit", move |text| text.len() <= bytes_max)
}

fn any_views() -> impl Strategy<Value = Vec<RecordView>> {
    let known: Vec<View> = (1..=u8::MAX).filter_map(View::from_code).collect();
    let count = known.len();
    let hashes = (any::<[u64; 4]>(), 0..=100_u8, any::<Option<[u64; 4]>>());
    proptest::collection::vec(hashes, 0..=count.min(4)).prop_map(move |all| {
        let views = known.iter().zip(all).map(|(view, (pdq, quality, gradient))| RecordView {
            view: *view,
            pdq: PdqHash(pdq),
            pdq_quality: PdqQuality::new(quality).unwrap(),
            gradient: gradient.map(GradientHash),
        });
        views.collect()
    })
}

fn any_record() -> impl Strategy<Value = Record> {
    let opinion =
        prop_oneof![Just(Opinion::Confirmed), Just(Opinion::Unsure), Just(Opinion::Disputed)];
    let hashes = (any::<[u64; 4]>(), 0..=100_u8, any::<Option<[u64; 4]>>(), any_views());
    let texts = (any_text(1000), any_text(200), any_text(1000));
    let rest = (opinion, any::<bool>(), 0..=ADDED_AT_MAX);
    (hashes, texts, rest).prop_map(|((pdq, quality, gradient, views), texts, rest)| {
        let (note, external_id, quarantined) = texts;
        let (opinion, enabled, added_at) = rest;
        Record {
            pdq: PdqHash(pdq),
            pdq_quality: PdqQuality::new(quality).unwrap(),
            gradient: gradient.map(GradientHash),
            views,
            note,
            external_id,
            opinion,
            enabled,
            quarantined,
            added_at,
        }
    })
}

proptest! {
    #[test]
    fn ndjson_brings_everything_back(records in proptest::collection::vec(any_record(), 0..6)) {
        let (bytes, left_out) = written(Format::Ndjson, &records);
        prop_assert_eq!(left_out, 0);
        prop_assert_eq!(read_all(&bytes, Some(Format::Ndjson)).unwrap(), &records[..]);
        prop_assert_eq!(read_all(&bytes, None).unwrap(), records);
    }

    #[test]
    fn csv_brings_all_but_views_and_quarantine_back(
        records in proptest::collection::vec(any_record(), 0..6)
    ) {
        let (bytes, left_out) = written(Format::Csv, &records);
        prop_assert_eq!(left_out, 0);
        let mut expected = records;
        for record in &mut expected {
            record.views.clear();
            record.quarantined.clear();
        }
        prop_assert_eq!(read_all(&bytes, None).unwrap(), expected);
    }

    #[test]
    fn lists_bring_the_hashes_back(records in proptest::collection::vec(any_record(), 0..6)) {
        for format in [Format::Text, Format::Threatexchange, Format::ThreatexchangeCsv] {
            let (bytes, left_out) = written(format, &records);
            let read = read_all(&bytes, None).unwrap();
            prop_assert_eq!(read.len() as u64 + left_out, records.len() as u64);
            let hashes: Vec<PdqHash> = records.iter().map(|record| record.pdq).collect();
            prop_assert!(read.iter().all(|record| hashes.contains(&record.pdq)));
        }
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for format in Format::ALL.map(Some).into_iter().chain([None]) {
            let _ = read_all(&bytes, format);
        }
    }

    #[test]
    fn no_damaged_file_panics(
        records in proptest::collection::vec(any_record(), 1..3),
        place: prop::sample::Index,
        byte: u8,
    ) {
        for format in Format::ALL {
            let (mut bytes, _) = written(format, &records);
            if !bytes.is_empty() {
                let place = place.index(bytes.len());
                bytes[place] = byte;
                let _ = read_all(&bytes, Some(format));
            }
        }
    }
}

fn check(bytes: &[u8], expected: &str) {
    let found = read_all(bytes, None).unwrap_err().to_string();
    assert!(found.contains(expected), "{found}");
}

#[test]
fn the_first_line_tells_the_format() {
    let told = |line: &str| Reader::new(line.as_bytes(), None, defaults()).unwrap().format();
    assert_eq!(told(HASH), Format::Text);
    assert_eq!(told(&format!("\u{feff}\r\n\r\n  {}\r\n", HASH.to_uppercase())), Format::Text);
    assert_eq!(told(&format!("pdq {HASH}")), Format::Threatexchange);
    assert_eq!(told("video_md5 d41d8cd98f00b204e9800998ecf8427e"), Format::Threatexchange);
    assert_eq!(told("pdq"), Format::Csv);
    assert_eq!(told("note,\"PDQ\""), Format::Csv);
    assert_eq!(told("signal_type,signal_str,collab,category,tags"), Format::ThreatexchangeCsv);
    assert_eq!(told("{\"pdq\":1}"), Format::Ndjson);
    assert_eq!(told(""), Format::Text);
    for unclear in ["hello", "a;b", "<xml>", "[1]", &"x".repeat(100_000), "\u{0}"] {
        let found = Reader::new(unclear.as_bytes(), None, defaults()).unwrap_err();
        assert_eq!(found.code(), "FORMAT_UNCLEAR", "{found}");
    }
}

#[test]
fn a_list_is_read_with_the_defaults() {
    let bytes = format!("\u{feff}{HASH}\r\n\r\npdq {}\r\nvideo_md5 00\n", "0".repeat(64));
    let defaults = Defaults { note: "from X".to_owned(), ..defaults() };
    let mut reader = Reader::new(bytes.as_bytes(), None, defaults).unwrap();
    let batch = reader.next_batch(9).unwrap();
    assert_eq!(batch.len(), 2);
    assert_eq!(batch[0].pdq.to_hex(), HASH);
    assert_eq!(batch[1], Record { note: "from X".to_owned(), ..record(0) });
    assert_eq!((batch[1].pdq_quality.value(), batch[1].added_at), (100, 7));
    assert_eq!((reader.passed_over(), reader.line()), (1, 4));
    assert!(reader.next_batch(9).unwrap().is_empty());
}

#[test]
fn the_line_that_breaks_a_rule_is_named() {
    let line = |rest: &str| format!("{HASH}\n\n{rest}\n{HASH}\n").into_bytes();
    check(
        &line("deadbeef"),
        r#"line 3: it must be a PDQ hash, alone or after `pdq`, not "deadbeef""#,
    );
    check(&line(&format!("{HASH} 'a' POSITIVE_CLASS")), "line 3: it must be a PDQ hash");
    check(&line(&format!("0{HASH}")), "line 3: it must be a PDQ hash");
    check(&line(&"g".repeat(64)), "line 3: it must be a PDQ hash");
    check(&line("a\u{0}b"), r#"line 3: it must be a PDQ hash, alone or after `pdq`, not "a\0b""#);
    check(&line(&"f".repeat(1000)), "f…\"");
    check(&[line("").as_slice(), b"\xff\xfe"].concat(), "line 5: it is not UTF-8");
    check(b"pdq,note\n\"\n", "line 2: a quote is opened and not closed");
    check(b"{}\n", "line 1: missing field `pdq`");
    check(b"{\"pdq\":[[[[", "line 1: ");
}

/// A line without an end takes no more memory than the limit, however long it is.
#[test]
fn a_line_without_an_end_is_refused_at_the_limit() {
    let endless = || BufReader::new(std::io::repeat(b'0').take(1 << 40));
    for format in Format::ALL {
        let mut reader = Reader::new(endless(), Some(format), defaults()).unwrap();
        let found = reader.next_batch(9).unwrap_err().to_string();
        assert_eq!(found, "line 1: it has more than 131072 bytes, the limit of a line");
    }
    assert_eq!(Reader::new(endless(), None, defaults()).unwrap_err().code(), "FORMAT_UNCLEAR");
}

#[test]
fn millions_of_empty_lines_are_passed_over() {
    let empty = std::io::repeat(b'\n').take(5_000_000).chain(HASH.as_bytes());
    let mut reader = Reader::new(BufReader::new(empty), Some(Format::Text), defaults()).unwrap();
    assert_eq!(reader.next_batch(9).unwrap().len(), 1);
    assert_eq!(reader.line(), 5_000_001);
}

/// A cell that a spreadsheet would run is written behind an apostrophe.
#[test]
fn exported_notes_are_no_formulas() {
    let note = "=HYPERLINK(\"http://x\",\"y\")".to_owned();
    let bad = Record { note: note.clone(), external_id: "@SUM(1)".to_owned(), ..record(1) };
    let bytes = written(Format::Csv, std::slice::from_ref(&bad)).0;
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(text.contains(r#""'=HYPERLINK(""http://x"",""y"")",'@SUM(1),"#), "{text}");
    assert_eq!(read_all(&bytes, None).unwrap(), [bad]);
}
