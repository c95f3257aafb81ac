//! Opting in to sightings, for the commands that check photos.

use photocheck_core::bank::BankName;

use crate::accounts::AccountKey;
use crate::config::SightingsConfig;

const HELP: &str = "Record in this bank (of purpose seen) which accounts showed which photo. \
     Account ids are hashed with PHOTOCHECK_ACCOUNT_KEY, a secret of at least 32 bytes in the \
     environment";

#[derive(Debug, clap::Args)]
pub struct SightingsArgs {
    #[arg(long, help = HELP, value_name = "NAME", requires = "sightings_retention_days")]
    sightings_bank: Option<String>,
    /// Forget a sighting this many days after the account last showed the photo
    #[arg(long, value_name = "DAYS", requires = "sightings_bank",
        value_parser = clap::value_parser!(u16).range(1..=3650))]
    sightings_retention_days: Option<u16>,
}

impl SightingsArgs {
    /// Whether sightings are to be kept.
    #[must_use]
    pub fn is_opted_in(&self) -> bool {
        self.sightings_bank.is_some()
    }

    /// Sightings as the operator wants them; `None` when not opted in.
    ///
    /// # Errors
    /// When the bank's name or the account key is not valid.
    pub fn config(&self) -> anyhow::Result<Option<SightingsConfig>> {
        let (Some(bank), Some(retention_days)) =
            (&self.sightings_bank, self.sightings_retention_days)
        else {
            return Ok(None);
        };
        let (bank, key) = (BankName::new(bank)?, AccountKey::from_env()?);
        Ok(Some(SightingsConfig { bank, retention_days, key }))
    }
}
