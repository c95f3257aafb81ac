//! Insight: what a tenant's checks found, how well people agree with that, and what waits.

use std::collections::{BTreeMap, BTreeSet};

use photocheck_core::verdict::Code;

use super::App;
use super::drift::DriftOfDays;
use super::error::AppError;
use super::live_index::LiveIndex;
use crate::clock::{self, DAY_S};
use crate::store::{Bank, CheckDay, Endpoint, Judgement, MessageState, QueueCounts, WaitingNow};
use crate::tenancy::TenantId;

/// Days whose scores are shown.
pub const SCORE_DAYS: u16 = 30;

/// Days whose checks are shown, at most: one may keep them for much longer.
const CHECK_DAYS_MAX: u16 = 30;

/// All that there is to see.
#[derive(Debug, Clone)]
pub struct Insight {
    /// Days whose checks are counted, today included.
    pub check_days: u16,
    /// Each of these days (since 1970, UTC), also those without a check.
    pub checks: Vec<(i64, CheckDay)>,
    /// How many flagged checks have each reason, the most frequent first.
    pub reasons: Vec<(Code, u64)>,
    pub scores: DriftOfDays,
    /// The share of each bin of scores that the model's card makes one expect; `None` where too few
    /// photos have a score.
    pub expected: Option<Vec<f64>>,
    pub banks: Vec<Bank>,
    pub agreement: Agreement,
    pub queue: QueueCounts,
    pub waiting: WaitingNow,
    pub index: IndexNow,
    pub webhooks: WebhooksNow,
}

/// How often people who judged the same check said the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Agreement {
    /// Decisions that stand, without those that only passed a check on.
    pub decisions: u64,
    /// Who made them.
    pub reviewers: u64,
    /// A reviewer, and before that the platform.
    pub with_platform: Pairs,
    /// A reviewer, and somebody else who decided the appeal.
    pub with_appeal: Pairs,
}

/// Checks that two judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pairs {
    pub both: u64,
    /// Of these, how many they said the same of.
    pub agreed: u64,
}

/// The index as it is in this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexNow {
    /// Seconds since it was known to be up to date.
    pub age_s: u64,
    pub generation: i64,
}

/// A tenant's webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WebhooksNow {
    pub endpoints: u64,
    /// Of these, where nothing arrives at the moment.
    pub failing: u64,
    pub switched_off: u64,
    /// Messages of the days that are shown.
    pub messages: [(MessageState, u64); 3],
}

impl App {
    /// What there is to see of a tenant.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insight(&self, tenant: TenantId) -> Result<Insight, AppError> {
        let store = self.store();
        let check_days = self.later().kept_days().clamp(1, CHECK_DAYS_MAX);
        let first_day = clock::today() - i64::from(check_days) + 1;
        let since_s = first_day * DAY_S;
        let found = store.check_days(tenant, since_s).await?;
        let day = |day: i64| (day, found.get(&day).copied().unwrap_or_default());
        let scores = self.drifts().of_days(tenant, SCORE_DAYS).await?;
        let expected = self.drifts().card().zip(scores.together.drift);
        let endpoints = store.endpoints(tenant).await?;
        let messages = store.message_counts(tenant, since_s).await?;
        Ok(Insight {
            check_days,
            checks: (first_day..=clock::today()).map(day).collect(),
            reasons: store.reason_counts(tenant, since_s).await?,
            expected: expected.map(|(card, drift)| card.mixed(drift.ai_share).to_vec()),
            scores,
            banks: store.banks(tenant).await?,
            agreement: Agreement::of(&store.judgements_since(tenant, since_s).await?),
            queue: store.review_counts(tenant).await?,
            waiting: store.waiting_now(tenant).await?,
            index: IndexNow {
                age_s: self.live().map_or(0, |live: &LiveIndex| live.age().as_secs()),
                generation: self.index().generation(),
            },
            webhooks: WebhooksNow::of(&endpoints, messages),
        })
    }
}

impl WebhooksNow {
    fn of(endpoints: &[Endpoint], messages: [(MessageState, u64); 3]) -> Self {
        let count = |is: fn(&&Endpoint) -> bool| endpoints.iter().filter(is).count() as u64;
        Self {
            endpoints: count(|_| true),
            failing: count(|it| it.failing_since.is_some() && it.switched_off_at.is_none()),
            switched_off: count(|it| it.switched_off_at.is_some()),
            messages,
        }
    }
}

impl Pairs {
    fn add(&mut self, agreed: bool) {
        self.both += 1;
        self.agreed += u64::from(agreed);
    }
}

impl Agreement {
    /// Of decisions, in their order for each check.
    fn of(judgements: &[Judgement]) -> Self {
        let mut agreement = Self::default();
        let mut reviewers = BTreeSet::new();
        let mut checks: BTreeMap<_, Vec<&Judgement>> = BTreeMap::new();
        for judgement in judgements {
            reviewers.insert(judgement.by.as_str());
            agreement.decisions += 1;
            checks.entry(judgement.check).or_default().push(judgement);
        }
        agreement.reviewers = reviewers.len() as u64;
        for decided in checks.values() {
            let [first, later @ ..] = decided.as_slice() else { continue };
            if let Some(said) = first.said_before {
                agreement.with_platform.add(said == first.is_right);
            }
            let appeal = later.iter().find(|it| it.is_of_appeal && it.by != first.by);
            if let Some(appeal) = appeal.filter(|_| !first.is_of_appeal) {
                agreement.with_appeal.add(appeal.is_right == first.is_right);
            }
        }
        agreement
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids;

    #[test]
    fn only_checks_that_two_people_judged_count() {
        let (first, second, third) = (ids::new_id(), ids::new_id(), ids::new_id());
        let judged = |check, by: &str, is_right, is_of_appeal, said_before| Judgement {
            check,
            by: by.to_owned(),
            is_right,
            is_of_appeal,
            said_before,
        };
        let agreement = Agreement::of(&[
            judged(first, "ann", true, false, Some(true)),
            // What was said before is ann's own word by now.
            judged(first, "bob", false, true, Some(true)),
            judged(second, "bob", true, false, Some(false)),
            judged(second, "bob", true, true, Some(true)),
            judged(third, "ann", true, true, None),
        ]);
        let expected = Agreement {
            decisions: 5,
            reviewers: 2,
            with_platform: Pairs { both: 2, agreed: 1 },
            with_appeal: Pairs { both: 1, agreed: 0 },
        };
        assert_eq!(agreement, expected);
        assert_eq!(Agreement::of(&[]), Agreement::default());
    }
}
