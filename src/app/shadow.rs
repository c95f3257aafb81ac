//! A candidate, a model or a policy or both, that checks a share of the photos beside what is in
//! force. Its answers are recorded and compared; nobody is shown them.
//!
//! It begins when a check was answered, one photo at a time, on a core that is idle, and takes no
//! place of the queue: a photo that comes meanwhile waits for one check of it at most. Photos of
//! tenants with a policy of their own are left out: the candidate is one for what the operator
//! decided.

use std::sync::Arc;

use photocheck_core::checker::Checker;
use photocheck_core::photo::PhotoError;
use photocheck_core::report::Report;
use photocheck_core::signals::{Score, Synthetic};
use tokio::sync::Semaphore;

use super::error::AppError;
use super::gate::Gate;
use super::live_index::View;
use super::models;
use super::tenants::Tenants;
use crate::clock;
use crate::config::{ModelsConfig, ShadowConfig};
use crate::share::Share;
use crate::store::{ShadowAnswer, ShadowCount, ShadowSide, Store};
use crate::tenancy::{Caller, TenantId};

/// See the module's text. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Shadow {
    store: Store,
    checker: Arc<Checker>,
    in_force: Arc<str>,
    candidate: Arc<str>,
    share: Share,
    /// A photo at a time.
    turn: Arc<Semaphore>,
}

/// What candidates made of a tenant's photos.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShadowReport {
    pub counts: Vec<ShadowCount>,
    /// The newest first.
    pub changes: Vec<ShadowAnswer>,
}

impl Shadow {
    /// Loads a candidate beside what is in force.
    ///
    /// # Errors
    /// When its model or policy cannot be read, do not belong together, or are those in force.
    pub(super) fn load(
        store: Store,
        (live, in_force): (&Arc<Checker>, &ModelsConfig),
        config: &ShadowConfig,
    ) -> anyhow::Result<Self> {
        // A model takes half a gigabyte: the one that is there is shared.
        let checker = if config.models.model == in_force.model {
            live.with_policy(models::load_policy(&config.models.policy, live.model())?)
        } else {
            let name = models::model_name(config.models.model.as_deref())?;
            anyhow::ensure!(name != live.model(), "its model has the name in force, {name}");
            models::load_checker(&config.models)?
        };
        let (in_force, candidate) = (name(live), name(&checker));
        anyhow::ensure!(in_force != candidate, "the candidate is what is in force: {candidate}");
        let turn = Arc::new(Semaphore::new(1));
        Ok(Self {
            store,
            checker: Arc::new(checker),
            in_force: in_force.into(),
            candidate: candidate.into(),
            share: config.share,
            turn,
        })
    }
}

/// A model and a policy, each with its version.
fn name(checker: &Checker) -> String {
    format!("{}, {}", checker.model(), checker.policy().version())
}

impl Shadow {
    /// Checks a photo that was answered, if it is drawn and nobody has to wait for it.
    pub(super) fn check(
        &self,
        (gate, caller): (&Gate, &Caller),
        view: View,
        photo: impl AsRef<[u8]> + Send + 'static,
        live: &Report,
    ) {
        if !self.share.draw() {
            return;
        }
        let Ok(turn) = Arc::clone(&self.turn).try_acquire_owned() else { return };
        let Some(place) = gate.enter_idle(caller) else { return };
        let (shadow, tenant) = (self.clone(), caller.tenant);
        let (live_side, seen) = (side(live), live.signals.seen.clone());
        let sha256 = hex::encode(live.photo.digest.0);
        tokio::spawn(async move {
            let _turn = turn;
            let checker = Arc::clone(&shadow.checker);
            let checked = place.run(move || {
                let View { index, scope } = view;
                let examined = checker.examine(photo.as_ref(), &index, &scope)?;
                Ok::<_, PhotoError>(checker.report(examined, seen, checker.policy()))
            });
            match checked.await {
                Ok(Ok(report)) => {
                    let answer = shadow.answer(sha256, live_side, side(&report));
                    if let Err(error) = shadow.store.add_shadow(tenant, &answer).await {
                        tracing::warn!(%error, "a candidate's answer could not be recorded");
                    }
                }
                Ok(Err(error)) => tracing::warn!(%error, "a candidate refused a photo"),
                Err(error) => tracing::error!(%error, "a candidate failed on a photo"),
            }
        });
    }

    fn answer(&self, sha256: String, live: ShadowSide, shadow: ShadowSide) -> ShadowAnswer {
        ShadowAnswer {
            at: clock::now_s(),
            in_force: self.in_force.to_string(),
            candidate: self.candidate.to_string(),
            sha256,
            live,
            shadow,
        }
    }
}

fn side(report: &Report) -> ShadowSide {
    let score_thousandths = match &report.signals.synthetic {
        Synthetic::Evaluated(evaluated) => Some(thousandths(evaluated.score)),
        Synthetic::NotApplicable { .. } | Synthetic::UnableToEvaluate { .. } => None,
    };
    ShadowSide { verdict: report.verdict.name().to_owned(), score_thousandths }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a score lies between 0 and 1"
)]
fn thousandths(score: Score) -> u16 {
    (score.value() * 1000.0).round() as u16
}

impl Tenants {
    /// What candidates made of a tenant's photos, with the newest `changes_max` that had two
    /// verdicts.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn shadow_report(
        &self,
        tenant: TenantId,
        changes_max: u32,
    ) -> Result<ShadowReport, AppError> {
        let counts = self.store().shadow_counts(tenant).await?;
        let changes = self.store().shadow_changes(tenant, changes_max).await?;
        Ok(ShadowReport { counts, changes })
    }
}
