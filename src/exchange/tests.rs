//! What holds for all formats.

use std::io::{BufRead, BufReader, Read};

use photocheck_core::bank::{BankedPhoto, BankedView, ExternalId, Note, Opinion};
use photocheck_core::matching::hashes::{GradientHash, PdqHash, PdqQuality};
use photocheck_core::matching::views::View;
use proptest::prelude::*;

use super::*;

const HASH: &str = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22";

pub(super) fn defaults() -> Defaults {
    Defaults { note: Note::default(), opinion: Opinion::Confirmed, added_at: 7 }
}

/// What a list says of a hash.
pub(super) fn record(pdq: u64) -> BankedPhoto {
    fields::with_defaults(PdqHash([pdq; 4]), &defaults())
}

fn read_all(bytes: &[u8], format: Option<Format>) -> Result<Vec<BankedPhoto>, ExchangeError> {
    read_rest(&mut Reader::new(bytes, format, defaults())?.strict(true))
}

fn read_rest(reader: &mut Reader<impl BufRead>) -> Result<Vec<BankedPhoto>, ExchangeError> {
    let mut all = Vec::new();
    loop {
        let batch = reader.next_batch(3)?;
        if batch.is_empty() {
            return Ok(all);
        }
        all.extend(batch);
    }
}

/// The records of a file, and the numbers and reasons of its bad lines.
fn read_lax(bytes: &[u8]) -> (Vec<BankedPhoto>, Vec<String>) {
    let mut reader = Reader::new(bytes, None, defaults()).unwrap();
    let records = read_rest(&mut reader).unwrap();
    let named = reader.bad_lines().first.iter().map(|(line, fault)| format!("{line}: {fault}"));
    let named: Vec<String> = named.collect();
    assert_eq!(named.len() as u64, reader.bad_lines().count.min(5));
    (records, named)
}

fn written(format: Format, records: &[BankedPhoto]) -> (Vec<u8>, u64) {
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

fn any_views() -> impl Strategy<Value = Vec<BankedView>> {
    let known: Vec<View> = (1..=u8::MAX).filter_map(View::from_code).collect();
    let count = known.len();
    let hashes = (any::<[u64; 4]>(), 0..=100_u8, any::<Option<[u64; 4]>>());
    proptest::collection::vec(hashes, 0..=count.min(4)).prop_map(move |all| {
        let views = known.iter().zip(all).map(|(view, (pdq, quality, gradient))| BankedView {
            view: *view,
            pdq: PdqHash(pdq),
            pdq_quality: PdqQuality::new(quality).unwrap(),
            gradient: gradient.map(GradientHash),
        });
        views.collect()
    })
}

fn any_record() -> impl Strategy<Value = BankedPhoto> {
    let opinion =
        prop_oneof![Just(Opinion::Confirmed), Just(Opinion::Unsure), Just(Opinion::Disputed)];
    let hashes = (any::<[u64; 4]>(), 0..=100_u8, any::<Option<[u64; 4]>>(), any_views());
    let texts = (any_text(1000), any_text(200), any_text(1000));
    let rest = (opinion, any::<bool>(), 0..=ADDED_AT_MAX);
    (hashes, texts, rest).prop_map(|((pdq, quality, gradient, views), texts, rest)| {
        let (note, external_id, quarantined) = texts;
        let quarantined = Some(quarantined).filter(|reason| !reason.is_empty());
        let (opinion, enabled, added_at) = rest;
        BankedPhoto {
            pdq: PdqHash(pdq),
            pdq_quality: PdqQuality::new(quality).unwrap(),
            gradient: gradient.map(GradientHash),
            views,
            note: Note::new(&note).unwrap(),
            external_id: ExternalId::new(&external_id).unwrap(),
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
            record.quarantined = None;
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
            let lax = Reader::new(&bytes[..], format, defaults());
            let _ = lax.and_then(|mut reader| read_rest(&mut reader));
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
    assert_eq!(told(&format!("{HASH}\t100\t{HASH}\ta b.jpg")), Format::Text);
    assert_eq!(told(&format!("{HASH},100")), Format::Text);
    assert_eq!(told(&format!("\"{HASH}\";100;a.jpg")), Format::Text);
    assert_eq!(told("hash,quality,filename"), Format::Csv);
    assert_eq!(told("Hash\tQuality"), Format::Csv);
    // A title above the list does not hide it.
    assert_eq!(told(&format!("my list of hashes\n{}\n{HASH}", "0".repeat(32))), Format::Text);
    assert_eq!(told("\n# members\n\npdq,note"), Format::Csv);
    let sentences = "hello\nthe quick brown fox\nhttp://example.org a\n";
    for unclear in ["hello", "a;b", "<xml>", "[1]", &"x".repeat(100_000), "\u{0}", sentences] {
        let found = Reader::new(unclear.as_bytes(), None, defaults()).unwrap_err();
        assert_eq!(found.code(), "FORMAT_UNCLEAR", "{found}");
        let said = found.to_string();
        assert!(said.ends_with("text, csv, ndjson, threatexchange, threatexchange-csv"), "{said}");
        assert!(said.contains("--format"), "{said}");
    }
}

#[test]
fn a_list_is_read_with_the_defaults() {
    let bytes = format!("\u{feff}{HASH}\r\n\r\npdq {}\r\nvideo_md5 00\n", "0".repeat(64));
    let defaults = Defaults { note: Note::new("from X").unwrap(), ..defaults() };
    let mut reader = Reader::new(bytes.as_bytes(), None, defaults).unwrap();
    let batch = reader.next_batch(9).unwrap();
    assert_eq!(batch.len(), 2);
    assert_eq!(batch[0].pdq.to_hex(), HASH);
    assert_eq!(batch[1], BankedPhoto { note: Note::new("from X").unwrap(), ..record(0) });
    assert_eq!((batch[1].pdq_quality.value(), batch[1].added_at), (100, 7));
    assert_eq!((reader.other_signals(), reader.line()), (1, 4));
    assert!(reader.next_batch(9).unwrap().is_empty());
}

#[test]
fn the_line_that_breaks_a_rule_is_named() {
    let line = |rest: &str| format!("{HASH}\n\n{rest}\n{HASH}\n").into_bytes();
    check(
        &line("deadbeef"),
        "line 3: it must be a PDQ hash of 64 hexadecimal digits, alone, after `pdq`, or before \
         its quality, not \"deadbeef\"",
    );
    check(&line(&format!("{HASH} 'a' POSITIVE_CLASS")), "line 3: it must be a PDQ hash");
    check(&line(&format!("0{HASH}")), "line 3: it must be a PDQ hash");
    check(&line(&"g".repeat(64)), "line 3: it must be a PDQ hash");
    check(&line("a\u{0}b"), r#"not "a\0b""#);
    check(&line(&"x".repeat(1000)), "x…\"");
    check(&line(&format!("{HASH},101")), r#"line 3: quality must be 0 to 100, not "101""#);
    check(&[line("").as_slice(), b"\xff\xfe"].concat(), "line 5: it holds bytes that are not text");
    check(b"pdq,note\n\"\n", "line 2: a quote is opened and not closed");
    check(b"{}\n", "line 1: missing field `pdq`");
    check(b"{\"pdq\":[[[[", "line 1: ");
}

/// A line without an end takes no more memory than the limit, however long it is.
#[test]
fn a_line_without_an_end_is_refused_at_the_limit() {
    let endless = || BufReader::new(std::io::repeat(b'0').take(1 << 40));
    for format in Format::ALL {
        let reader = Reader::new(endless(), Some(format), defaults()).unwrap();
        let found = reader.strict(format == Format::Csv).next_batch(9).unwrap_err().to_string();
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
    let note = Note::new("=HYPERLINK(\"http://x\",\"y\")").unwrap();
    let external_id = ExternalId::new("@SUM(1)").unwrap();
    let bad = BankedPhoto { note, external_id, ..record(1) };
    let bytes = written(Format::Csv, std::slice::from_ref(&bad)).0;
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(text.contains(r#""'=HYPERLINK(""http://x"",""y"")",'@SUM(1),"#), "{text}");
    assert_eq!(read_all(&bytes, None).unwrap(), [bad]);
}

/// A list that was shared held a hash of 32 digits; the others are not lost for it.
/// <https://github.com/facebook/ThreatExchange/issues/1609>
#[test]
fn a_bad_line_is_skipped_and_named_without_its_hash() {
    let hash = |digit: &str| digit.repeat(64);
    let list = format!("{HASH}\n{}\n{}\n", "0".repeat(32), hash("1"));
    let (records, named) = read_lax(list.as_bytes());
    assert_eq!(records.len(), 2);
    let reason = "2: it must be a PDQ hash of 64 hexadecimal digits, alone, after `pdq`, or before \
        its quality, not \"[32 hexadecimal digits]\"";
    assert_eq!(named, [reason]);
    assert_eq!(read_all(list.as_bytes(), None).unwrap_err().code(), "LINE_NOT_VALID");

    // The first line is a bad one too, in each format.
    let long = "x".repeat(3 * LINE_BYTES_MAX);
    let bad = |line: &str| line.replace(HASH, &"0".repeat(63));
    for (header, good) in [
        ("", HASH.to_owned()),
        ("", format!("pdq {HASH}")),
        ("", format!("{HASH}\t100\t{HASH}\ta.jpg")),
        ("", format!("{{\"pdq\":\"{HASH}\"}}")),
        ("pdq,quality\n", format!("{HASH},100")),
        ("signal_type,signal_str\n", format!("pdq,{HASH}")),
    ] {
        let bad = bad(&good);
        let file = format!("{header}{bad}\n{good}\n\n{long}\n{good}\n{bad}");
        let file = [file.as_bytes(), b"\n\xC3\n", good.as_bytes()].concat();
        let (records, named) = read_lax(&file);
        assert_eq!((records.len(), named.len()), (3, 4), "{good}: {named:?}");
        let first = header.lines().count() as u64 + 1;
        let numbers: Vec<_> = named.iter().map(|it| it.split(':').next().unwrap()).collect();
        assert_eq!(numbers, [0, 3, 5, 6].map(|more| (first + more).to_string()), "{named:?}");
        assert!(named.iter().all(|it| !it.contains(&"0".repeat(16))), "{named:?}");
    }
}

#[test]
fn what_stands_above_a_header_is_skipped() {
    let file = format!("# members\n\npdq;note\n{HASH};a\n");
    let (records, named) = read_lax(file.as_bytes());
    assert_eq!(records[0].note.as_str(), "a");
    assert_eq!(named, ["1: it comes before the header"]);
}

/// What `photocheck hash` and PDQ's reference tools print, and what spreadsheets make of it.
#[test]
fn a_hash_is_read_with_its_quality() {
    let check = |file: &str, gradient: bool, note: &str| {
        let records = read_all(file.as_bytes(), None).unwrap();
        let gradient = gradient.then(|| GradientHash(PdqHash::from_hex(HASH).unwrap().0));
        let expected = fields::with_defaults(PdqHash::from_hex(HASH).unwrap(), &defaults());
        let pdq_quality = PdqQuality::new(48).unwrap();
        let note = Note::new(note).unwrap();
        let expected = BankedPhoto { pdq_quality, gradient, note, ..expected };
        assert_eq!(records, [expected], "{file}");
    };
    check(&format!("{HASH}\t48\t{HASH}\ta, b.jpg"), true, "a, b.jpg");
    check(&format!("{HASH}\t48\t{HASH}"), true, "");
    check(&format!("{HASH},48"), false, "");
    check(&format!("{HASH}, 48 ,"), false, "");
    check(&format!("{HASH},48,a, b.jpg"), false, "a, b.jpg");
    check(&format!("{HASH},48,a \"b.jpg"), false, "a \"b.jpg");
    check(&format!("\"{HASH}\",\"48\",\"a, \"\"b\"\".jpg\""), false, "a, \"b\".jpg");
    check(&format!("{HASH},48,{HASH},a.jpg"), true, "a.jpg");
    check(&format!("{HASH},48,{HASH}"), false, HASH);
    check(&format!("{HASH};48;a.jpg"), false, "a.jpg");
    check(&format!("{HASH},48,{}", "x".repeat(2000)), false, "");
    check(&format!("hash,quality,filename\n{HASH},48,a.jpg"), false, "a.jpg");
    check(&format!("Hash;Quality;Path;Note\n{HASH};48;a.jpg;n"), false, "n");
    check(&format!("pdq\tquality\n{HASH}\t48"), false, "");
    let failed = format!("not hashed\tthe photo is damaged\tb.jpg\n{HASH}\t48\t{HASH}\ta.jpg\n");
    let (records, named) = read_lax(failed.as_bytes());
    assert_eq!((records.len(), named.len()), (1, 1), "{named:?}");
}

/// Windows PowerShell and spreadsheets write UTF-16.
#[test]
fn utf16_is_read_either_way() {
    let row = format!("{HASH}\tümlaut \u{1F642}\r\n");
    let file = format!("pdq\tnote\r\n{row}{row}");
    for big_endian in [false, true] {
        for mark in ["\u{FEFF}", ""] {
            let units = mark.encode_utf16().chain(file.encode_utf16());
            let bytes: Vec<u8> = units
                .flat_map(|unit| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() })
                .collect();
            let records = read_all(&bytes, None).unwrap();
            assert_eq!(records[0].note.as_str(), "ümlaut \u{1F642}");
            let (_, named) = read_lax(&bytes[..bytes.len() - 1]);
            assert_eq!(named.len(), 1, "half a character is left");
        }
    }
}

/// A line that comes again and again.
struct Repeated<'a> {
    line: &'a [u8],
    at: usize,
}

impl Read for Repeated<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        for byte in &mut *into {
            *byte = self.line[self.at % self.line.len()];
            self.at += 1;
        }
        Ok(into.len())
    }
}

/// A file of nothing but bad lines ends early and says so.
#[test]
fn a_file_of_bad_lines_is_refused() {
    let refused = |format: Format, line: &str, count: u64| {
        let lines = Repeated { line: line.as_bytes(), at: 0 }.take(line.len() as u64 * count);
        let mut reader = Reader::new(BufReader::new(lines), Some(format), defaults()).unwrap();
        let found = read_rest(&mut reader).unwrap_err();
        assert_eq!(found.code(), "NO_LINE_READABLE");
        assert!(reader.bad_lines().first.len() <= BadLines::NAMED_MAX);
        (found.to_string(), reader.line())
    };
    let (said, read) = refused(Format::Text, "hello\n", 3);
    assert!(said.starts_with("none of the 3 lines that were tried can be read as text: line 1: "));
    assert!(said.ends_with("text, csv, ndjson, threatexchange, threatexchange-csv"), "{said}");
    assert_eq!(read, 3);
    assert_eq!(refused(Format::Ndjson, "{\"hash\":1}\n", 1 << 40).1, 1000);
    assert_eq!(refused(Format::Threatexchange, "hello\n", 1 << 40).1, 1000);
    // One that can be read makes it a list of this format.
    let file = format!("{HASH}\n{}", "hello\n".repeat(5000));
    let mut reader = Reader::new(file.as_bytes(), None, defaults()).unwrap();
    assert_eq!(read_rest(&mut reader).unwrap().len(), 1);
    assert_eq!((reader.bad_lines().count, reader.bad_lines().first.len()), (5000, 5));
}

#[test]
fn excerpts_hold_no_hash() {
    let check = |value: &str, expected: &str| assert_eq!(error::excerpt(value), expected);
    check("deadbeef", "deadbeef");
    check(&format!("{HASH} x"), "[64 hexadecimal digits] x");
    check(&format!("é{}é", &HASH[..17]), "é[17 hexadecimal digits]é");
    check(
        &format!("{} {}", "x".repeat(60), HASH),
        &format!("{} [64 hexadecimal dig…", "x".repeat(60)),
    );
    check(&format!("{} {}", "x".repeat(90), HASH), &format!("{}…", "x".repeat(80)));
    check("", "");
}
