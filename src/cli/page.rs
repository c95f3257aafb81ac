//! What both pages of measurements share.

use std::fmt::Write;

use super::charts::escaped;

/// The look of the pages.
pub const STYLE: &str = "body{font:15px/1.5 sans-serif;max-width:60rem;margin:2rem auto;\
    padding:0 1rem;color:#222}table{border-collapse:collapse;margin:1rem 0}\
    td,th{padding:.15rem .7rem;text-align:right;border-bottom:1px solid #ddd}\
    td:first-child,th:first-child{text-align:left}svg{max-width:100%;height:auto}\
    .names td{text-align:left}";

/// Adds a row to a table.
pub fn add_row(page: &mut String, tag: &str, cells: &[String]) {
    *page += "<tr>";
    for cell in cells {
        // Writing to a String cannot fail.
        let _ = write!(page, "<{tag}>{}</{tag}>", escaped(cell));
    }
    *page += "</tr>\n";
}
