//! Writing records, page by page.

use std::io::{self, Write};

use photocheck_core::bank::BankedPhoto;

use super::fields::PDQ;
use super::format::Format;
use super::ndjson;
use super::table;

/// Lists that carry nothing but hashes are for matching at once, so they hold no hash below the
/// quality from which the field matches PDQ.
const LISTED_QUALITY_MIN: u8 = 50;

/// Writes records in a format.
#[derive(Debug)]
pub struct Writer {
    format: Format,
    bank: String,
    left_out: u64,
}

impl Writer {
    /// For the records of a bank.
    #[must_use]
    pub fn new(format: Format, bank: &str) -> Self {
        Self { format, bank: bank.to_owned(), left_out: 0 }
    }

    /// Writes what stands before the first record.
    ///
    /// # Errors
    /// When `out` fails.
    pub fn begin(&self, out: &mut impl Write) -> io::Result<()> {
        match self.format {
            Format::Csv => table::write_header(true, out),
            Format::ThreatexchangeCsv => table::write_header(false, out),
            Format::Text | Format::Ndjson | Format::Threatexchange => Ok(()),
        }
    }

    /// Writes some records. The lists of hashes and python-threatexchange's CSV leave out those
    /// that are not to be matched: quarantined, switched off, or of low quality.
    ///
    /// # Errors
    /// When `out` fails.
    pub fn write(&mut self, records: &[BankedPhoto], out: &mut impl Write) -> io::Result<()> {
        match self.format {
            Format::Ndjson => records.iter().try_for_each(|record| ndjson::write(record, out)),
            Format::Csv => table::write_ours(records.iter(), out),
            Format::ThreatexchangeCsv => {
                let listed = self.listed(records);
                self.left_out += table::write_theirs(listed.into_iter(), &self.bank, out)?;
                Ok(())
            }
            Format::Text | Format::Threatexchange => {
                let typed = self.format == Format::Threatexchange;
                for record in self.listed(records) {
                    if !record.enabled {
                        self.left_out += 1;
                        continue;
                    }
                    let hash = record.pdq.to_hex();
                    if typed {
                        writeln!(out, "{PDQ} {hash}")?;
                    } else {
                        writeln!(out, "{hash}")?;
                    }
                }
                Ok(())
            }
        }
    }

    /// Records that were left out so far.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    fn listed<'a>(&mut self, records: &'a [BankedPhoto]) -> Vec<&'a BankedPhoto> {
        let matched = |record: &&BankedPhoto| {
            record.quarantined.is_none() && LISTED_QUALITY_MIN <= record.pdq_quality.value()
        };
        let listed: Vec<&BankedPhoto> = records.iter().filter(matched).collect();
        self.left_out += (records.len() - listed.len()) as u64;
        listed
    }
}
