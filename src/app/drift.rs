//! How far the scores of a tenant's photos lie from those that the model was measured on, by day.

use std::collections::BTreeMap;
use std::sync::Arc;

use photocheck_core::evaluation::drift::{CardScores, Drift, ScoreCounts};

use super::error::AppError;
use super::models;
use crate::clock;
use crate::config::{DatabaseConfig, ModelsConfig};
use crate::store::Store;
use crate::tenancy::TenantId;

/// See the module's text. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Drifts {
    store: Store,
    model: Arc<str>,
    /// `None` of a model that has no scores to compare with.
    card: Option<Arc<CardScores>>,
}

/// The scores of some days, and how far they lie from the card's.
#[derive(Debug, Clone, PartialEq)]
pub struct DriftOfDays {
    /// Days since 1970, UTC, today included; those without a score too.
    pub days: Vec<(i64, ScoresWithDrift)>,
    pub together: ScoresWithDrift,
}

/// Scores, and how far they lie from the card's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoresWithDrift {
    pub scores: ScoreCounts,
    /// `None` where they are too few, or there is no card.
    pub drift: Option<Drift>,
}

impl Drifts {
    /// Of what is kept in this database, by this model.
    ///
    /// # Errors
    /// When what is known of the model cannot be read.
    pub(super) fn new(store: Store, config: &ModelsConfig) -> anyhow::Result<Self> {
        let model = config.model.as_deref();
        let card = models::load_card_scores(model)?.map(Arc::new);
        Ok(Self { store, model: models::model_name(model)?.into(), card })
    }

    /// The same, without the rest of the app.
    ///
    /// # Errors
    /// When the database cannot be opened, or what is known of the model cannot be read.
    pub async fn open(database: &DatabaseConfig, config: &ModelsConfig) -> anyhow::Result<Self> {
        let store = Store::open_with(&database.url, database.opening.clone()).await?;
        Self::new(store, config)
    }

    /// The database.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The model whose scores these are.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The scores that it was measured with.
    #[must_use]
    pub fn card(&self) -> Option<&CardScores> {
        self.card.as_deref()
    }

    /// Of a tenant, so many days up to today.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of_days(&self, tenant: TenantId, count: u16) -> Result<DriftOfDays, AppError> {
        let today = clock::today();
        let from = today - i64::from(count.max(1)) + 1;
        let found = self.store.scores_of(tenant, &self.model, from).await?;
        let mut together = ScoreCounts::default();
        let days = (from..=today).map(|day| {
            let scores = found.get(&day).copied().unwrap_or_default();
            together.add_all(&scores);
            (day, self.measured(scores))
        });
        let days = days.collect();
        Ok(DriftOfDays { days, together: self.measured(together) })
    }

    /// Of every tenant with enough scores, on the last whole day.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of_yesterday(&self) -> Result<BTreeMap<TenantId, Drift>, AppError> {
        let Some(card) = &self.card else { return Ok(BTreeMap::new()) };
        let scores = self.store.scores_on(clock::today() - 1, &self.model).await?;
        let drifts = scores.into_iter().map(|(tenant, scores)| (tenant, card.drift(&scores)));
        Ok(drifts.filter_map(|(tenant, drift)| Some((tenant, drift?))).collect())
    }

    fn measured(&self, scores: ScoreCounts) -> ScoresWithDrift {
        let drift = self.card.as_ref().and_then(|card| card.drift(&scores));
        ScoresWithDrift { scores, drift }
    }
}
