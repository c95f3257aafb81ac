//! What the operator sees of a running service, for Prometheus: one registry an app.
//!
//! Labels are bounded: routes, methods, codes, stages and verdicts, all of them from lists in the
//! program, and the numbers of tenants up to a limit. Nothing about a photo, an account or a bank
//! is a label, and no name.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use photocheck_core::checker::Stage;
use photocheck_core::evaluation::drift::ScoreBin;
use photocheck_core::report::Report;
use photocheck_core::signals::Synthetic;
use photocheck_core::verdict::Verdict;
use prometheus::{
    Error, Gauge, Histogram, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec,
    Opts, Registry, TextEncoder,
};

use super::drift_gauges::DriftGauges;
use super::gate::Usage;
use super::quality_metrics::QualityMetrics;
use crate::store::{JudgedEverywhere, Queue, Queues};
use crate::tenancy::TenantId;

/// Seconds of answers: from a probe to the limit of a request.
const REQUEST_S: [f64; 13] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];
/// Seconds of a stage: from reading marks to scoring a photo again.
const STAGE_S: [f64; 12] =
    [0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];

/// Tenants with a label of their own.
const TENANTS_MAX: usize = 500;

/// See the module's text.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    http: Http,
    checking: Checking,
    work: Work,
    quality: QualityMetrics,
    state: State,
    drift: DriftGauges,
}

/// What was answered.
#[derive(Debug)]
struct Http {
    requests: HistogramVec,
    problems: IntCounterVec,
}

/// What checks took and found.
#[derive(Debug)]
struct Checking {
    stages: HistogramVec,
    verdicts: IntCounterVec,
    of_tenants: IntCounterVec,
    /// Those that have a label of their own.
    tenants: Mutex<BTreeSet<TenantId>>,
    reasons: IntCounterVec,
    scores: Histogram,
    gate_wait: Histogram,
}

/// What waits, and what came of it.
#[derive(Debug)]
struct Work {
    checks: IntGaugeVec,
    check_oldest: IntGauge,
    messages: IntGaugeVec,
    message_oldest: IntGauge,
    read_ago: Gauge,
    /// When the database last said what waits, or this began.
    read_at: Mutex<Instant>,
    finished: IntCounterVec,
    deliveries: IntCounterVec,
}

/// What came of a check that was done later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finished {
    Done,
    /// It has a problem instead of a report.
    Failed,
    /// It is begun again.
    PutBack,
}

/// What came of sending a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delivery {
    Arrived,
    /// It is sent again.
    Failed,
    Dead,
    /// This machine had too much to do.
    NotTried,
}

/// How it stands at the moment; set when it is read.
#[derive(Debug)]
struct State {
    gate_places: IntGaugeVec,
    index_hashes: IntGauge,
    index_generation: IntGauge,
    index_age: Gauge,
}

/// How it stands when metrics are read.
#[derive(Debug, Clone)]
pub(super) struct Moment {
    pub usage: Usage,
    pub hashes: usize,
    pub generation: i64,
    pub index_age: Duration,
    /// What waits; `None` where the database does not say so in time.
    pub queues: Option<Queues>,
    /// What was judged; `None` likewise.
    pub judged: Option<JudgedEverywhere>,
}

/// One answer of the service.
#[derive(Debug, Clone, Copy)]
pub struct Answered<'a> {
    pub method: &'static str,
    /// As the table of routes has it; empty where there is none.
    pub route: &'a str,
    pub status: u16,
    /// The code of a problem.
    pub problem: Option<&'static str>,
    pub took: Duration,
}

impl Metrics {
    /// Metrics of an app with this model and policy.
    ///
    /// # Errors
    /// When two of them have one name.
    pub fn new(model: &str, policy: &str) -> Result<Self, Error> {
        let registry = Registry::new();
        let known = Registering(&registry);
        let (http, checking) = (Http::new(&known)?, Checking::new(&known)?);
        let (work, state) = (Work::new(&known)?, State::new(&known)?);
        let about = Opts::new("photocheck_info", "Always 1: what runs, in its labels.")
            .const_label("version", env!("CARGO_PKG_VERSION"))
            .const_label("model", model)
            .const_label("policy", policy);
        let about = IntGauge::with_opts(about)?;
        about.set(1);
        registry.register(Box::new(about))?;
        let quality = QualityMetrics::new(&registry)?;
        let drift = DriftGauges::new(&registry)?;
        Ok(Self { registry, http, checking, work, quality, state, drift })
    }

    /// How far the scores of tenants' photos lie from those that the model was measured on.
    pub(super) fn drift(&self) -> &DriftGauges {
        &self.drift
    }

    /// Notes what came of a check that was done later.
    pub(super) fn finished(&self, finished: Finished) {
        self.work.finished.with_label_values(&[finished.name()]).inc();
    }

    /// Notes what came of sending a message.
    pub(super) fn delivered(&self, delivery: Delivery) {
        self.work.deliveries.with_label_values(&[delivery.name()]).inc();
    }

    /// Notes an answer.
    pub fn answered(&self, answered: Answered<'_>) {
        let Answered { method, route, status, problem, took } = answered;
        let class = match status {
            100..200 => "1xx",
            200..300 => "2xx",
            300..400 => "3xx",
            400..500 => "4xx",
            _ => "5xx",
        };
        let requests = self.http.requests.with_label_values(&[method, route, class]);
        requests.observe(took.as_secs_f64());
        if let Some(code) = problem {
            self.http.problems.with_label_values(&[code]).inc();
        }
    }

    /// Notes how long a photo waited for a core.
    pub(super) fn waited(&self, wait: Duration) {
        self.checking.gate_wait.observe(wait.as_secs_f64());
    }

    /// Begins to measure stages.
    pub(super) fn stages(&self) -> Stages<'_> {
        Stages { metrics: self, begun: Instant::now() }
    }

    /// Notes what a check found.
    pub(super) fn checked(&self, tenant: TenantId, report: &Report) {
        self.checking.verdicts.with_label_values(&[report.verdict.name()]).inc();
        let tenant = self.checking.tenant_label(tenant);
        self.checking.of_tenants.with_label_values(&[&tenant, report.verdict.name()]).inc();
        for reason in &report.reasons {
            self.checking.reasons.with_label_values(&[reason.code().name()]).inc();
        }
        if let Synthetic::Evaluated(evaluated) = &report.signals.synthetic {
            self.checking.scores.observe(evaluated.score.value().into());
        }
    }
}

impl Http {
    fn new(known: &Registering<'_>) -> Result<Self, Error> {
        Ok(Self {
            requests: known.histograms(
                "photocheck_http_request_seconds",
                "Time from a request's header to its answer's.",
                &REQUEST_S,
                &["method", "route", "status"],
            )?,
            problems: known.counters(
                "photocheck_http_problems_total",
                "Answers that were problems, by their code (docs/errors.md).",
                &["code"],
            )?,
        })
    }
}

impl Checking {
    fn new(known: &Registering<'_>) -> Result<Self, Error> {
        let checking = Self {
            stages: known.histograms(
                "photocheck_check_stage_seconds",
                "Time of each stage of a check.",
                &STAGE_S,
                &["stage"],
            )?,
            verdicts: known.counters(
                "photocheck_checks_total",
                "Checks, by verdict.",
                &["verdict"],
            )?,
            of_tenants: known.counters(
                "photocheck_tenant_checks_total",
                "Checks, by the number of the tenant and verdict.",
                &["tenant", "verdict"],
            )?,
            tenants: Mutex::default(),
            reasons: known.counters(
                "photocheck_check_reasons_total",
                "Reasons of verdicts, by their code.",
                &["code"],
            )?,
            scores: known.histogram(
                "photocheck_synthetic_score",
                "Scores of the synthetic-face detector, of photos that have one.",
                &ScoreBin::all().map(ScoreBin::end).collect::<Vec<_>>(),
            )?,
            gate_wait: known.histogram(
                "photocheck_gate_wait_seconds",
                "Time that a photo which has arrived waits for a core.",
                &REQUEST_S,
            )?,
        };
        // Rates are right from the first check only of series that were there before it.
        for verdict in Verdict::ALL {
            checking.verdicts.with_label_values(&[verdict.name()]).inc_by(0);
        }
        Ok(checking)
    }
}

impl Checking {
    /// The number of a tenant; the same text for all beyond the first so many.
    fn tenant_label(&self, tenant: TenantId) -> String {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        if tenants.len() < TENANTS_MAX || tenants.contains(&tenant) {
            tenants.insert(tenant);
            return tenant.0.to_string();
        }
        "other".to_owned()
    }
}

impl Finished {
    const ALL: [Self; 3] = [Self::Done, Self::Failed, Self::PutBack];

    fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::PutBack => "put_back",
        }
    }
}

impl Delivery {
    const ALL: [Self; 4] = [Self::Arrived, Self::Failed, Self::Dead, Self::NotTried];

    fn name(self) -> &'static str {
        match self {
            Self::Arrived => "arrived",
            Self::Failed => "failed",
            Self::Dead => "dead",
            Self::NotTried => "not_tried",
        }
    }
}

impl Work {
    fn new(known: &Registering<'_>) -> Result<Self, Error> {
        let read_ago = Gauge::new(
            "photocheck_queues_age_seconds",
            "Time since the database said what waits.",
        )?;
        known.0.register(Box::new(read_ago.clone()))?;
        let work = Self {
            checks: known.gauges(
                "photocheck_waiting_checks",
                "Accepted checks that are not finished, of all machines.",
                &["state"],
            )?,
            check_oldest: known.gauge(
                "photocheck_waiting_check_oldest_seconds",
                "Time since the oldest of these was accepted.",
            )?,
            messages: known.gauges(
                "photocheck_webhook_messages",
                "Messages of webhooks that have not arrived, of all machines.",
                &["state"],
            )?,
            message_oldest: known.gauge(
                "photocheck_webhook_message_oldest_seconds",
                "Time since the oldest of these was written.",
            )?,
            read_ago,
            read_at: Mutex::new(Instant::now()),
            finished: known.counters(
                "photocheck_waiting_checks_finished_total",
                "Checks done later by this machine, by what came of them.",
                &["outcome"],
            )?,
            deliveries: known.counters(
                "photocheck_webhook_deliveries_total",
                "Messages sent by this machine, by what came of that.",
                &["outcome"],
            )?,
        };
        for finished in Finished::ALL {
            work.finished.with_label_values(&[finished.name()]).inc_by(0);
        }
        for delivery in Delivery::ALL {
            work.deliveries.with_label_values(&[delivery.name()]).inc_by(0);
        }
        Ok(work)
    }

    /// Takes over what waits. What the database did not say in time stays as it was.
    fn set(&self, queues: Option<Queues>) {
        let mut read_at = self.read_at.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Queues { checks, messages }) = queues {
            set_queue(&self.checks, &self.check_oldest, checks);
            set_queue(&self.messages, &self.message_oldest, messages);
            *read_at = Instant::now();
        }
        self.read_ago.set(read_at.elapsed().as_secs_f64());
    }
}

fn set_queue(states: &IntGaugeVec, oldest: &IntGauge, queue: Queue) {
    let Queue { waiting, put_back, under_way, oldest_s } = queue;
    for (state, count) in [("waiting", waiting), ("put_back", put_back), ("under_way", under_way)] {
        states.with_label_values(&[state]).set(count);
    }
    oldest.set(oldest_s);
}

impl State {
    fn new(known: &Registering<'_>) -> Result<Self, Error> {
        let index_age = Gauge::new(
            "photocheck_index_age_seconds",
            "Time since the index was known to be up to date.",
        )?;
        known.0.register(Box::new(index_age.clone()))?;
        Ok(Self {
            gate_places: known.gauges(
                "photocheck_gate_places",
                "Places at the gate: photos being checked, waiting, and free places.",
                &["state"],
            )?,
            index_hashes: known.gauge("photocheck_index_hashes", "Hashes that can be found.")?,
            index_generation: known.gauge(
                "photocheck_index_generation",
                "Generation of the banks that the index shows.",
            )?,
            index_age,
        })
    }
}

/// Measures one stage after another.
#[derive(Debug)]
pub struct Stages<'a> {
    metrics: &'a Metrics,
    begun: Instant,
}

impl Stages<'_> {
    /// Notes that a stage is done; the next one begins.
    pub(super) fn done(&mut self, stage: Stage) {
        let now = Instant::now();
        let took = now.duration_since(self.begun);
        self.metrics.checking.stages.with_label_values(&[stage.name()]).observe(took.as_secs_f64());
        self.begun = now;
    }
}

impl Metrics {
    /// All metrics in Prometheus' text format.
    ///
    /// # Errors
    /// When one of them cannot be written.
    pub(super) fn write(&self, now: Moment) -> Result<String, Error> {
        let Moment { usage, hashes, generation, index_age, queues, judged } = now;
        self.work.set(queues);
        if let Some(judged) = judged {
            self.quality.set(&judged);
        }
        let Usage { working, waiting, free } = usage;
        for (state, count) in [("working", working), ("waiting", waiting), ("free", free)] {
            self.state.gate_places.with_label_values(&[state]).set(signed(count));
        }
        self.state.index_hashes.set(signed(hashes));
        self.state.index_generation.set(generation);
        self.state.index_age.set(index_age.as_secs_f64());
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Makes metrics and registers them.
struct Registering<'a>(&'a Registry);

impl Registering<'_> {
    fn histograms(
        &self,
        name: &str,
        help: &str,
        buckets: &[f64],
        labels: &[&str],
    ) -> Result<HistogramVec, Error> {
        let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
        let made = HistogramVec::new(options, labels)?;
        self.0.register(Box::new(made.clone()))?;
        Ok(made)
    }

    fn histogram(&self, name: &str, help: &str, buckets: &[f64]) -> Result<Histogram, Error> {
        let made = Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec()))?;
        self.0.register(Box::new(made.clone()))?;
        Ok(made)
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec, Error> {
        let made = IntCounterVec::new(Opts::new(name, help), labels)?;
        self.0.register(Box::new(made.clone()))?;
        Ok(made)
    }

    fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntGaugeVec, Error> {
        let made = IntGaugeVec::new(Opts::new(name, help), labels)?;
        self.0.register(Box::new(made.clone()))?;
        Ok(made)
    }

    fn gauge(&self, name: &str, help: &str) -> Result<IntGauge, Error> {
        let made = IntGauge::new(name, help)?;
        self.0.register(Box::new(made.clone()))?;
        Ok(made)
    }
}
