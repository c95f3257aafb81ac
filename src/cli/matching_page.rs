//! The page of `photocheck eval-matching --html`: tables and plots in one file that needs no other.

use std::fmt::Write;

use super::charts::{self, Series, escaped};
use super::matching_report::{interval, is_chain, percent, quartiles};
use super::matching_run::MatchingRun;
use super::page::{STYLE, add_row};
use photocheck_core::evaluation::edits::Edit;
use photocheck_core::evaluation::matching::{Histogram, Method, Row};

/// Pairs named on the page.
const SHOWN_MAX: usize = 200;

/// Bits of distance in one bin. PDQ hashes mostly hold as many ones as zeros, so odd distances are
/// rare and single bits would make a saw.
const BIN: usize = 4;

/// The whole page.
#[must_use]
pub fn page(run: &MatchingRun) -> String {
    let MatchingRun { policy, seed, photos, too_plain, refused, .. } = run;
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <title>Matching, measured</title>\n<style>{STYLE}</style>\n<h1>Matching, measured</h1>\n\
         <p>{} photos ({too_plain} too plain to be looked up, {} files that are no photos), policy \
         {}, seed {seed}. Each photo was edited and looked up among all of them: found is a copy \
         whose original is among the matches. An edit that leaves a photo as it was is not \
         counted.</p>\n",
        photos.len(),
        refused.len(),
        escaped(policy),
    );
    page += "<h2>Recall by edit</h2>\n";
    page += &recall_bars(run);
    page += &recall_table(run);
    page += "<h2>Recall by size of the crop</h2>\n";
    page += &crop_lines(run);
    page += "<h2>Distances</h2>\n<p>PDQ of whole photos: edited copies to their originals, and to \
             different photos. The last curve shows the distances at which photocheck found \
             the original.</p>\n";
    page += &distances(run);
    page += "<h2>False matches</h2>\n";
    page += &false_matches(run);
    page
}

fn colour(method: Method) -> &'static str {
    match method {
        Method::Ours => "#0b6e4f",
        Method::Pdq => "#d1495b",
        Method::PHash => "#edae49",
        Method::DHash => "#66779b",
    }
}

fn series_over(edits: &[Edit], run: &MatchingRun) -> Vec<Series> {
    let series = |method: Method| {
        let recall = |edit: &Edit| run.totals.row(method, Some(*edit)).recall();
        let (name, colour) = (method.title().to_owned(), colour(method));
        Series { name, colour, values: edits.iter().map(recall).collect() }
    };
    Method::ALL.map(series).into()
}

fn recall_bars(run: &MatchingRun) -> String {
    charts::bars(&Edit::ALL.map(Edit::name), &series_over(&Edit::ALL, run))
}

fn crop_lines(run: &MatchingRun) -> String {
    let crops: Vec<(u8, Edit)> = Edit::ALL
        .into_iter()
        .filter_map(|edit| if let Edit::Crop(kept) = edit { Some((kept, edit)) } else { None })
        .collect();
    let places: Vec<String> = crops.iter().map(|(kept, _)| format!("{kept} %")).collect();
    let edits: Vec<Edit> = crops.into_iter().map(|(_, edit)| edit).collect();
    charts::lines(&places, "kept of each side", &series_over(&edits, run))
}

/// The share of each bin.
#[expect(clippy::cast_precision_loss, reason = "counts of pairs are far below 2^53")]
fn shares(histogram: &Histogram) -> Vec<Option<f64>> {
    let total = histogram.total().max(1) as f64;
    let bins = histogram.counts().chunks(BIN);
    bins.map(|bin| Some(bin.iter().sum::<u64>() as f64 / total)).collect()
}

fn distances(run: &MatchingRun) -> String {
    let found = run.totals.sum(Method::Ours, |edit| edit.is_some()).distances;
    let series = [
        ("edited copies", "#d1495b", &run.totals.copies),
        ("different photos", "#66779b", &run.totals.different),
        ("found by photocheck", "#0b6e4f", &found),
    ];
    let series = series.map(|(name, colour, histogram)| {
        let values = shares(histogram);
        Series { name: name.to_owned(), colour, values }
    });
    charts::histogram("bits of 256", BIN, (31, "31"), &series)
}

fn recall_table(run: &MatchingRun) -> String {
    let mut page = String::from("<table>\n");
    let mut head = vec!["edit".to_owned(), "photos".to_owned()];
    head.extend(Method::ALL.map(|method| method.title().to_owned()));
    head.extend(["95 % interval".to_owned(), "distances".to_owned()]);
    add_row(&mut page, "th", &head);
    let mut line = |name: String, row: &dyn Fn(Method) -> Row| {
        let ours = row(Method::Ours);
        let mut cells = vec![name, ours.photos.to_string()];
        cells.extend(Method::ALL.map(|method| percent(row(method).recall())));
        cells.extend([interval(ours.recall_interval()), quartiles(&ours)]);
        add_row(&mut page, "td", &cells);
    };
    for edit in Edit::ALL {
        line(edit.name(), &|method| run.totals.row(method, Some(edit)));
    }
    line("all chains of three".into(), &|method| run.totals.sum(method, is_chain));
    let mut cells = vec!["mean over the edits".to_owned(), String::new()];
    cells.extend(Method::ALL.map(|method| percent(run.totals.mean_recall(method))));
    add_row(&mut page, "td", &cells);
    page + "</table>\n<p>Interval: Wilson's, of photocheck's recall. Distances: quarter, half and \
            three quarters of those at which photocheck found the original.</p>\n"
}

fn false_matches(run: &MatchingRun) -> String {
    let MatchingRun { totals, copies, .. } = run;
    let mut page = String::from("<table>\n");
    add_row(&mut page, "th", &["looked up", "false", "of pairs", "at most"].map(str::to_owned));
    for method in Method::ALL {
        let clean = ("clean", totals.row(method, None));
        let edited = ("edited", totals.sum(method, |edit| edit.is_some()));
        for (what, row) in [clean, edited] {
            let most = row.false_match_rate_max().unwrap_or(1.0);
            let cells = [
                format!("{}, {what}", method.title()),
                row.false_matches.to_string(),
                row.pairs.to_string(),
                format!("{most:.1e}"),
            ];
            add_row(&mut page, "td", &cells);
        }
    }
    let _ = write!(
        page,
        "</table>\n<p>At most: upper end of Wilson's 95 % interval, as if pairs were independent. \
         {} pairs of photos are copies of one another by PDQ and left out:</p>\n\
         <table class=\"names\">\n",
        copies.len()
    );
    for (first, second) in copies.iter().take(SHOWN_MAX) {
        let cells = [*first, *second].map(|position| run.name(position).to_owned());
        add_row(&mut page, "td", &cells);
    }
    let _ = write!(
        page,
        "</table>\n<p>{} false matches by photocheck:</p>\n<table class=\"names\">\n",
        run.false_matches.len()
    );
    for found in run.false_matches.iter().take(SHOWN_MAX) {
        let cells = [
            format!("{} ({}, {})", run.name(found.photo), found.edit_name(), found.view),
            format!("{} ({})", run.name(found.found), found.banked_view),
            found.distance.0.to_string(),
        ];
        add_row(&mut page, "td", &cells);
    }
    page + "</table>\n</html>\n"
}
