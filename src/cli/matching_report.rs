//! What `photocheck eval-matching` prints: a table for people, or one JSON object.

use std::fmt::Write;

use serde::Serialize;

use super::matching_run::{FalseMatch, MatchingRun};
use photocheck_core::evaluation::edits::Edit;
use photocheck_core::evaluation::matching::{Method, Row, Totals};
use photocheck_core::matching::hashes::Distance;

/// Pairs and files named in the table; all of them stand in the JSON.
const SHOWN_MAX: usize = 20;

/// A share as per cent with one decimal; `-` where there is none.
#[must_use]
pub fn percent(share: Option<f64>) -> String {
    share.map_or("-".into(), |share| format!("{:.1} %", 100.0 * share))
}

/// Low to high, both as per cent.
#[must_use]
pub fn interval(ends: Option<(f64, f64)>) -> String {
    ends.map_or("-".into(), |(low, high)| format!("{:.1} to {:.1}", 100.0 * low, 100.0 * high))
}

/// Quarter, half and three quarters.
#[must_use]
pub fn quartiles(row: &Row) -> String {
    let joined =
        |[first, middle, third]: [Distance; 3]| format!("{} / {} / {}", first.0, middle.0, third.0);
    row.distances.quartiles().map_or("-".into(), joined)
}

/// All chains of edits.
#[must_use]
pub fn is_chain(edit: Option<Edit>) -> bool {
    matches!(edit, Some(Edit::Chain(_)))
}

/// The figures as one JSON object.
///
/// # Errors
/// Never: all of it can be written as JSON.
pub fn json(run: &MatchingRun) -> serde_json::Result<String> {
    Ok(serde_json::to_string_pretty(&MatchingJson::from(run))? + "\n")
}

/// The figures as a table.
#[must_use]
pub fn table(run: &MatchingRun) -> String {
    let MatchingRun { policy, seed, photos, too_plain, refused, copies, totals, .. } = run;
    let mut text = format!(
        "policy {policy}, seed {seed}\n{} photos, of which {too_plain} are too plain to be looked \
         up; {} files are no photos\n\n",
        photos.len(),
        refused.len()
    );
    // Writing to a String cannot fail.
    let _ = write!(text, "{:<22}{:>7}", "edit", "photos");
    for method in Method::ALL {
        let _ = write!(text, "{:>12}", method.title());
    }
    let _ = writeln!(text, "{:>18}{:>18}", "95 % interval", "distances");
    let mut line = |name: &str, row_of: &dyn Fn(Method) -> Row| {
        let ours = row_of(Method::Ours);
        let _ = write!(text, "{name:<22}{:>7}", ours.photos);
        for method in Method::ALL {
            let _ = write!(text, "{:>12}", percent(row_of(method).recall()));
        }
        let _ = writeln!(text, "{:>18}{:>18}", interval(ours.recall_interval()), quartiles(&ours));
    };
    for edit in Edit::ALL {
        line(&edit.name(), &|method| totals.row(method, Some(edit)));
    }
    line("all chains of three", &|method| totals.sum(method, is_chain));
    let _ = write!(text, "{:<29}", "mean over the edits");
    for method in Method::ALL {
        let _ = write!(text, "{:>12}", percent(totals.mean_recall(method)));
    }
    let _ = writeln!(text, "\n\nfalse matches\n{:<22}{:>7}{:>16}", "method", "false", "of pairs");
    for method in Method::ALL {
        for (what, row) in [
            ("clean", totals.row(method, None)),
            ("edited", totals.sum(method, |edit| edit.is_some())),
        ] {
            let most = row.false_match_rate_max().unwrap_or(1.0);
            let name = format!("{}, {what}", method.title());
            let _ = writeln!(
                text,
                "{name:<22}{:>7}{:>16}   at most {most:.1e} at 95 %",
                row.false_matches, row.pairs
            );
        }
    }
    let _ = writeln!(text, "\n{} pairs are copies and left out of these", copies.len());
    for (first, second) in copies.iter().take(SHOWN_MAX) {
        let (first, second) = (run.name(*first), run.name(*second));
        let _ = writeln!(text, "  {first}  {second}");
    }
    let _ = writeln!(text, "{} false matches by photocheck", run.false_matches.len());
    for found in run.false_matches.iter().take(SHOWN_MAX) {
        let (photo, other) = (run.name(found.photo), run.name(found.found));
        let FalseMatch { distance, view, banked_view, .. } = found;
        let edit = found.edit_name();
        let _ = writeln!(
            text,
            "  {photo} ({edit}, {view})  {other} ({banked_view}), distance {}",
            distance.0
        );
    }
    for (name, reason) in refused.iter().take(SHOWN_MAX) {
        let _ = writeln!(text, "no photo: {name}: {reason}");
    }
    text
}

#[derive(Serialize)]
struct MatchingJson<'a> {
    policy: &'a str,
    seed: u64,
    photos: usize,
    too_plain: usize,
    refused: &'a [(String, String)],
    methods: Vec<MethodJson>,
    known_copies: Vec<[&'a str; 2]>,
    false_matches: Vec<FalseMatchJson<'a>>,
}

#[derive(Serialize)]
struct MethodJson {
    method: &'static str,
    mean_recall: Option<f64>,
    edits: Vec<EditJson>,
    clean: PairsJson,
    edited: PairsJson,
}

#[derive(Serialize)]
struct EditJson {
    edit: String,
    photos: u64,
    found: u64,
    recall: Option<f64>,
    recall_interval_95: Option<(f64, f64)>,
    distance_quartiles: Option<[u16; 3]>,
}

#[derive(Serialize)]
struct PairsJson {
    pairs: u64,
    false_matches: u64,
    /// Upper end of the 95 % interval.
    false_match_rate_max: Option<f64>,
}

#[derive(Serialize)]
struct FalseMatchJson<'a> {
    photo: &'a str,
    edit: String,
    view: &'static str,
    found: &'a str,
    banked_view: &'static str,
    distance: u16,
}

impl<'a> From<&'a MatchingRun> for MatchingJson<'a> {
    fn from(run: &'a MatchingRun) -> Self {
        let name = |position: usize| run.name(position);
        let false_match = |found: &FalseMatch| FalseMatchJson {
            photo: name(found.photo),
            edit: found.edit_name(),
            view: found.view,
            found: name(found.found),
            banked_view: found.banked_view,
            distance: found.distance.0,
        };
        Self {
            policy: &run.policy,
            seed: run.seed,
            photos: run.photos.len(),
            too_plain: run.too_plain,
            refused: &run.refused,
            methods: Method::ALL.map(|method| MethodJson::new(method, &run.totals)).into(),
            known_copies: run.copies.iter().map(|(a, b)| [name(*a), name(*b)]).collect(),
            false_matches: run.false_matches.iter().map(false_match).collect(),
        }
    }
}

impl MethodJson {
    fn new(method: Method, totals: &Totals) -> Self {
        let edit = |edit: Edit| {
            let row = totals.row(method, Some(edit));
            EditJson {
                edit: edit.name(),
                photos: row.photos,
                found: row.found,
                recall: row.recall(),
                recall_interval_95: row.recall_interval(),
                distance_quartiles: row.distances.quartiles().map(|found| found.map(|it| it.0)),
            }
        };
        Self {
            method: method.name(),
            mean_recall: totals.mean_recall(method),
            edits: Edit::ALL.map(edit).into(),
            clean: PairsJson::from(&totals.row(method, None)),
            edited: PairsJson::from(&totals.sum(method, |edit| edit.is_some())),
        }
    }
}

impl From<&Row> for PairsJson {
    fn from(row: &Row) -> Self {
        Self {
            pairs: row.pairs,
            false_matches: row.false_matches,
            false_match_rate_max: row.false_match_rate_max(),
        }
    }
}
