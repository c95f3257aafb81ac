//! The thresholds: from which number on a signal counts, and what that costs honest people.
//!
//! They are written once, in a file of their own. A policy file may have a section of the same
//! name, which then replaces the one here.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::PolicyFault;
use super::quarantine::HubRule;
use super::synthetic::ScoreThresholds;
use crate::matching::{self, OutOfRange};

/// The sections of the file.
pub(super) const SECTIONS: [&str; 4] = ["known_photo", "seen", "quarantine", "synthetic_face"];

/// See the module's text.
#[derive(Debug, Clone)]
pub(super) struct Thresholds {
    pub known_photo: matching::Thresholds,
    pub seen: SightingsRule,
    pub quarantine: HubRule,
    pub synthetic_face: ScoreThresholds,
}

/// The section `seen`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SightingsRule {
    /// From this number of other accounts on, sightings count.
    pub suspect_accounts: u32,
}

impl Thresholds {
    /// Takes each section from the policy's own file if it has one, or else from the file of
    /// thresholds. `None` if there was a fault.
    pub fn read(
        own: &toml::Table,
        file: &toml::Table,
        faults: &mut Vec<PolicyFault>,
    ) -> Option<Self> {
        let before = faults.len();
        let known_photo: Option<matching::Thresholds> = section("known_photo", own, file, faults);
        let seen: Option<SightingsRule> = section("seen", own, file, faults);
        let quarantine: Option<HubRule> = section("quarantine", own, file, faults);
        let synthetic_face: Option<ScoreThresholds> = section("synthetic_face", own, file, faults);
        let out_of_range = [
            known_photo.as_ref().map(matching::Thresholds::out_of_range),
            seen.map(SightingsRule::out_of_range),
            quarantine.map(HubRule::out_of_range),
            synthetic_face.as_ref().map(ScoreThresholds::out_of_range),
        ];
        faults.extend(out_of_range.into_iter().flatten().flatten().map(PolicyFault::Range));
        if before < faults.len() {
            return None;
        }
        let (known_photo, seen) = (known_photo?, seen?);
        Some(Self { known_photo, seen, quarantine: quarantine?, synthetic_face: synthetic_face? })
    }
}

impl SightingsRule {
    fn out_of_range(self) -> Vec<OutOfRange> {
        let accounts = self.suspect_accounts.into();
        let found = OutOfRange::find("seen.suspect_accounts", accounts, 1.0, u32::MAX.into());
        found.into_iter().collect()
    }
}

fn section<T: DeserializeOwned>(
    name: &'static str,
    own: &toml::Table,
    file: &toml::Table,
    faults: &mut Vec<PolicyFault>,
) -> Option<T> {
    let Some(value) = own.get(name).or_else(|| file.get(name)) else {
        faults.push(PolicyFault::Missing(name));
        return None;
    };
    let read = value.clone().try_into();
    read.map_err(|error: toml::de::Error| {
        let error = error.message().trim().to_owned();
        faults.push(PolicyFault::Section { section: name, error });
    })
    .ok()
}
