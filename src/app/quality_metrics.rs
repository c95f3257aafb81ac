//! How good verdicts are, for Prometheus: what people judged, by reason and by purpose of banks.

use photocheck_core::bank::Purpose;
use photocheck_core::verdict::Code;
use prometheus::{Error, IntGaugeVec, Opts, Registry};

use crate::store::{Judged, JudgedEverywhere};

/// See the module's text. Gauges, since what was judged goes with its check.
#[derive(Debug)]
pub(super) struct QualityMetrics {
    reasons: IntGaugeVec,
    purposes: IntGaugeVec,
}

impl QualityMetrics {
    /// Makes and registers them.
    pub(super) fn new(registry: &Registry) -> Result<Self, Error> {
        let reasons = Opts::new(
            "photocheck_judged_checks",
            "Kept checks that people judged, by the reasons of the verdict, and which it was.",
        );
        let purposes = Opts::new(
            "photocheck_judged_copies",
            "Those of them to which banked photos led, by the purpose of the bank.",
        );
        let made = Self {
            reasons: IntGaugeVec::new(reasons, &["code", "judgement"])?,
            purposes: IntGaugeVec::new(purposes, &["purpose", "judgement"])?,
        };
        registry.register(Box::new(made.reasons.clone()))?;
        registry.register(Box::new(made.purposes.clone()))?;
        Ok(made)
    }

    /// Takes over what was judged. A code that this program does not know has no label.
    pub(super) fn set(&self, judged: &JudgedEverywhere) {
        for code in Code::ALL {
            let found = judged.reasons.iter().find(|it| it.code == code.name());
            set(&self.reasons, code.name(), found.map(|it| it.judged));
        }
        for purpose in [Purpose::KnownFake, Purpose::Allow] {
            let found = judged.purposes.iter().find(|(its, _)| *its == purpose);
            set(&self.purposes, purpose.name(), found.map(|(_, judged)| *judged));
        }
    }
}

fn set(gauges: &IntGaugeVec, label: &str, judged: Option<Judged>) {
    let Judged { right, wrong } = judged.unwrap_or_default();
    for (judgement, count) in [("right", right), ("wrong", wrong)] {
        let gauge = gauges.with_label_values(&[label, judgement]);
        gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
    }
}
