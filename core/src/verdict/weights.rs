//! Weights: the verdict that a policy makes of each reason alone.

use std::collections::BTreeMap;

use super::code::{Code, Verdict};
use super::error::PolicyFault;

/// The table `weights` of a policy file: a verdict for each reason that a policy may weigh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Weights(BTreeMap<Code, Verdict>);

impl Weights {
    /// The weight of a reason of this code; `clear` for what no policy weighs.
    pub fn of(&self, code: Code) -> Verdict {
        self.0.get(&code).copied().unwrap_or(Verdict::Clear)
    }

    /// Reads the table. All that is wrong in it becomes a fault; what is read is whole if there is
    /// none.
    pub fn read(table: &toml::Table, faults: &mut Vec<PolicyFault>) -> Self {
        for name in table.keys() {
            match Code::from_name(name).map(Code::weight_max) {
                Some(Some(_)) => {}
                Some(None) => faults.push(PolicyFault::NeverWeighed(name.clone())),
                None => faults.push(PolicyFault::NoSuchReason(name.clone())),
            }
        }
        let mut weights = BTreeMap::new();
        for code in Code::ALL {
            let Some(most) = code.weight_max() else { continue };
            match table.get(code.name()) {
                None => faults.push(PolicyFault::WeightMissing(code)),
                Some(value) => match value.as_str().and_then(Verdict::from_name) {
                    Some(weight) if weight <= most => {
                        weights.insert(code, weight);
                    }
                    Some(weight) => faults.push(PolicyFault::TooSevere { code, weight, most }),
                    None => {
                        faults.push(PolicyFault::NoVerdict { code, value: value.to_string() });
                    }
                },
            }
        }
        Self(weights)
    }
}
