//! The table of photos: a row for every entry of a job.

use super::table::{Cell, Column, Kind, Table};
use crate::bulk::outcome::Outcome;
use crate::bulk::state::Digest;
use crate::bulk::state::results::ResultRow;

/// What a row names its photo by. What was found out about it stands behind, and then what is
/// carried through.
const LABELS: [(&str, Kind); 3] =
    [("path", Kind::Text), ("id", Kind::Text), ("account_id", Kind::Text)];

/// What was found out, in order.
const FOUND: [(&str, Kind); 17] = [
    ("verdict", Kind::Text),
    ("reasons", Kind::Text),
    ("score", Kind::Number),
    ("no_score", Kind::Text),
    ("claims", Kind::Text),
    ("bank", Kind::Text),
    ("bank_content", Kind::Count),
    ("bank_distance", Kind::Count),
    ("bank_view", Kind::Text),
    ("sha256", Kind::Text),
    ("format", Kind::Text),
    ("width", Kind::Count),
    ("height", Kind::Count),
    ("pdq", Kind::Text),
    ("pdq_quality", Kind::Count),
    ("error_code", Kind::Text),
    ("error", Kind::Text),
];

/// The columns of a job that carries others through. One that is named as ours is gets another
/// name.
#[must_use]
pub fn columns(carried: &[String]) -> Vec<Column> {
    let labels = LABELS.iter().map(|(name, kind)| Column::new(name, *kind));
    let mut columns: Vec<Column> = labels.chain(found_columns()).collect();
    for name in carried {
        let mut name = name.clone();
        while columns.iter().any(|column| column.name == name) {
            name = format!("input_{name}");
        }
        columns.push(Column { name, kind: Kind::Text });
    }
    columns
}

/// The columns of what was found out about a photo.
#[must_use]
pub fn found_columns() -> Vec<Column> {
    FOUND.iter().map(|(name, kind)| Column::new(name, *kind)).collect()
}

/// The rows as a table.
#[must_use]
pub fn table(columns: &[Column], rows: &[ResultRow]) -> Table {
    Table { columns: columns.to_vec(), rows: rows.iter().map(cells).collect() }
}

fn cells(row: &ResultRow) -> Vec<Cell> {
    let mut cells = vec![
        Cell::text(row.label.path.as_str()),
        Cell::Text(row.label.id.clone()),
        Cell::Text(row.label.account.clone()),
    ];
    cells.extend(found(&row.outcome, row.digest.as_ref()));
    cells.extend(row.label.carried.iter().cloned().map(Cell::Text));
    cells
}

/// What was found out about a photo with this digest: a cell for each of [`found_columns`].
#[must_use]
pub fn found(outcome: &Outcome, digest: Option<&Digest>) -> Vec<Cell> {
    let Outcome { verdict, reasons, score, no_score, claims, bank, .. } = outcome;
    let Outcome { bank_content, bank_distance, bank_view, format, .. } = outcome;
    let Outcome { width, height, pdq, pdq_quality, error_code, error, .. } = outcome;
    let text = |text: &Option<String>| Cell::Text(text.clone());
    let list = |codes: &[String]| Cell::Text((!codes.is_empty()).then(|| codes.join(" ")));
    vec![
        text(verdict),
        list(reasons),
        Cell::Number(*score),
        text(no_score),
        list(claims),
        text(bank),
        Cell::Count(*bank_content),
        Cell::Count(*bank_distance),
        text(bank_view),
        Cell::Text(digest.map(hex::encode)),
        text(format),
        Cell::Count(*width),
        Cell::Count(*height),
        text(pdq),
        Cell::Count(*pdq_quality),
        text(error_code),
        text(error),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_carried_column_never_hides_one_of_ours() {
        let carried = ["score", "input_score", "country"].map(str::to_owned);
        let names: Vec<String> = columns(&carried).into_iter().map(|it| it.name).collect();
        let [.., first, second, third] = names.as_slice() else { panic!("{names:?}") };
        assert_eq!([first, second, third], ["input_score", "input_input_score", "country"]);
    }
}
