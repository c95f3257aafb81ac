//! The page of a job: one file that needs no other, light and dark, to be read or printed.

use std::fmt::Write;

use super::bulk_thumbnail::Thumbnails;
use super::charts::escaped;
use super::page::add_row;
use crate::bulk::outcome::NOT_A_PICTURE;
use crate::bulk::state::facts::{ByValue, ReasonFacts, RunWith, SCORE_BINS, ShownPhoto};
use crate::bulk::state::results::Counts;

/// All that the page says.
#[derive(Debug)]
pub struct Facts {
    pub folder: String,
    pub with: RunWith,
    pub counts: Counts,
    pub scores: [u64; SCORE_BINS],
    pub reasons: Vec<ReasonFacts>,
    /// The columns that have few values.
    pub by_column: Vec<(String, ByValue)>,
    /// The account, its photos that are suspect or fake, and all.
    pub accounts: Vec<(String, u64, u64)>,
    pub suspicious: Vec<ShownPhoto>,
    /// How many there are, and the first of them; `None` where they were not looked for.
    pub rings: Option<(usize, Vec<RingShown>)>,
    /// The code, how many rows have it, and the paths of some.
    pub refused: Vec<(String, u64, Vec<String>)>,
}

/// A ring, as its table has it.
#[derive(Debug)]
pub struct RingShown {
    pub accounts: String,
    pub photos: String,
    pub files: String,
    /// The path, the account and the file of some of its rows.
    pub members: Vec<(String, String, Option<String>)>,
}

impl RingShown {
    /// Rows that are shown of one.
    pub const MEMBERS_MAX: usize = 12;
}

const VERDICTS: [&str; 5] = ["fake", "suspect", "inconclusive", "clear", "refused"];

const STYLE: &str = include_str!("bulk_page.css");
const SORTING: &str = include_str!("bulk_page.js");

/// The whole page.
#[must_use]
pub fn page(facts: &Facts, thumbnails: &Thumbnails) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width\">\n<title>Photos checked</title>\n<style>{STYLE}</style>\n\
         <h1>{} photos checked</h1>\n",
        grouped(facts.counts.rows)
    );
    page += &tiles(facts);
    page += "<p>A verdict is evidence, not proof: look at a photo before you act on it. \
             <em>Clear</em> means that nothing was found.</p>\n";
    if !facts.suspicious.is_empty() {
        page += &suspicious(facts, *thumbnails);
    }
    if let Some((count, rings)) = &facts.rings {
        page += &ring_section(*count, rings, *thumbnails);
    }
    if !facts.accounts.is_empty() {
        page += &accounts(&facts.accounts);
    }
    for (name, values) in &facts.by_column {
        page += &column(name, values);
    }
    if facts.scores.iter().any(|count| 0 < *count) {
        page += &scores(&facts.scores);
    }
    if !facts.reasons.is_empty() {
        page += &reasons(facts);
    }
    if !facts.refused.is_empty() {
        page += &refused(&facts.refused);
    }
    page += &versions(facts);
    page + "<script>" + SORTING + "</script>\n</html>\n"
}

fn tiles(facts: &Facts) -> String {
    let counts = &facts.counts;
    let no_pictures = counts.errors.get(NOT_A_PICTURE).copied().unwrap_or_default();
    let errors: u64 = counts.errors.values().sum();
    let verdict = |name: &str| counts.verdicts.get(name).copied().unwrap_or_default();
    let mut tiles: Vec<(&str, u64)> = Vec::new();
    if !counts.verdicts.is_empty() {
        tiles.extend(VERDICTS.iter().take(4).map(|name| (*name, verdict(name))));
    }
    tiles.push(("refused", errors.saturating_sub(no_pictures)));
    tiles.push(("no pictures", no_pictures));
    tiles.push(("same bytes", counts.equal_bytes));
    if let Some((rings, _)) = &facts.rings {
        tiles.push(("shown by several", *rings as u64));
    }
    let tile = |(name, count): &(&str, u64)| {
        let class = name.replace(' ', "-");
        format!("<div class=\"tile {class}\"><b>{}</b>{name}</div>\n", grouped(*count))
    };
    let tiles: String = tiles.iter().map(tile).collect();
    format!("<div class=\"tiles\">\n{tiles}</div>\n")
}

fn suspicious(facts: &Facts, thumbnails: Thumbnails) -> String {
    let photos = &facts.suspicious;
    let mut page =
        format!("<h2>Look at these first</h2>\n<p>{}</p>\n", first(photos.len(), &facts.counts));
    if thumbnails.are_wanted {
        page += "<p>Framed is the face that was scored, or the part that is a copy. Red is what \
                 speaks for AI.</p>\n";
    }
    page += "<table class=\"sorts\">\n";
    let head = ["photo", "account", "verdict", "score", "why"].map(str::to_owned);
    add_row(&mut page, "th", &head);
    for photo in photos {
        let thumbnail = thumbnails.of(photo.file.as_deref(), photo.report.as_ref());
        let verdict = photo.outcome.verdict.as_deref().unwrap_or_default();
        let score = photo.outcome.score.map(|score| format!("{score:.3}")).unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = writeln!(
            page,
            "<tr><td>{thumbnail}<div class=\"path\">{}</div></td><td>{}</td>\
             <td><span class=\"verdict {verdict}\">{verdict}</span></td><td>{score}</td>\
             <td>{}</td></tr>",
            escaped(&photo.label.path),
            escaped(photo.label.account.as_deref().unwrap_or_default()),
            why(photo)
        );
    }
    page + "</table>\n"
}

/// The sentences of the reasons, or their codes where there is no whole report.
fn why(photo: &ShownPhoto) -> String {
    let reasons = photo.report.as_ref().and_then(|report| report.get("reasons")?.as_array());
    let Some(reasons) = reasons else {
        return escaped(&photo.outcome.reasons.join(", "));
    };
    let sentences = reasons.iter().filter_map(|reason| reason.get("message")?.as_str());
    let sentences: Vec<String> = sentences.map(escaped).collect();
    format!("<div>{}</div>", sentences.join("</div><div>"))
}

fn ring_section(count: usize, rings: &[RingShown], thumbnails: Thumbnails) -> String {
    let mut page = String::from("<h2>Photos that several rows show</h2>\n");
    if rings.is_empty() {
        return page + "<p>There are none.</p>\n";
    }
    let _ = writeln!(
        page,
        "<p>{} of {count}, those of most accounts first. They are equal, or edited copies of each \
         other. All are in <code>rings.csv</code>.</p>",
        rings.len()
    );
    for ring in rings {
        let _ = writeln!(
            page,
            "<section class=\"ring\"><h3>{}, {}, {}</h3>\n<div class=\"strip\">",
            counted(&ring.accounts, "account"),
            counted(&ring.photos, "photo"),
            counted(&ring.files, "different file")
        );
        for (path, account, file) in &ring.members {
            let _ = writeln!(
                page,
                "<figure>{}<figcaption><b>{}</b> {}</figcaption></figure>",
                thumbnails.of(file.as_deref(), None),
                escaped(account),
                escaped(path)
            );
        }
        let more = ring.photos.parse().unwrap_or(0_usize).saturating_sub(ring.members.len());
        if 0 < more {
            let _ = writeln!(page, "<p>and {more} more</p>");
        }
        page += "</div></section>\n";
    }
    page
}

fn accounts(accounts: &[(String, u64, u64)]) -> String {
    let mut page = String::from(
        "<h2>Accounts with most photos that are suspect or fake</h2>\n<table class=\"sorts\">\n",
    );
    add_row(&mut page, "th", &["account", "suspect or fake", "all photos"].map(str::to_owned));
    for (account, found, all) in accounts {
        add_row(&mut page, "td", &[account.clone(), found.to_string(), all.to_string()]);
    }
    page + "</table>\n"
}

fn column(name: &str, values: &ByValue) -> String {
    let mut page = format!("<h2>By {}</h2>\n<table class=\"sorts numbers\">\n", escaped(name));
    let head = [name, "photos"].into_iter().chain(VERDICTS).chain(["suspect or fake"]);
    add_row(&mut page, "th", &head.map(str::to_owned).collect::<Vec<_>>());
    for (value, verdicts) in values {
        let of = |verdict: &str| verdicts.get(verdict).copied().unwrap_or_default();
        let all: u64 = verdicts.values().sum();
        let value = if value.is_empty() { "(none)" } else { value };
        let mut cells = vec![value.to_owned(), all.to_string()];
        cells.extend(VERDICTS.map(|verdict| of(verdict).to_string()));
        cells.push(percent(of("suspect") + of("fake"), all));
        add_row(&mut page, "td", &cells);
    }
    page + "</table>\n"
}

/// Bars of their numbers; those of most photos would hide all others, so heights are square roots.
#[expect(clippy::cast_precision_loss, reason = "numbers of photos are far below 2^53")]
fn scores(bins: &[u64; SCORE_BINS]) -> String {
    const WIDTH: f64 = 36.0;
    const HEIGHT: f64 = 180.0;
    let highest = bins.iter().max().copied().unwrap_or(1).max(1) as f64;
    let mut page = String::from(
        "<h2>Scores</h2>\n<p>How many photos have which score of the detector; the height of a bar \
         is the square root of the number above it.</p>\n",
    );
    let wide = WIDTH * SCORE_BINS as f64;
    let _ = write!(
        page,
        "<svg class=\"bars\" viewBox=\"0 -18 {wide} {}\" role=\"img\" aria-label=\"Histogram of \
         scores\">",
        HEIGHT + 42.0
    );
    for (place, count) in bins.iter().enumerate() {
        let (left, high) = (WIDTH * place as f64, HEIGHT * (*count as f64 / highest).sqrt());
        let (top, middle) = (HEIGHT - high, left + WIDTH / 2.0);
        let _ = write!(
            page,
            "<rect x=\"{:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{high:.1}\"/>\
             <text x=\"{middle:.1}\" y=\"{:.1}\">{count}</text>",
            left + 2.0,
            WIDTH - 4.0,
            top - 4.0
        );
        if place % 4 == 0 {
            let score = place as f64 / SCORE_BINS as f64;
            let _ = write!(page, "<text x=\"{left:.1}\" y=\"{}\">{score}</text>", HEIGHT + 16.0);
        }
    }
    page + "</svg>\n"
}

fn reasons(facts: &Facts) -> String {
    let mut page = String::from(
        "<h2>Reasons, their thresholds and what they cost</h2>\n<table class=\"sorts\">\n",
    );
    let head = ["reason", "photos", "threshold", "cost", "in words"].map(str::to_owned);
    add_row(&mut page, "th", &head);
    for reason in &facts.reasons {
        let cost = match (reason.false_positive_rate, reason.false_match_rate) {
            (Some(rate), _) => {
                let rate = rate * 100.0;
                format!("of 100 honest photos {rate} reach it")
            }
            (None, Some(rate)) => format!("at most one pair in {:.0} by chance", 1.0 / rate),
            (None, None) => String::new(),
        };
        let threshold = reason.threshold.map(|it| it.to_string()).unwrap_or_default();
        let (code, message) = (reason.code.clone(), reason.message.clone());
        add_row(&mut page, "td", &[code, reason.rows.to_string(), threshold, cost, message]);
    }
    page + "</table>\n"
}

fn refused(refused: &[(String, u64, Vec<String>)]) -> String {
    let mut page = String::from("<h2>Not checked</h2>\n<table class=\"sorts\">\n");
    add_row(&mut page, "th", &["code", "photos", "for example"].map(str::to_owned));
    for (code, count, paths) in refused {
        add_row(&mut page, "td", &[code.clone(), count.to_string(), paths.join(", ")]);
    }
    page + "</table>\n"
}

fn versions(facts: &Facts) -> String {
    let RunWith { photocheck, what, model, policy, generation, tenant } = &facts.with;
    let mut page = String::from("<h2>Checked with</h2>\n<table>\n");
    for (name, value) in [
        ("program", photocheck),
        ("question", what),
        ("model", model),
        ("policy", policy),
        ("generation of the banks", &generation.to_string()),
        ("tenant", tenant),
        ("folder", &facts.folder),
    ] {
        add_row(&mut page, "td", &[name.to_owned(), value.clone()]);
    }
    page + "</table>\n"
}

/// How many are fake or suspect, and how many of them are shown.
fn first(shown: usize, counts: &Counts) -> String {
    let of = |verdict: &str| counts.verdicts.get(verdict).copied().unwrap_or_default();
    let all = of("fake") + of("suspect");
    let shown = shown as u64;
    let photos = if all == 1 { "photo is" } else { "photos are" };
    let all_of_them = format!("{} {photos} fake or suspect", grouped(all));
    if shown < all {
        format!("{all_of_them}; these are the first {shown}.")
    } else {
        all_of_them + "."
    }
}

/// A count with its noun.
fn counted(count: &str, noun: &str) -> String {
    let plural = if count == "1" { "" } else { "s" };
    format!("{} {noun}{plural}", escaped(count))
}

#[expect(clippy::cast_precision_loss, reason = "numbers of photos are far below 2^53")]
fn percent(part: u64, all: u64) -> String {
    format!("{:.1} %", 100.0 * part as f64 / all.max(1) as f64)
}

/// With a comma before each three digits.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if 0 < place && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }
}
