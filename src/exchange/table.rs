//! CSV with a header: ours, and what `threatexchange dataset --print-signals --csv` prints.
//!
//! Spreadsheets separate columns by commas, semicolons or tabs; the header shows which. A record is
//! a line: no field that is taken may hold a line end, so a quote that is not closed is
//! an error and never swallows the rest of the file. A spreadsheet takes a cell that begins with
//! `=`, `+`, `-` or `@` for a formula and runs it; such texts are written behind an apostrophe,
//! which reading takes away again.

use std::io::{self, Write};

use csv_core::{ReadRecordResult, ReaderBuilder};
use photocheck_core::bank::{BankedPhoto, Opinion};
use photocheck_core::matching::hashes::GradientHash;

use super::error::{Fault, excerpt};
use super::fields::{self, Defaults, PDQ, is_signal_type};

/// Fields of a line; the formats have at most 9.
const FIELDS_MAX: usize = 64;

const OURS: &[&str] =
    &["pdq", "quality", "gradient", "note", "external_id", "opinion", "enabled", "added_at"];
const THEIRS: &[&str] = &["signal_type", "signal_str", "collab", "category", "tags"];

/// What others call our columns. The name of a file becomes the note of a photo without one.
const ALIASES: [(&str, &str); 8] = [
    ("hash", "pdq"),
    ("pdq_hash", "pdq"),
    ("pdq_quality", "quality"),
    ("file", FILE),
    ("filename", FILE),
    ("file_name", FILE),
    ("path", FILE),
    ("photo", FILE),
];
const FILE: &str = "file";

/// The columns of a header, in its order.
#[derive(Debug)]
pub(super) struct Columns {
    names: Vec<&'static str>,
    delimiter: u8,
    ours: bool,
}

impl Columns {
    pub fn ours(header: &str) -> Result<Self, Fault> {
        let known = "pdq, quality, gradient, note, external_id, opinion, enabled, added_at, file";
        let delimiter = find_delimiter(header);
        let names = read_names(header, delimiter, (OURS, &ALIASES, known))?;
        has(&names, "pdq")?;
        Ok(Self { names, delimiter, ours: true })
    }

    pub fn theirs(header: &str) -> Result<Self, Fault> {
        let known = "signal_type, signal_str, collab, category, tags";
        let delimiter = find_delimiter(header);
        let names = read_names(header, delimiter, (THEIRS, &[], known))?;
        has(&names, "signal_type")?;
        has(&names, "signal_str")?;
        Ok(Self { names, delimiter, ours: false })
    }

    /// Reads a line; `None` for a signal of another type.
    pub fn read(&self, line: &str, defaults: &Defaults) -> Result<Option<BankedPhoto>, Fault> {
        let fields = split(line, self.delimiter)?;
        let (found, expected) = (fields.len(), self.names.len());
        if found != expected {
            return Err(Fault::FieldCount { found, expected });
        }
        let row = Row { names: &self.names, fields: &fields };
        if self.ours { row.ours(defaults).map(Some) } else { row.theirs(defaults) }
    }
}

/// A line under its header.
struct Row<'a> {
    names: &'a [&'static str],
    fields: &'a [String],
}

impl Row<'_> {
    /// The field of that column; empty where there is no such column.
    fn get(&self, name: &str) -> &str {
        let found = self.names.iter().zip(self.fields).find(|(column, _)| **column == name);
        found.map_or("", |(_, field)| field.as_str())
    }

    /// The same without white space around, if there is something in it.
    fn get_filled(&self, name: &str) -> Option<&str> {
        Some(self.get(name).trim_ascii()).filter(|field| !field.is_empty())
    }

    fn ours(&self, defaults: &Defaults) -> Result<BankedPhoto, Fault> {
        let mut record = fields::with_defaults(fields::pdq(self.get("pdq"))?, defaults);
        record.gradient = fields::gradient(self.get("gradient"))?;
        record.external_id = fields::external_id(unescape_formula(self.get("external_id")))?;
        if let Some(quality) = self.get_filled("quality") {
            record.pdq_quality = fields::quality(quality)?;
        }
        if self.names.contains(&"note") {
            record.note = fields::note("note", unescape_formula(self.get("note")))?;
        }
        let file = unescape_formula(self.get(FILE)).trim_ascii();
        if self.get_filled("note").is_none() && !file.is_empty() {
            // A name that can be no note is no reason to lose the hash.
            record.note = fields::note(FILE, file).unwrap_or(record.note);
        }
        if let Some(opinion) = self.get_filled("opinion") {
            record.opinion = fields::opinion(opinion)?;
        }
        if let Some(enabled) = self.get_filled("enabled") {
            record.enabled = fields::enabled(enabled)?;
        }
        if let Some(added_at) = self.get_filled("added_at") {
            record.added_at = fields::added_at(added_at)?;
        }
        Ok(record)
    }

    fn theirs(&self, defaults: &Defaults) -> Result<Option<BankedPhoto>, Fault> {
        let kind = self.get("signal_type");
        if kind != PDQ {
            return if is_signal_type(kind) {
                Ok(None)
            } else {
                Err(Fault::NotAHash(excerpt(kind)))
            };
        }
        let mut record = fields::with_defaults(fields::pdq(self.get("signal_str"))?, defaults);
        if let Some(category) = self.get_filled("category") {
            (record.opinion, record.enabled) = read_category(category)?;
        }
        let (collab, tags) =
            (unescape_formula(self.get("collab")), unescape_formula(self.get("tags")));
        let note = [collab, tags].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>();
        if !note.is_empty() {
            record.note = fields::note("collab and tags", &note.join(": "))?;
        }
        Ok(Some(record))
    }
}

/// What python-threatexchange's opinion categories are here, and whether the photo is looked up:
/// one of the negative class was found not to belong, so it must flag nobody.
fn read_category(category: &str) -> Result<(Opinion, bool), Fault> {
    match category {
        "POSITIVE_CLASS" => Ok((Opinion::Confirmed, true)),
        "INVESTIGATION_SEED" => Ok((Opinion::Unsure, true)),
        "DISPUTED" => Ok((Opinion::Disputed, true)),
        "NEGATIVE_CLASS" => Ok((Opinion::Disputed, false)),
        _ => Err(Fault::Category(excerpt(category))),
    }
}

/// The reverse; `None` for a photo that is switched off, of which nobody else need know.
fn write_category(record: &BankedPhoto) -> Option<&'static str> {
    match (record.opinion, record.enabled) {
        (Opinion::Confirmed, true) => Some("POSITIVE_CLASS"),
        (Opinion::Unsure, true) => Some("INVESTIGATION_SEED"),
        (Opinion::Disputed, true) => Some("DISPUTED"),
        (Opinion::Disputed, false) => Some("NEGATIVE_CLASS"),
        (_, false) => None,
    }
}

/// Whether a line can be the header of python-threatexchange's dump; `None`: of neither.
pub(super) fn is_theirs(header: &str) -> Option<bool> {
    let fields = split(header, find_delimiter(header)).ok()?;
    let fields: Vec<String> = fields.iter().map(|field| canonical(field)).collect();
    if fields.iter().any(|field| field == "signal_str") {
        return Some(true);
    }
    let is_pdq = |field: &String| field == "pdq" || ALIASES.contains(&(field, "pdq"));
    fields.iter().any(is_pdq).then_some(false)
}

pub(super) fn write_header(ours: bool, out: &mut impl Write) -> io::Result<()> {
    let names = if ours { OURS } else { THEIRS };
    writeln!(out, "{}", names.join(","))
}

pub(super) fn write_ours<'a>(
    records: impl Iterator<Item = &'a BankedPhoto>,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut table = csv::Writer::from_writer(out);
    for record in records {
        table.write_record([
            record.pdq.to_hex().as_str(),
            &record.pdq_quality.value().to_string(),
            &record.gradient.map(GradientHash::to_hex).unwrap_or_default(),
            &escape_formula(record.note.as_str()),
            &escape_formula(record.external_id.as_str()),
            record.opinion.name(),
            if record.enabled { "true" } else { "false" },
            &record.added_at.to_string(),
        ])?;
    }
    table.flush()
}

/// Writes those that the format can say, and returns how many it left out.
pub(super) fn write_theirs<'a>(
    records: impl Iterator<Item = &'a BankedPhoto>,
    bank: &str,
    out: &mut impl Write,
) -> io::Result<u64> {
    let (mut table, mut left_out) = (csv::Writer::from_writer(out), 0);
    for record in records {
        let Some(category) = write_category(record) else {
            left_out += 1;
            continue;
        };
        let hash = record.pdq.to_hex();
        table.write_record([PDQ, &hash, bank, category, &escape_formula(record.note.as_str())])?;
    }
    table.flush()?;
    Ok(left_out)
}

fn canonical(column: &str) -> String {
    column.trim_ascii().to_ascii_lowercase()
}

/// The first of the separators that a header has.
fn find_delimiter(header: &str) -> u8 {
    let is_one = |byte: &u8| matches!(byte, b',' | b';' | b'\t');
    header.bytes().find(is_one).unwrap_or(b',')
}

/// Columns, what others call them, and all of them in words.
type Known = (&'static [&'static str], &'static [(&'static str, &'static str)], &'static str);

fn read_names(header: &str, delimiter: u8, known: Known) -> Result<Vec<&'static str>, Fault> {
    let (columns, aliases, known) = known;
    let mut names = Vec::new();
    for field in split(header, delimiter)? {
        let named = canonical(&field);
        let alias = aliases.iter().find(|(alias, _)| *alias == named).map(|(_, name)| *name);
        let found = columns.iter().copied().find(|column| *column == named).or(alias);
        let name = found.ok_or_else(|| Fault::ColumnUnknown { value: excerpt(&field), known })?;
        if names.contains(&name) {
            return Err(Fault::ColumnTwice(name.to_owned()));
        }
        names.push(name);
    }
    Ok(names)
}

fn has(names: &[&'static str], name: &'static str) -> Result<(), Fault> {
    names.contains(&name).then_some(()).ok_or(Fault::ColumnMissing(name))
}

/// The fields of one line.
pub(super) fn split(line: &str, delimiter: u8) -> Result<Vec<String>, Fault> {
    // A quote inside a quoted field is doubled, so of closed ones there is an even number.
    if line.bytes().filter(|byte| *byte == b'"').count() % 2 == 1 {
        return Err(Fault::QuoteOpen);
    }
    let (mut reader, mut input) =
        (ReaderBuilder::new().delimiter(delimiter).build(), line.as_bytes());
    let (mut output, mut ends) = (vec![0; line.len()], [0; FIELDS_MAX]);
    let (mut written, mut fields) = (0, 0);
    loop {
        let room = output.get_mut(written..).unwrap_or_default();
        let room_for_ends = ends.get_mut(fields..).unwrap_or_default();
        let (result, read, wrote, ended) = reader.read_record(input, room, room_for_ends);
        input = input.get(read..).unwrap_or_default();
        (written, fields) = (written + wrote, fields + ended);
        match result {
            // With nothing left to read, the next call sees the end of the input.
            ReadRecordResult::InputEmpty => {}
            ReadRecordResult::Record | ReadRecordResult::End => break,
            // The output has room for all of the line.
            ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                return Err(Fault::TooManyFields(FIELDS_MAX));
            }
        }
    }
    let mut begin = 0;
    let take = |end: &usize| {
        let field = output.get(begin..*end).unwrap_or_default();
        begin = *end;
        String::from_utf8_lossy(field).into_owned()
    };
    Ok(ends.get(..fields).unwrap_or_default().iter().map(take).collect())
}

/// Whether a spreadsheet could take the text for a formula, behind apostrophes or not.
fn is_formula(text: &str) -> bool {
    let text = text.trim_start_matches(|c: char| c == '\'' || c.is_whitespace());
    text.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
}

fn escape_formula(text: &str) -> String {
    if is_formula(text) { format!("'{text}") } else { text.to_owned() }
}

fn unescape_formula(text: &str) -> &str {
    text.strip_prefix('\'').filter(|rest| is_formula(rest)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::super::tests::defaults;
    use super::*;
    use proptest::prelude::*;

    const HASH: &str = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22";

    proptest! {
        #[test]
        fn a_guarded_text_comes_back_and_is_no_formula(text in "[ '=+@a-]{0,6}") {
            let guarded = escape_formula(&text);
            prop_assert_eq!(unescape_formula(&guarded), text);
            prop_assert!(!guarded.starts_with(['=', '+', '-', '@']));
        }

        #[test]
        fn any_line_is_split_or_refused(line in "[a,\" =']{0,40}") {
            if let Ok(fields) = split(&line, b',') {
                let quotes = line.contains('"');
                prop_assert!(quotes || fields.join(",") == line, "{line}: {fields:?}");
            }
        }
    }

    #[test]
    fn headers_are_known_and_single() {
        let check = |header: &str, expected: &str| {
            let fault = Columns::ours(header).unwrap_err().to_string();
            assert!(fault.contains(expected), "{header}: {fault}");
        };
        check("pdq,pdq", r#"column "pdq" appears twice"#);
        check("pdq,PDQ ", r#"column "pdq" appears twice"#);
        check("pdq,opinon", r#"column "opinon" is unknown; the known ones are pdq, quality"#);
        check("note,opinion", r#"there is no column "pdq""#);
        check("pdq;note,x", r#"column "note,x" is unknown"#);
        check("pdq,hash", r#"column "pdq" appears twice"#);
        check(&"pdq,".repeat(65), "more than 64 fields");
        assert!(Columns::ours("\"PDQ\", \"Note\"").is_err(), "a quote after a space is a letter");
        for header in ["\"PDQ\",\"Note\"", "pdq;note", "hash\tnote"] {
            assert_eq!(Columns::ours(header).unwrap().names, ["pdq", "note"], "{header}");
        }
    }

    #[test]
    fn what_breaks_a_rule_is_named() {
        let columns = Columns::ours("pdq,quality,note,enabled,added_at").unwrap();
        let check = |rest: &str, expected: &str| {
            let fault = columns.read(&format!("{HASH},{rest}"), &defaults()).unwrap_err();
            assert!(fault.to_string().contains(expected), "{rest}: {fault}");
        };
        check("101,,,", r#"quality must be 0 to 100, not "101""#);
        check("1,,yes,", r#"enabled must be true or false, not "yes""#);
        check("1,,,1e9", r#"not "1e9""#);
        check("1,,", "it has 4 fields, the header has 5");
        check("1,\"open,,", "a quote is opened and not closed");
        check("1,a\u{0}b,,", "note holds a control character");
        assert!(columns.read("=1+1,1,,,", &defaults()).unwrap_err().to_string().contains("=1+1"));
    }

    /// What the real tool printed (1.2.17), with a category of each kind.
    #[test]
    fn their_categories_are_opinions() {
        let columns = Columns::theirs("signal_type,signal_str,collab,category,tags").unwrap();
        let read =
            |kind: &str, rest: &str| columns.read(&format!("{kind},{HASH},{rest}"), &defaults());
        let judged = |category: &str| {
            let record = read("pdq", &format!("c,{category},a b")).unwrap().unwrap();
            assert_eq!(record.note.as_str(), "c: a b");
            (record.opinion, record.enabled)
        };
        assert_eq!(judged("POSITIVE_CLASS"), (Opinion::Confirmed, true));
        assert_eq!(judged("INVESTIGATION_SEED"), (Opinion::Unsure, true));
        assert_eq!(judged("DISPUTED"), (Opinion::Disputed, true));
        assert_eq!(judged("NEGATIVE_CLASS"), (Opinion::Disputed, false));
        assert!(read("pdq", "c,OTHER,").unwrap_err().to_string().contains("OTHER"));
        assert_eq!(read("video_md5", "c,POSITIVE_CLASS,"), Ok(None));
    }
}
