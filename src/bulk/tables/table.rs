//! A table, whatever format it is written in, and writing it as CSV.

use std::io::Write;

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    pub kind: Kind,
}

/// What a column has in it. Every value may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Count,
    Number,
}

/// A value of a column of the same kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Text(Option<String>),
    Count(Option<i64>),
    Number(Option<f64>),
}

/// Columns, and rows with a cell for each.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Cell>>,
}

impl Column {
    /// A column of that name.
    #[must_use]
    pub fn new(name: &str, kind: Kind) -> Self {
        Self { name: name.to_owned(), kind }
    }
}

impl Cell {
    /// A text that is there.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(Some(text.into()))
    }

    /// A count that is there.
    #[must_use]
    pub fn count(count: usize) -> Self {
        Self::Count(i64::try_from(count).ok())
    }

    fn in_csv(&self) -> String {
        match self {
            Self::Text(text) => text.clone().unwrap_or_default(),
            Self::Count(count) => count.map(|it| it.to_string()).unwrap_or_default(),
            Self::Number(number) => number.map(|it| it.to_string()).unwrap_or_default(),
        }
    }
}

impl Table {
    /// Writes the names of the columns and the rows; what is missing is empty.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write_csv(&self, out: impl Write) -> anyhow::Result<()> {
        let mut table = csv::Writer::from_writer(out);
        table.write_record(self.columns.iter().map(|column| &column.name))?;
        for row in &self.rows {
            table.write_record(row.iter().map(Cell::in_csv))?;
        }
        table.flush()?;
        Ok(())
    }
}
