//! Writing a table as Parquet: one row group, every column optional, compressed by Snappy.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;

use super::table::{Cell, Column, Kind, Table};

/// Writes a table.
///
/// # Errors
/// When it cannot be written.
pub fn write(table: &Table, out: impl Write + Send) -> anyhow::Result<()> {
    let fields = table.columns.iter().map(field).collect::<Result<_, _>>()?;
    let schema = Type::group_type_builder("rows").with_fields(fields).build()?;
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY);
    let properties =
        properties.set_created_by(concat!("photocheck ", env!("CARGO_PKG_VERSION")).into());
    let mut file = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties.build()))?;
    let mut group = file.next_row_group()?;
    for (place, column) in table.columns.iter().enumerate() {
        let Some(mut writer) = group.next_column()? else { break };
        let cells: Vec<&Cell> = table.rows.iter().filter_map(|row| row.get(place)).collect();
        write_cells(&mut writer, column.kind, &cells)?;
        writer.close()?;
    }
    group.close()?;
    file.close()?;
    Ok(())
}

fn field(column: &Column) -> Result<Arc<Type>, parquet::errors::ParquetError> {
    let (physical, logical) = match column.kind {
        Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Kind::Count => (Physical::INT64, None),
        Kind::Number => (Physical::DOUBLE, None),
    };
    let field = Type::primitive_type_builder(&column.name, physical);
    let field = field.with_logical_type(logical).with_repetition(Repetition::OPTIONAL);
    field.build().map(Arc::new)
}

/// A level says of each row whether it has a value; only those that it has are written.
fn write_cells(
    column: &mut SerializedColumnWriter<'_>,
    kind: Kind,
    cells: &[&Cell],
) -> Result<(), parquet::errors::ParquetError> {
    let is_there =
        |cell: &&Cell| !matches!(cell, Cell::Text(None) | Cell::Count(None) | Cell::Number(None));
    let levels: Vec<i16> = cells.iter().map(|cell| i16::from(is_there(cell))).collect();
    let levels = Some(levels.as_slice());
    match kind {
        Kind::Text => {
            let values: Vec<ByteArray> = cells.iter().filter_map(|cell| text(cell)).collect();
            column.typed::<ByteArrayType>().write_batch(&values, levels, None)?;
        }
        Kind::Count => {
            let values: Vec<i64> = cells.iter().filter_map(|cell| count(cell)).collect();
            column.typed::<Int64Type>().write_batch(&values, levels, None)?;
        }
        Kind::Number => {
            let values: Vec<f64> = cells.iter().filter_map(|cell| number(cell)).collect();
            column.typed::<DoubleType>().write_batch(&values, levels, None)?;
        }
    }
    Ok(())
}

fn text(cell: &Cell) -> Option<ByteArray> {
    if let Cell::Text(Some(text)) = cell { Some(text.as_str().into()) } else { None }
}

fn count(cell: &Cell) -> Option<i64> {
    if let Cell::Count(count) = cell { *count } else { None }
}

fn number(cell: &Cell) -> Option<f64> {
    if let Cell::Number(number) = cell { *number } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::file::reader::{FileReader, SerializedFileReader};

    #[test]
    fn a_table_reads_back_with_what_is_missing() {
        let table = Table {
            columns: vec![
                Column::new("path", Kind::Text),
                Column::new("width", Kind::Count),
                Column::new("score", Kind::Number),
            ],
            rows: vec![
                vec![Cell::text("é.jpg"), Cell::Count(None), Cell::Number(Some(0.5))],
                vec![Cell::Text(None), Cell::count(7), Cell::Number(None)],
            ],
        };
        let folder = temp_dir::TempDir::new().unwrap();
        let path = folder.path().join("table");
        write(&table, std::fs::File::create(&path).unwrap()).unwrap();
        let reader = SerializedFileReader::new(std::fs::File::open(&path).unwrap()).unwrap();
        let rows: Vec<String> =
            reader.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect();
        let expected =
            ["{path: \"é.jpg\", width: null, score: 0.5}", "{path: null, width: 7, score: null}"];
        assert_eq!(rows, expected);
    }
}
