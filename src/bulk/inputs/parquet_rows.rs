//! The rows of a Parquet file, each as an object of JSON, so that they are read as NDJSON is.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use serde_json::{Map, Value};

use crate::bulk::limits::{UNFOLDED_BYTES_FREE, UNFOLDED_TIMES_MAX};

/// The names of its columns.
///
/// # Errors
/// When it is no Parquet file, or two columns have one name.
pub fn columns(file: &Path) -> anyhow::Result<Vec<String>> {
    let reader = open(file)?;
    let mut columns: Vec<String> = Vec::new();
    for field in reader.metadata().file_metadata().schema().get_fields() {
        let name = field.name();
        anyhow::ensure!(!columns.iter().any(|it| it == name), "two columns are named {name:?}");
        columns.push(name.to_owned());
    }
    Ok(columns)
}

/// A row; `None` where a value of it cannot be read.
type FoundRow = Option<Map<String, Value>>;

/// Its rows. Lists and structures are JSON in them, bytes that are no text are base64.
///
/// The reader panics on columns of unusual shape, and on times that no calendar has.
///
/// # Errors
/// When it is no Parquet file; in the place of a row, when what follows cannot be read.
pub fn rows(file: &Path) -> anyhow::Result<impl Iterator<Item = anyhow::Result<FoundRow>>> {
    let mut rows = open(file)?.into_iter();
    Ok(std::iter::from_fn(move || {
        let Ok(next) = catch_unwind(AssertUnwindSafe(|| rows.next())) else {
            return Some(Err(anyhow::anyhow!("its columns cannot be read")));
        };
        let found = next?.map_err(anyhow::Error::from).map(|row| {
            match catch_unwind(AssertUnwindSafe(|| row.to_json_value())) {
                Ok(Value::Object(row)) => Some(row),
                _ => None,
            }
        });
        Some(found)
    }))
}

/// Opens a file, unless it says that it unfolds to far more than itself.
fn open(file: &Path) -> anyhow::Result<SerializedFileReader<File>> {
    let opened = File::open(file)?;
    let bytes = opened.metadata()?.len();
    let reader = SerializedFileReader::new(opened)?;
    let unfolded = reader.metadata().row_groups().iter().map(RowGroupMetaData::total_byte_size);
    let unfolded = unfolded
        .fold(0_u64, |sum, bytes| sum.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX)));
    let most = bytes.saturating_mul(UNFOLDED_TIMES_MAX).max(UNFOLDED_BYTES_FREE);
    anyhow::ensure!(
        unfolded <= most,
        "it unfolds to {unfolded} bytes, the limit for a file of its size is {most}"
    );
    Ok(reader)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bulk::tables::as_parquet;
    use crate::bulk::tables::table::{Cell, Column, Kind, Table};

    #[test]
    fn rows_are_objects_and_what_is_no_parquet_is_refused() {
        let kinds = [("path", Kind::Text), ("age", Kind::Count), ("rate", Kind::Number)];
        let table = Table {
            columns: kinds.map(|(name, kind)| Column::new(name, kind)).into(),
            rows: vec![
                vec![Cell::text("é.jpg"), Cell::Count(Some(7)), Cell::Number(Some(0.5))],
                vec![Cell::text("b.jpg"), Cell::Count(None), Cell::Number(None)],
            ],
        };
        let folder = temp_dir::TempDir::new().unwrap();
        let path = folder.path().join("list.parquet");
        as_parquet::write(&table, File::create(&path).unwrap()).unwrap();
        assert_eq!(columns(&path).unwrap(), ["path", "age", "rate"]);
        let found: Vec<_> =
            rows(&path).unwrap().map(|row| Value::from(row.unwrap().unwrap())).collect();
        let expected = [
            serde_json::json!({"path": "é.jpg", "age": 7, "rate": 0.5}),
            serde_json::json!({"path": "b.jpg", "age": null, "rate": null}),
        ];
        assert_eq!(found, expected);
        let bytes = std::fs::read(&path).unwrap();
        for damaged in [&bytes[..bytes.len() - 9], b"", b"path,id\n"] {
            std::fs::write(&path, damaged).unwrap();
            assert!(columns(&path).is_err());
        }
    }
}
