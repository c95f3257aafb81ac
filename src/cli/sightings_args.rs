//! Opting in to sightings, for the commands that check photos.

use std::ops::RangeInclusive;

use photocheck_core::bank::BankName;

use super::settings::{Flag, Settings};
use crate::accounts::{AccountKey, AccountKeyError};
use crate::config::SightingsConfig;

const HELP: &str = "Record in this bank (of purpose seen) which accounts showed which photo. \
     Account ids are hashed with PHOTOCHECK_ACCOUNT_KEY, a secret of at least 32 bytes in the \
     environment";

#[derive(Debug, clap::Args)]
pub struct SightingsArgs {
    #[arg(long, help = HELP, value_name = "NAME")]
    sightings_bank: Option<String>,
    /// Forget a sighting this many days after the account last showed the photo
    #[arg(long, value_name = "DAYS")]
    sightings_retention_days: Option<String>,
}

/// Days that a sighting may be kept.
const RETENTION_DAYS: RangeInclusive<u16> = 1..=3650;

impl SightingsArgs {
    /// Whether this very command is to keep sightings. A file of settings alone does not make a
    /// person's check one of an account.
    #[must_use]
    pub fn is_opted_in(&self) -> bool {
        self.sightings_bank.is_some()
    }

    /// What was typed.
    #[must_use]
    pub fn flags(&self) -> Vec<Flag> {
        vec![
            ("sightings_bank", self.sightings_bank.clone()),
            ("sightings_retention_days", self.sightings_retention_days.clone()),
        ]
    }
}

/// Sightings as the operator wants them; `None` when not opted in, or when something is not valid,
/// which is noted.
pub fn read(settings: &mut Settings) -> Option<SightingsConfig> {
    let bank = settings.take("sightings_bank", BankName::new);
    let retention_days = settings.take("sightings_retention_days", read_days);
    let is_set = |settings: &Settings, name| settings.raw(name).is_some();
    match (is_set(settings, "sightings_bank"), is_set(settings, "sightings_retention_days")) {
        (false, false) => return None,
        (true, true) => {}
        (true, false) => settings.note_fault(
            "sightings_bank needs sightings_retention_days as well (--sightings-retention-days)",
        ),
        (false, true) => settings
            .note_fault("sightings_retention_days needs sightings_bank as well (--sightings-bank)"),
    }
    // The secret may be any bytes.
    let key = settings.raw("account_key").map(|key| AccountKey::new(key.as_encoded_bytes()));
    match key.unwrap_or(Err(AccountKeyError::Missing)) {
        Ok(key) => Some(SightingsConfig { bank: bank?, retention_days: retention_days?, key }),
        Err(error) => {
            settings.note_fault(error.to_string());
            None
        }
    }
}

fn read_days(text: &str) -> Result<u16, String> {
    let days = text.parse::<u16>().map_err(|error| error.to_string())?;
    if RETENTION_DAYS.contains(&days) {
        Ok(days)
    } else {
        Err(format!("must be from {} to {}", RETENTION_DAYS.start(), RETENTION_DAYS.end()))
    }
}
