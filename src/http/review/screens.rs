//! The screens of the page for moderators, as their templates need them.

use askama::Template;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use photocheck_core::verdict::{Code, Verdict};
use uuid::Uuid;

use super::address::{Done, Place, insight_address};
use super::evidence::Evidence;
use crate::app::reviews::{LEASE_LASTS, Reviewed};
use crate::http::page::{html, others, time_in_words};
use crate::http::problem::Problem;
use crate::store::{
    Appeal, Feedback, ItemState, Leased, Outcome, QueueCounts, QueueFilter, QueueState, QueuedItem,
    ReviewDecision, StoredState,
};
use crate::words;
use crate::words::language::Language;
use crate::words::page::{PageWords, Refused};
use crate::words::review::ReviewWords;

/// What is the same on every screen.
#[derive(Debug, Clone)]
pub struct Frame {
    pub place: Place,
    /// What forms carry.
    pub token: String,
    pub notice: Option<Refused>,
    /// What was just done, and the decision that can be taken back.
    pub done: Option<(&'static str, Option<Uuid>)>,
    /// Whether there is a page of insight.
    pub has_insight: bool,
}

/// Logging in.
#[derive(Debug, Template)]
#[template(path = "review_log_in.html")]
struct LogInScreen {
    w: &'static PageWords,
    r: &'static ReviewWords,
    language: Language,
    frame: Frame,
}

/// Something went wrong, and there is nothing to show.
#[derive(Debug, Template)]
#[template(path = "review_notice.html")]
struct NoticeScreen {
    w: &'static PageWords,
    r: &'static ReviewWords,
    language: Language,
    frame: Frame,
}

/// The queue.
#[derive(Debug, Template)]
#[template(path = "review_queue.html")]
struct QueueScreen {
    w: &'static PageWords,
    r: &'static ReviewWords,
    language: Language,
    frame: Frame,
    parts: [PartView; 4],
    rows: Vec<RowView>,
    verdicts: Vec<ChoiceView>,
    reasons: Vec<ChoiceView>,
    is_filtered: bool,
    more: Option<String>,
}

/// One item.
#[derive(Debug, Template)]
#[template(path = "review_item.html")]
struct ItemScreen {
    w: &'static PageWords,
    r: &'static ReviewWords,
    language: Language,
    frame: Frame,
    check: Uuid,
    name: String,
    checked: String,
    verdict: &'static str,
    tone: &'static str,
    evidence: Evidence,
    appeal: Option<AppealView>,
    feedback: Option<FeedbackView>,
    decisions: Vec<DecisionView>,
    stage: Stage,
    /// The banks that the photo can be put into.
    banks: Vec<String>,
    /// What was written into the form that was refused.
    written: String,
}

/// A part of the queue.
#[derive(Debug)]
struct PartView {
    name: &'static str,
    address: String,
    count: u64,
    is_this: bool,
}

/// An item in the list.
#[derive(Debug)]
struct RowView {
    address: String,
    name: String,
    verdict: &'static str,
    tone: &'static str,
    reasons: Vec<&'static str>,
    checked: String,
    state: Option<&'static str>,
    leased: Option<&'static str>,
}

/// Something to filter by.
#[derive(Debug)]
struct ChoiceView {
    value: &'static str,
    name: &'static str,
    is_chosen: bool,
}

#[derive(Debug)]
struct AppealView {
    reason: String,
    at: String,
    is_open: bool,
}

#[derive(Debug)]
struct FeedbackView {
    said: &'static str,
    note: String,
}

#[derive(Debug)]
struct DecisionView {
    what: &'static str,
    by: String,
    reason: String,
    is_undone: bool,
    /// That the photo is in a bank by it.
    banked: Option<&'static str>,
}

/// What can be done with an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Decidable,
    /// It must be opened first.
    Free,
    Taken,
    Decided,
}

/// Items that a list shows.
const LISTED_MAX: usize = 50;

impl Frame {
    fn words(&self) -> (&'static PageWords, &'static ReviewWords, Language) {
        let language = self.place.language;
        (words::of_pages(language), words::of_review(language), language)
    }
}

/// What was done, in words, and the decision that can be taken back.
#[must_use]
pub fn done_in_words(
    done: Done,
    decision: Option<&ReviewDecision>,
    r: &'static ReviewWords,
) -> Option<(&'static str, Option<Uuid>)> {
    let said = match done {
        Done::Decided(_) => match decision?.outcome.as_str() {
            "confirmed" if decision?.has_banked => r.done.confirmed_banked,
            "confirmed" => r.done.confirmed,
            "rejected" if decision?.has_banked => r.done.rejected_allowed,
            "rejected" => r.done.rejected,
            _ => r.done.escalated,
        },
        Done::Appeal => r.done.appeal,
        Done::Skipped => r.done.skipped,
        Done::Undone => r.done.undone,
        Done::NoneLeft => r.done.none_left,
        Done::LoggedOut => r.done.logged_out,
    };
    Some((said, decision.map(|decision| decision.id)))
}

/// The screen for logging in.
pub fn log_in(frame: Frame) -> Result<Response, Problem> {
    let (w, r, language) = frame.words();
    html(&LogInScreen { w, r, language, frame }, language)
}

/// What is shown where nothing of the queue can be.
pub fn notice(frame: Frame) -> Result<Response, Problem> {
    let (w, r, language) = frame.words();
    html(&NoticeScreen { w, r, language, frame }, language)
}

/// Has the browser ask again by itself, as of this page.
pub fn again(place: Place) -> Response {
    let frame = Frame { place, token: String::new(), notice: None, done: None, has_insight: false };
    let mut response = notice(frame).unwrap_or_else(Problem::into_response);
    if let Ok(again) = HeaderValue::from_str(&format!("0; url={}", place.address())) {
        response.headers_mut().insert(header::REFRESH, again);
    }
    response
}

/// The screen of the queue.
pub fn queue(frame: Frame, items: &[QueuedItem], counts: QueueCounts) -> Result<Response, Problem> {
    let (w, r, language) = frame.words();
    let place = frame.place;
    let QueueFilter { state, verdict, reason } = place.filter;
    let part = |part: QueueState, name, count| PartView {
        name,
        address: place.part(part).address(),
        count,
        is_this: part == state,
    };
    let q = &r.queue;
    let verdicts = [Verdict::Fake, Verdict::Suspect, Verdict::Inconclusive];
    let verdicts = verdicts.into_iter().map(|it| ChoiceView {
        value: it.name(),
        name: (r.verdict)(it),
        is_chosen: Some(it) == verdict,
    });
    let reasons = Code::ALL.into_iter().map(|it| ChoiceView {
        value: it.name(),
        name: (r.reason)(it),
        is_chosen: Some(it) == reason,
    });
    let screen = QueueScreen {
        parts: [
            part(QueueState::Open, q.open, counts.open),
            part(QueueState::Escalated, q.escalated, counts.escalated),
            part(QueueState::Appeals, q.appeals, counts.appeals),
            part(QueueState::Decided, q.decided, counts.decided),
        ],
        rows: items.iter().map(|item| RowView::new(item, place, r)).collect(),
        verdicts: verdicts.collect(),
        reasons: reasons.collect(),
        is_filtered: verdict.is_some() || reason.is_some(),
        more: (items.len() == LISTED_MAX).then(|| (q.more)(LISTED_MAX)),
        w,
        r,
        language,
        frame,
    };
    html(&screen, language)
}

impl QueueScreen {
    /// Where the page of insight is, and what it is called.
    fn insight(&self) -> (String, &'static str) {
        (insight_address(self.language), words::of_insight(self.language).title)
    }

    fn state(&self) -> &'static str {
        self.frame.place.filter.state.name()
    }

    fn is_decided(&self) -> bool {
        self.frame.place.filter.state == QueueState::Decided
    }
}

impl RowView {
    fn new(queued: &QueuedItem, place: Place, r: &'static ReviewWords) -> Self {
        let QueuedItem { item, external_id } = queued;
        Self {
            address: place.at(Some(item.check)).address(),
            name: name_of(item.check, external_id, r),
            verdict: (r.verdict)(item.verdict),
            tone: tone(item.verdict),
            reasons: item.reasons.iter().map(|code| (r.reason)(*code)).collect(),
            checked: (r.queue.checked)(&time_in_words(item.finished_at)),
            state: match item.state {
                ItemState::Open => None,
                ItemState::Escalated => Some(r.item.escalated),
                ItemState::Confirmed => Some(r.item.confirmed),
                ItemState::Rejected => Some(r.item.rejected),
            },
            leased: match item.leased {
                Leased::ByNobody => None,
                Leased::ByThisSession => Some(r.queue.yours),
                Leased::ByAnother => Some(r.queue.taken),
            },
        }
    }
}

/// The screen of one item; `banks` are those that its photo can be put into, `written` is what
/// stood in the form.
pub fn item(
    frame: Frame,
    reviewed: &Reviewed,
    banks: Vec<String>,
    written: String,
) -> Result<Response, Problem> {
    let (w, r, language) = frame.words();
    let Reviewed { item, check, decisions } = reviewed;
    let evidence = match &check.state {
        StoredState::Finished { outcome: Outcome::Report(report), .. } => {
            Evidence::read(report, w, r)
        }
        _ => None,
    };
    let evidence =
        evidence.ok_or_else(|| Problem::ours(&"a report that was kept is unreadable"))?;
    let is_open = reviewed.is_appeal_open();
    let stage = match (item.state, item.leased) {
        (ItemState::Confirmed | ItemState::Rejected, _) if !is_open => Stage::Decided,
        (_, Leased::ByThisSession) => Stage::Decidable,
        (_, Leased::ByNobody) => Stage::Free,
        (_, Leased::ByAnother) => Stage::Taken,
    };
    let screen = ItemScreen {
        check: item.check,
        name: name_of(item.check, &check.external_id, r),
        checked: time_in_words(item.finished_at),
        verdict: (r.verdict)(item.verdict),
        tone: tone(item.verdict),
        evidence,
        appeal: check.appeal.as_ref().map(|appeal| AppealView::new(appeal, is_open)),
        feedback: check.feedback.as_ref().map(|feedback| FeedbackView::new(feedback, r)),
        decisions: decisions.iter().rev().map(|it| DecisionView::new(it, r)).collect(),
        stage,
        banks,
        written,
        w,
        r,
        language,
        frame,
    };
    html(&screen, language)
}

impl ItemScreen {
    fn is_appeal_open(&self) -> bool {
        self.appeal.as_ref().is_some_and(|appeal| appeal.is_open)
    }

    fn lease_minutes(&self) -> String {
        (self.r.decide.lease)(LEASE_LASTS.as_secs() / 60)
    }
}

impl AppealView {
    fn new(appeal: &Appeal, is_open: bool) -> Self {
        let reason = appeal.reason.as_str().to_owned();
        Self { reason, at: time_in_words(appeal.appealed_at), is_open }
    }
}

impl FeedbackView {
    fn new(feedback: &Feedback, r: &'static ReviewWords) -> Self {
        let said = if feedback.is_right { r.item.said_right } else { r.item.said_wrong };
        Self { said, note: feedback.note.as_str().to_owned() }
    }
}

impl DecisionView {
    fn new(decision: &ReviewDecision, r: &'static ReviewWords) -> Self {
        let w = &r.item;
        Self {
            what: match decision.outcome.as_str() {
                "escalated" => w.escalated,
                "confirmed" => w.confirmed,
                "rejected" => w.rejected,
                "upheld" => w.upheld,
                _ => w.overturned,
            },
            by: (w.by)(&decision.decided_by, &time_in_words(decision.decided_at)),
            reason: decision.reason.as_str().to_owned(),
            is_undone: decision.is_undone,
            banked: (decision.has_banked && !decision.is_undone)
                .then(|| if decision.outcome == "confirmed" { w.banked } else { w.allowed }),
        }
    }
}

/// What a platform calls a photo, or else the end of its check's id.
fn name_of(check: Uuid, external_id: &str, r: &'static ReviewWords) -> String {
    if external_id.is_empty() {
        let id = check.simple().to_string();
        let end = id.len().saturating_sub(8);
        return (r.queue.photo)(id.get(end..).unwrap_or_default());
    }
    (r.queue.photo)(external_id)
}

fn tone(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Fake | Verdict::Suspect => "found",
        Verdict::Inconclusive => "unsure",
        Verdict::Clear => "none",
    }
}
