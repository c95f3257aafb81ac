//! What photocheck can do, written once for every way in.
//!
//! [`App::open`] opens everything once: models and policy, the database, the index, the gate,
//! sightings, and who may use the banks. Its operations are methods, each in the file of its
//! subject; each brings the index up to date itself. The HTTP service, the command line and the
//! tests only translate between their words and these calls.
//!
//! [`banks::Banks`] and [`tenants::Tenants`] are the parts that need no model: the commands that
//! manage banks, tenants and keys open them alone.

pub mod access;
pub mod appeals;
pub mod audit;
pub mod bank_file;
pub mod bank_photo;
mod bank_reviewed;
pub mod banks;
pub mod callers;
pub mod check;
pub mod deliveries;
pub mod drift;
pub mod drift_gauges;
pub mod error;
mod following_scores;
pub mod gate;
pub mod idempotency;
pub mod idempotent_answers;
pub mod insight;
pub mod later;
pub mod limits;
pub mod live_index;
pub mod lookup;
pub mod metrics;
pub mod models;
pub mod own_policy;
pub mod policies;
pub mod quality;
pub mod quality_metrics;
pub mod receipts;
pub mod retro_match;
pub mod reviewers;
pub mod reviews;
pub mod scores;
pub mod sending;
pub mod shadow;
pub mod sightings;
pub mod snapshot_file;
pub mod statements;
pub mod tenants;
pub mod transfer;
pub mod usage;
pub mod waiting_checks;
pub mod waiting_photo;
pub mod webhooks;
pub mod worker;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use photocheck_core::checker::Checker;
use photocheck_core::matching::index::Index;
use photocheck_core::signals::KnownPhoto;
use photocheck_core::verdict::PolicyVersion;
use tokio::time::timeout;

use crate::config::{Config, Lookups};
use crate::fetch::{Addresses, Fetcher};
use crate::receipts::SigningKeys;
use crate::store::{Store, StoreError};
use crate::tenancy::{Caller, TenantId};
use crate::traces::Spans;
use access::BankAccess;
use banks::Banks;
use callers::Callers;
use deliveries::Deliveries;
use drift::Drifts;
use error::{AppError, Failure};
use gate::Gate;
use idempotency::IdempotentCalls;
use later::Later;
use live_index::{LiveIndex, View};
use metrics::{Metrics, Moment};
use own_policy::PolicyReader;
use policies::Policies;
use scores::Scores;
use shadow::Shadow;
use sightings::Sightings;
use tenants::Tenants;
use usage::Usage;
use worker::Worker;

/// Time for the database to say what waits, when metrics are read.
const QUEUES_READ_MAX: Duration = Duration::from_secs(2);

/// See the module's text. Cheap to clone.
#[derive(Debug, Clone)]
pub struct App {
    banks: Banks,
    checker: Arc<Checker>,
    gate: Gate,
    /// `None` where the operator has not opted in.
    sightings: Option<Sightings>,
    callers: Callers,
    usage: Usage,
    scores: Scores,
    drifts: Drifts,
    later: Later,
    idempotent_calls: IdempotentCalls,
    policies: Policies,
    worker: Worker,
    deliveries: Deliveries,
    /// Where webhooks may be sent.
    webhook_addresses: Arc<Addresses>,
    /// `None` where photos are not taken by URL.
    fetcher: Option<Fetcher>,
    /// `None` where no receipts are signed.
    receipt_keys: Option<SigningKeys>,
    metrics: Arc<Metrics>,
    spans: Spans,
    /// `None` where no candidate checks photos too.
    shadow: Option<Shadow>,
}

/// What answers rest on at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    pub model: String,
    pub policy: Arc<PolicyVersion>,
    /// `None` where calls need a key: how much tenants have is nobody else's business.
    pub compared: Option<Compared>,
    /// Generation of the banks that the index shows.
    pub generation: i64,
    /// Milliseconds since the index was known to be up to date.
    pub index_age_ms: u128,
}

/// What photos are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compared {
    /// What a photo with enough detail is compared with.
    pub known_photo: KnownPhoto,
    /// Hashes that can be found.
    pub hashes: usize,
}

impl App {
    /// Loads and opens everything.
    ///
    /// # Errors
    /// When models, policy or database cannot be had, or sightings cannot be kept.
    pub async fn open(config: Config) -> anyhow::Result<Self> {
        // First what fails at once: loading the models takes seconds.
        let store = open_store(&config).await?;
        let checker = Arc::new(models::load_checker(&config.models)?);
        Self::assemble(store, checker, config).await
    }

    /// The same with models that are loaded already.
    ///
    /// # Errors
    /// When the database cannot be had, or sightings cannot be kept.
    pub async fn open_with(checker: Arc<Checker>, config: Config) -> anyhow::Result<Self> {
        let store = open_store(&config).await?;
        Self::assemble(store, checker, config).await
    }

    async fn assemble(store: Store, checker: Arc<Checker>, config: Config) -> anyhow::Result<Self> {
        let need_keys = config.require_keys || store.keys_required().await?;
        let access = BankAccess::open(config.access, store.file(), need_keys)?;
        let live = match config.lookups {
            Lookups::Sightings if !store.has_sightings().await? => None,
            Lookups::Sightings | Lookups::All => {
                let quality_min = checker.matcher().thresholds().pdq_quality_min;
                Some(LiveIndex::load(store.clone(), quality_min).await?)
            }
        };
        let sightings = match (config.sightings, &live) {
            (Some(config), Some(live)) => {
                let (store, live) = (store.clone(), live.clone());
                let opened = Sightings::open(config, store, live, Arc::clone(&checker)).await;
                Some(opened.context("sightings cannot be kept (--sightings-bank)")?)
            }
            _ => None,
        };
        let gate = Gate::new(config.gate.cores, config.gate.waiting_max);
        let metrics = Metrics::new(checker.model(), &checker.policy().version().to_string());
        let metrics = Arc::new(metrics.context("the metrics cannot be kept")?);
        let callers = Callers::new(store.clone(), live.clone(), access, config.require_keys);
        let usage = Usage::new(store.clone());
        let drifts = Drifts::new(store.clone(), &config.models)?;
        let scores = Scores::new(store.clone(), checker.model());
        let later = Later::new(store.clone(), config.later);
        let idempotent_calls = IdempotentCalls::new(store.clone(), later.clone());
        let worker = Worker::new(config.gate.cores);
        let webhook_addresses = Arc::new(config.webhook_addresses);
        let fetcher = config.fetch.map(Fetcher::new).transpose();
        let fetcher = fetcher.context("photos cannot be fetched")?;
        let reader = PolicyReader::open(&config.models)?;
        let policies = Policies::new(store.clone(), live.clone(), reader);
        let spans = config.otlp.as_ref().map(Spans::start).transpose()?.unwrap_or_default();
        let load = |it| Shadow::load(store.clone(), (&checker, &config.models), it);
        let shadow = config.shadow.as_ref().map(load);
        let shadow = shadow.transpose().context("the candidate cannot be loaded")?;
        let banks = Banks::new(store, live);
        Ok(Self {
            banks,
            checker,
            gate,
            sightings,
            callers,
            usage,
            scores,
            drifts,
            later,
            idempotent_calls,
            policies,
            worker,
            deliveries: Deliveries::new(),
            webhook_addresses,
            fetcher,
            receipt_keys: config.receipt_keys,
            metrics,
            spans,
            shadow,
        })
    }

    /// Follows what other processes change, does what waits, and deletes what is over its
    /// retention, until the database is closed.
    pub fn follow(&self) {
        if let Some(live) = self.banks.live().cloned() {
            tokio::spawn(async move { live.follow().await });
        }
        if let Some(sightings) = self.sightings.clone() {
            tokio::spawn(async move { sightings.follow().await });
        }
        let usage = self.usage.clone();
        tokio::spawn(async move { usage.follow().await });
        let counting = self.clone();
        tokio::spawn(async move { counting.follow_scores().await });
        let working = self.clone();
        tokio::spawn(async move { working.do_waiting_checks().await });
        let telling = self.clone();
        tokio::spawn(async move { telling.deliver_webhooks().await });
    }

    /// Whether answers would be right at the moment, and what they would rest on.
    ///
    /// # Errors
    /// When the database was replaced, or lookups may be out of date.
    pub fn readiness(&self) -> Result<Readiness, AppError> {
        self.store().in_place()?;
        let live = self.banks.live();
        let index_age_ms = live.map_or(0, |live| live.age().as_millis());
        if live.is_some_and(LiveIndex::is_stale) {
            return Err(Failure::IndexStale { age_ms: index_age_ms }.into());
        }
        let index = self.index();
        Ok(Readiness {
            model: self.checker.model().to_owned(),
            policy: Arc::clone(self.checker.policy().version()),
            compared: (!self.callers.need_keys()).then(|| {
                let View { index, scope } = self.banks.view();
                let known_photo = KnownPhoto::by(&index, &scope);
                Compared { known_photo, hashes: index.len() }
            }),
            generation: index.generation(),
            index_age_ms,
        })
    }

    /// What photos are judged with.
    #[must_use]
    pub fn checker(&self) -> &Arc<Checker> {
        &self.checker
    }

    /// How much may be done at once.
    #[must_use]
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Sightings, where the operator has opted in.
    #[must_use]
    pub fn sightings(&self) -> Option<&Sightings> {
        self.sightings.as_ref()
    }

    /// The banks of a tenant.
    #[must_use]
    pub fn banks(&self, tenant: TenantId) -> Banks {
        self.banks.of(tenant)
    }

    /// The banks of the caller's tenant: what is done to them is written down as the caller's.
    #[must_use]
    pub fn banks_by(&self, caller: &Caller) -> Banks {
        self.banks.by(caller)
    }

    /// The database.
    #[must_use]
    pub fn store(&self) -> &Store {
        self.banks.store()
    }

    /// The index that follows it, where this program looks photos up.
    #[must_use]
    pub fn live(&self) -> Option<&LiveIndex> {
        self.banks.live()
    }

    /// Tenants and keys.
    #[must_use]
    pub fn tenants(&self) -> Tenants {
        Tenants::new(self.store().clone(), self.live().cloned(), self.callers.clone())
    }

    /// Policies of tenants.
    #[must_use]
    pub fn policies(&self) -> &Policies {
        &self.policies
    }

    /// Who calls.
    #[must_use]
    pub fn callers(&self) -> &Callers {
        &self.callers
    }

    /// How much keys are used.
    #[must_use]
    pub fn usage(&self) -> &Usage {
        &self.usage
    }

    /// Which scores photos have.
    #[must_use]
    pub fn scores(&self) -> &Scores {
        &self.scores
    }

    /// How far they lie from those that the model was measured on.
    #[must_use]
    pub fn drifts(&self) -> &Drifts {
        &self.drifts
    }

    /// Checks that are done later.
    #[must_use]
    pub fn later(&self) -> &Later {
        &self.later
    }

    /// Calls that are done once.
    #[must_use]
    pub fn idempotent_calls(&self) -> &IdempotentCalls {
        &self.idempotent_calls
    }

    /// What does checks that wait.
    #[must_use]
    pub fn worker(&self) -> &Worker {
        &self.worker
    }

    /// What sends webhooks.
    #[must_use]
    pub fn deliveries(&self) -> &Deliveries {
        &self.deliveries
    }

    /// Where webhooks may be sent.
    #[must_use]
    pub fn webhook_addresses(&self) -> &Addresses {
        &self.webhook_addresses
    }

    /// What fetches photos; `None` where they are not taken by URL.
    #[must_use]
    pub fn fetcher(&self) -> Option<&Fetcher> {
        self.fetcher.as_ref()
    }

    /// What signs receipts; `None` where none are signed.
    #[must_use]
    pub fn receipt_keys(&self) -> Option<&SigningKeys> {
        self.receipt_keys.as_ref()
    }

    /// What is measured.
    #[must_use]
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// What exports spans, where the operator asked for it.
    #[must_use]
    pub fn spans(&self) -> &Spans {
        &self.spans
    }

    /// The candidate that checks photos too; `None` where there is none.
    #[must_use]
    pub fn shadow(&self) -> Option<&Shadow> {
        self.shadow.as_ref()
    }

    /// All that is measured, as it is now, in Prometheus' text format. A database that is slow to
    /// say what waits keeps nobody from the rest.
    ///
    /// # Errors
    /// When a metric cannot be written.
    pub async fn write_metrics(&self) -> Result<String, prometheus::Error> {
        let (queues, judged) = tokio::join!(
            timeout(QUEUES_READ_MAX, self.store().queues()),
            timeout(QUEUES_READ_MAX, self.store().judged_everywhere()),
        );
        let index = self.index();
        self.metrics.write(Moment {
            usage: self.gate.usage(),
            hashes: index.len(),
            generation: index.generation(),
            index_age: self.banks.live().map_or(Duration::ZERO, LiveIndex::age),
            queues: queues.ok().and_then(Result::ok),
            judged: judged.ok().and_then(Result::ok),
        })
    }

    /// The newest index.
    #[must_use]
    pub fn index(&self) -> Arc<Index> {
        self.live().map(LiveIndex::index).unwrap_or_default()
    }

    /// Waits for what is under way and closes the database.
    pub async fn close(&self) {
        self.stop_working().await;
        if let Err(error) = self.usage.write(true).await {
            tracing::warn!(%error, "the use of keys could not be written down");
        }
        if let Err(error) = self.scores.write().await {
            tracing::warn!(%error, "scores of photos could not be written down");
        }
        let spans = self.spans.clone();
        // It waits for the collector, on a thread that may.
        let _ = tokio::task::spawn_blocking(move || spans.finish()).await;
        self.banks.close().await;
    }
}

async fn open_store(config: &Config) -> Result<Store, StoreError> {
    Store::open_with(&config.database.url, config.database.opening.clone()).await
}
