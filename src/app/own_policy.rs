//! A tenant's own policy: what may be in it.
//!
//! A tenant weighs each reason as it likes, and may set the thresholds that judge: from which score
//! and from how many accounts on something counts. How photos are compared is the operator's: one
//! index is made for all tenants, by the thresholds of one policy.

use anyhow::Context;
use photocheck_core::verdict::Policy;

use super::error::PolicyNotValid;
use super::models;
use crate::config::{BundledPolicy, ModelsConfig};

/// Bytes of a policy: the bundled ones, with all their comments, have a tenth of that.
pub const POLICY_BYTES_MAX: usize = 16 * 1024;

/// Sections of a policy file that a tenant does not have.
const OF_OPERATOR: [&str; 2] = ["known_photo", "quarantine"];

/// Reads policies of tenants.
#[derive(Debug)]
pub struct PolicyReader {
    /// What all policies share, and its version.
    thresholds: String,
    version: String,
    model: String,
}

impl PolicyReader {
    /// A reader of policies for the operator's model and thresholds.
    ///
    /// # Errors
    /// When these cannot be read.
    pub fn open(config: &ModelsConfig) -> anyhow::Result<Self> {
        let thresholds = models::shared_thresholds(&config.policy).context("the policy")?;
        let table: toml::Table = thresholds.parse().context("the thresholds")?;
        let version = table.get("version").and_then(toml::Value::as_str).unwrap_or_default();
        let model = models::model_name(config.model.as_deref())?;
        Ok(Self { version: version.to_owned(), thresholds, model })
    }

    /// The version of the thresholds that policies share.
    #[must_use]
    pub fn thresholds_version(&self) -> &str {
        &self.version
    }

    /// Reads the policy of a tenant: the name of a bundled one, or a policy file.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn read(&self, text: &str) -> Result<Policy, PolicyNotValid> {
        if POLICY_BYTES_MAX < text.len() {
            let bytes = text.len();
            let fault = format!("it has {bytes} bytes, the limit is {POLICY_BYTES_MAX}");
            return Err(PolicyNotValid(vec![fault]));
        }
        if let Some(bundled) = BundledPolicy::from_name(text) {
            let read = Policy::load(&self.thresholds, models::bundled(bundled), &self.model);
            return read.map_err(|error| PolicyNotValid(faults(&error.0)));
        }
        let mut found = Vec::new();
        if let Ok(own) = text.parse::<toml::Table>() {
            let of_operator = OF_OPERATOR.into_iter().filter(|name| own.contains_key(*name));
            found.extend(of_operator.map(|name| {
                format!("{name} is the operator's: photos of all tenants are compared by it")
            }));
            let name = own.get("name").and_then(toml::Value::as_str).unwrap_or_default();
            if BundledPolicy::from_name(name).is_some() {
                found.push(format!("its name must not be {name}, as a bundled one's"));
            }
        }
        match Policy::load(&self.thresholds, text, &self.model) {
            Ok(policy) if found.is_empty() => Ok(policy),
            Ok(_) => Err(PolicyNotValid(found)),
            Err(error) => {
                found.extend(faults(&error.0));
                Err(PolicyNotValid(found))
            }
        }
    }
}

fn faults(faults: &[impl ToString]) -> Vec<String> {
    faults.iter().map(ToString::to_string).collect()
}
