//! Rows as Python has them: one as a dictionary of values, several as a dictionary of columns.

use photocheck::bulk::examine::Examination;
use photocheck::bulk::tables::photos;
use photocheck::bulk::tables::table::{Cell, Kind};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use sha2::{Digest, Sha256};

/// The names of the columns in order, each with `text`, `count` or `number`.
#[pyfunction]
#[must_use]
pub fn columns() -> Vec<(String, &'static str)> {
    let kind = |kind| match kind {
        Kind::Text => "text",
        Kind::Count => "count",
        Kind::Number => "number",
    };
    photos::found_columns().into_iter().map(|column| (column.name, kind(column.kind))).collect()
}

/// What was found out about a photo, by the function that `photocheck bulk` writes its rows with.
#[must_use]
pub fn cells(bytes: &[u8], examination: &Examination) -> Vec<Cell> {
    photos::found(&examination.outcome, Some(&Sha256::digest(bytes).into()))
}

/// One row.
///
/// # Errors
/// When Python has no memory left.
pub fn as_dict(py: Python<'_>, cells: Vec<Cell>) -> PyResult<Bound<'_, PyDict>> {
    let row = PyDict::new(py);
    for (column, cell) in photos::found_columns().iter().zip(cells) {
        row.set_item(&column.name, value(py, cell)?)?;
    }
    Ok(row)
}

/// Several rows, column by column.
///
/// # Errors
/// When Python has no memory left.
pub fn as_columns(py: Python<'_>, rows: Vec<Vec<Cell>>) -> PyResult<Bound<'_, PyDict>> {
    let names = photos::found_columns();
    let lists: Vec<_> = names.iter().map(|_| PyList::empty(py)).collect();
    for row in rows {
        for (list, cell) in lists.iter().zip(row) {
            list.append(value(py, cell)?)?;
        }
    }
    let columns = PyDict::new(py);
    for (column, list) in names.iter().zip(lists) {
        columns.set_item(&column.name, list)?;
    }
    Ok(columns)
}

fn value(py: Python<'_>, cell: Cell) -> PyResult<Bound<'_, PyAny>> {
    match cell {
        Cell::Text(text) => text.into_bound_py_any(py),
        Cell::Count(count) => count.into_bound_py_any(py),
        Cell::Number(number) => number.into_bound_py_any(py),
    }
}
