//! The sections of the page of insight: each a table, some with a chart above it.

use chrono::DateTime;
use photocheck_core::evaluation::drift::PHOTOS_MIN;
use photocheck_core::verdict::Verdict;

use super::charts::{self, Chart, float};
use crate::app::insight::{Insight, Pairs, SCORE_DAYS};
use crate::clock::DAY_S;
use crate::store::{Bank, MessageState};
use crate::words;
use crate::words::insight::InsightWords;
use crate::words::language::Language;
use crate::words::review::ReviewWords;

/// A part of the page.
#[derive(Debug)]
pub struct Section {
    /// In the address of its CSV; it stays.
    pub name: &'static str,
    pub title: String,
    pub notes: Vec<String>,
    /// What is said where there is nothing.
    pub empty: Option<&'static str>,
    pub figure: Option<Figure>,
    pub table: Table,
}

/// A chart with the words that belong to it.
#[derive(Debug)]
pub struct Figure {
    /// What it shows, in words.
    pub drawn: String,
    pub legend: Vec<(&'static str, &'static str)>,
    pub chart: Chart,
    /// What stands at its left and right end.
    pub ends: [String; 2],
}

#[derive(Debug)]
pub struct Table {
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
}

#[derive(Debug)]
pub struct Column {
    /// In the CSV; it stays, in every language.
    pub name: &'static str,
    pub shown: &'static str,
    pub is_number: bool,
}

#[derive(Debug, Default)]
pub struct Row {
    pub cells: Vec<Cell>,
    /// How long the bar beside it is, of 100.
    pub bar: Option<f64>,
}

#[derive(Debug)]
pub struct Cell {
    /// In the CSV.
    pub raw: String,
    pub shown: String,
    pub is_number: bool,
}

/// What is the same for all sections.
#[derive(Clone, Copy)]
struct Said {
    i: &'static InsightWords,
    r: &'static ReviewWords,
}

/// All sections, in their order on the page.
#[must_use]
pub fn sections(insight: &Insight, language: Language) -> Vec<Section> {
    let said = Said { i: words::of_insight(language), r: words::of_review(language) };
    vec![
        said.now(insight),
        said.checks(insight),
        said.reasons(insight),
        said.scores(insight),
        said.drift(insight),
        said.agreement(insight),
        said.banks(&insight.banks),
        said.webhooks(insight),
    ]
}

impl Said {
    fn number(self, count: u64) -> Cell {
        Cell { raw: count.to_string(), shown: (self.i.number)(count), is_number: true }
    }

    fn checks(self, insight: &Insight) -> Section {
        let (w, verdict) = (&self.i.checks, self.r.verdict);
        let total: u64 = insight.checks.iter().map(|(_, day)| day.total()).sum();
        let most = insight.checks.iter().map(|(_, day)| day.total()).max().unwrap_or_default();
        let named = [Verdict::Fake, Verdict::Suspect, Verdict::Inconclusive, Verdict::Clear];
        let classes = ["flagged", "suspicious", "unsure", "clear"];
        let legend = classes.into_iter().zip(named.map(verdict)).chain([("failed", w.failed)]);
        let mut columns = vec![names("day", w.day)];
        columns.extend(named.map(|it| numbers(it.name(), verdict(it))));
        columns.push(numbers("failed", w.failed));
        let rows = insight.checks.iter().map(|(day, of_day)| {
            let counts = [of_day.fake, of_day.suspect, of_day.inconclusive, of_day.clear];
            let counts = counts.into_iter().chain([of_day.failed]).map(|it| self.number(it));
            Row { cells: [date_cell(*day)].into_iter().chain(counts).collect(), bar: None }
        });
        let number = self.i.number;
        Section {
            name: "checks",
            title: w.title.to_owned(),
            notes: vec![(w.note)(insight.check_days)],
            empty: (total == 0).then_some(w.empty),
            figure: Some(Figure {
                drawn: (w.drawn)(&number(total), &number(most)),
                legend: legend.collect(),
                chart: charts::of_checks(&insight.checks),
                ends: ends(insight.checks.iter().map(|(day, _)| *day)),
            }),
            table: Table { columns, rows: rows.collect() },
        }
    }

    fn reasons(self, insight: &Insight) -> Section {
        let w = &self.i.reasons;
        let most = insight.reasons.iter().map(|(_, count)| *count).max().unwrap_or_default();
        let rows = insight.reasons.iter().map(|(code, count)| Row {
            cells: vec![
                Cell { raw: code.name().to_owned(), ..text((self.r.reason)(*code)) },
                self.number(*count),
            ],
            bar: Some(bar(*count, most)),
        });
        Section {
            name: "reasons",
            title: w.title.to_owned(),
            notes: vec![w.note.to_owned()],
            empty: insight.reasons.is_empty().then_some(w.empty),
            figure: None,
            table: Table {
                columns: vec![names("reason", w.reason), numbers("photos", w.photos)],
                rows: rows.collect(),
            },
        }
    }

    fn scores(self, insight: &Insight) -> Section {
        let (w, found) = (&self.i.scores, &insight.scores.together);
        let (total, number) = (found.scores.total(), self.i.number);
        let mut notes = vec![w.note.to_owned()];
        match found.drift {
            Some(drift) => {
                notes.push((w.level)(drift.level()).to_owned());
                notes.push((w.ai_share)(of_100(drift.ai_share)));
            }
            None => notes.push((w.too_few)(&number(total), &number(PHOTOS_MIN))),
        }
        let mut columns = vec![
            numbers("score_up_to", w.up_to),
            numbers("photos", w.photos),
            numbers("share", w.share),
        ];
        let mut legend = vec![("found", w.share)];
        if insight.expected.is_some() {
            columns.push(numbers("expected_share", w.expected));
            legend.push(("expected", w.expected));
        }
        let rows = found.scores.bins().enumerate().map(|(place, (bin, count))| {
            let end = format!("{}", bin.end());
            let end = Cell { raw: end.clone(), shown: end, is_number: true };
            let found = share(float(count) / float(total.max(1)));
            let expected = insight.expected.as_ref().and_then(|it| it.get(place).copied());
            let cells = [end, self.number(count), found].into_iter();
            Row { cells: cells.chain(expected.map(share)).collect(), bar: None }
        });
        Section {
            name: "scores",
            title: (w.title)(SCORE_DAYS),
            notes,
            empty: (total == 0).then_some(w.empty),
            figure: Some(Figure {
                drawn: w.drawn.to_owned(),
                legend,
                chart: charts::of_scores(&found.scores, insight.expected.as_deref()),
                ends: ["0".to_owned(), "1".to_owned()],
            }),
            table: Table { columns, rows: rows.collect() },
        }
    }

    fn drift(self, insight: &Insight) -> Section {
        let (w, days) = (&self.i.drift, &insight.scores.days);
        let rows = days.iter().map(|(day, of_day)| {
            let (distance, ai_share) = match of_day.drift {
                Some(drift) => {
                    let distance = format!("{:.3}", drift.distance);
                    let cell = Cell { raw: distance.clone(), shown: distance, is_number: true };
                    (cell, share(drift.ai_share))
                }
                None => (missing(w.not_enough), missing("–")),
            };
            let photos = self.number(of_day.scores.total());
            Row { cells: vec![date_cell(*day), photos, distance, ai_share], bar: None }
        });
        let distances = days.iter().filter_map(|(_, day)| day.drift).map(|it| it.distance);
        let most = distances.reduce(f64::max);
        let drawn = (w.drawn)(&format!("{:.3}", most.unwrap_or_default()));
        Section {
            name: "drift",
            title: w.title.to_owned(),
            notes: vec![w.note.to_owned()],
            empty: most.is_none().then_some(w.empty),
            figure: Some(Figure {
                drawn,
                legend: Vec::new(),
                chart: charts::of_drift(days),
                ends: ends(days.iter().map(|(day, _)| *day)),
            }),
            table: Table {
                columns: vec![
                    names("day", self.i.checks.day),
                    numbers("photos", w.photos),
                    numbers("distance", w.distance),
                    numbers("ai_share", w.ai_share),
                ],
                rows: rows.collect(),
            },
        }
    }

    fn banks(self, banks: &[Bank]) -> Section {
        let w = &self.i.banks;
        let size = |bank: &Bank| u64::try_from(bank.contents).unwrap_or_default();
        let most = banks.iter().map(size).max().unwrap_or_default();
        let rows = banks.iter().map(|bank| Row {
            cells: vec![
                text(bank.facts.name.clone()),
                Cell {
                    raw: bank.facts.purpose.name().to_owned(),
                    ..text((w.purposes)(bank.facts.purpose))
                },
                self.number(size(bank)),
                self.number(u64::try_from(bank.quarantined).unwrap_or_default()),
            ],
            bar: Some(bar(size(bank), most)),
        });
        Section {
            name: "banks",
            title: w.title.to_owned(),
            notes: vec![w.note.to_owned()],
            empty: banks.is_empty().then_some(w.empty),
            figure: None,
            table: Table {
                columns: vec![
                    names("bank", w.bank),
                    names("purpose", w.purpose),
                    numbers("photos", w.photos),
                    numbers("quarantined", w.quarantined),
                ],
                rows: rows.collect(),
            },
        }
    }

    fn agreement(self, insight: &Insight) -> Section {
        let (w, found) = (&self.i.agreement, &insight.agreement);
        let named = [
            ("platform", w.with_platform, found.with_platform),
            ("appeal", w.with_appeal, found.with_appeal),
        ];
        let both: u64 = named.iter().map(|(.., pairs)| pairs.both).sum();
        let rows = named.into_iter().map(|(name, shown, Pairs { both, agreed })| Row {
            cells: vec![
                Cell { raw: name.to_owned(), ..text(shown) },
                self.number(both),
                self.number(agreed),
            ],
            bar: None,
        });
        let number = self.i.number;
        Section {
            name: "agreement",
            title: w.title.to_owned(),
            notes: vec![(w.note)(&number(found.decisions), &number(found.reviewers))],
            empty: (both == 0).then_some(w.empty),
            figure: None,
            table: Table {
                columns: vec![
                    names("with", w.who),
                    numbers("checks", w.both),
                    numbers("agreed", w.agreed),
                ],
                rows: rows.collect(),
            },
        }
    }

    fn now(self, insight: &Insight) -> Section {
        let (w, q, waiting) = (&self.i.now, &self.r.queue, &insight.waiting);
        let generation = u64::try_from(insight.index.generation).unwrap_or_default();
        let oldest = |count: u64, seconds: i64| {
            if count == 0 {
                return Cell { raw: String::new(), shown: w.nothing.to_owned(), is_number: true };
            }
            self.lasting(u64::try_from(seconds).unwrap_or_default())
        };
        let counts = &insight.queue;
        self.facts(
            "now",
            (w.title, w.note.to_owned()),
            vec![
                ("open", q.open, self.number(counts.open)),
                ("open_oldest_s", w.review_oldest, oldest(counts.open, waiting.review_oldest_s)),
                ("escalated", q.escalated, self.number(counts.escalated)),
                ("appeals", q.appeals, self.number(counts.appeals)),
                ("checks_waiting", w.checks, self.number(waiting.checks)),
                ("check_oldest_s", w.check_oldest, oldest(waiting.checks, waiting.check_oldest_s)),
                ("index_age_s", w.index_age, self.lasting(insight.index.age_s)),
                ("index_generation", w.generation, self.number(generation)),
            ],
        )
    }

    fn webhooks(self, insight: &Insight) -> Section {
        let (w, found) = (&self.i.webhooks, &insight.webhooks);
        let mut rows = vec![
            ("endpoints", w.endpoints, self.number(found.endpoints)),
            ("endpoints_failing", w.failing, self.number(found.failing)),
            ("endpoints_switched_off", w.switched_off, self.number(found.switched_off)),
        ];
        rows.extend(found.messages.iter().map(|(state, count)| {
            let shown = match state {
                MessageState::Pending => w.pending,
                MessageState::Delivered => w.delivered,
                MessageState::Dead => w.dead,
            };
            (state.name(), shown, self.number(*count))
        }));
        self.facts("webhooks", (w.title, (w.note)(insight.check_days)), rows)
    }

    /// A section of a few numbers, each with its name.
    fn facts(
        self,
        name: &'static str,
        (title, note): (&'static str, String),
        facts: Vec<(&'static str, &'static str, Cell)>,
    ) -> Section {
        let rows = facts.into_iter().map(|(name, shown, value)| Row {
            cells: vec![Cell { raw: name.to_owned(), ..text(shown) }, value],
            bar: None,
        });
        let w = &self.i.now;
        Section {
            name,
            title: title.to_owned(),
            notes: vec![note],
            empty: None,
            figure: None,
            table: Table {
                columns: vec![names("what", w.what), numbers("value", w.value)],
                rows: rows.collect(),
            },
        }
    }

    fn lasting(self, seconds: u64) -> Cell {
        Cell { shown: (self.i.lasts)(seconds), ..self.number(seconds) }
    }
}

/// A column of names.
fn names(name: &'static str, shown: &'static str) -> Column {
    Column { name, shown, is_number: false }
}

/// A column of numbers.
fn numbers(name: &'static str, shown: &'static str) -> Column {
    Column { name, shown, is_number: true }
}

fn text(shown: impl Into<String>) -> Cell {
    let shown = shown.into();
    Cell { raw: shown.clone(), shown, is_number: false }
}

/// A day that no line breaks in.
fn date_cell(day: i64) -> Cell {
    let raw = date(day);
    Cell { shown: raw.replace('-', "\u{2011}"), raw, is_number: false }
}

/// In the CSV it is empty.
fn missing(shown: &str) -> Cell {
    Cell { raw: String::new(), shown: shown.to_owned(), is_number: true }
}

fn share(share: f64) -> Cell {
    let shown = format!("{:.1}\u{a0}%", 100.0 * share);
    Cell { raw: format!("{share:.5}"), shown, is_number: true }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is clamped")]
fn of_100(share: f64) -> u32 {
    (100.0 * share).round().clamp(0.0, 100.0) as u32
}

/// How long a bar is, of 100; what is there can be seen.
fn bar(count: u64, most: u64) -> f64 {
    let length = 100.0 * float(count) / float(most.max(1));
    if count == 0 { 0.0 } else { length.max(1.0).round() }
}

/// A day since 1970 as it is written everywhere.
fn date(day: i64) -> String {
    let at = DateTime::from_timestamp(day.saturating_mul(DAY_S), 0).unwrap_or_default();
    at.format("%Y-%m-%d").to_string()
}

fn ends(mut days: impl DoubleEndedIterator<Item = i64>) -> [String; 2] {
    let last = days.next_back();
    let first = days.next().or(last);
    [first, last].map(|day| day.map(date).unwrap_or_default())
}
