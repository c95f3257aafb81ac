//! What Prometheus sees of drift: how far the scores of each tenant's photos lie from the card's.

use std::collections::BTreeMap;

use photocheck_core::evaluation::drift::Drift;
use prometheus::{Error, GaugeVec, Opts, Registry};

use crate::tenancy::TenantId;

/// Tenants that are shown: those with the lowest numbers.
const TENANTS_MAX: usize = 500;

/// See the module's text.
#[derive(Debug)]
pub struct DriftGauges {
    distance: GaugeVec,
    ai_share: GaugeVec,
}

impl DriftGauges {
    /// Makes them and registers them.
    pub(super) fn new(registry: &Registry) -> Result<Self, Error> {
        let gauge = |name: &str, help: &str| {
            let made = GaugeVec::new(Opts::new(name, help), &["tenant"])?;
            registry.register(Box::new(made.clone()))?;
            Ok::<_, Error>(made)
        };
        Ok(Self {
            distance: gauge(
                "photocheck_score_drift",
                "Population stability index of the scores of the last whole day (UTC) against the \
                 model card's, by the number of the tenant.",
            )?,
            ai_share: gauge(
                "photocheck_score_ai_share",
                "Share of AI-made photos that explains these scores best.",
            )?,
        })
    }

    /// Shows these, and no others.
    pub(super) fn show(&self, drifts: &BTreeMap<TenantId, Drift>) {
        self.distance.reset();
        self.ai_share.reset();
        for (tenant, drift) in drifts.iter().take(TENANTS_MAX) {
            let tenant = tenant.0.to_string();
            self.distance.with_label_values(&[&tenant]).set(drift.distance);
            self.ai_share.with_label_values(&[&tenant]).set(drift.ai_share);
        }
    }
}
