//! Opting in to sightings, for the commands that check photos.

use std::sync::Arc;

use anyhow::Context;

use crate::accounts::AccountKey;
use crate::live::LiveIndex;
use crate::sightings::{Sightings, SightingsConfig};
use crate::store::{BankName, Store};
use photocheck_core::checker::Checker;

const HELP: &str = "Record in this bank (of purpose seen) which accounts showed which photo. \
     Account ids are hashed with PHOTOCHECK_ACCOUNT_KEY, a secret of at least 32 bytes in the \
     environment";

#[derive(Debug, clap::Args)]
pub struct SeenArgs {
    #[arg(long, help = HELP, value_name = "NAME", requires = "seen_retention_days")]
    seen_bank: Option<String>,
    /// Forget a sighting this many days after the account last showed the photo
    #[arg(long, value_name = "DAYS", requires = "seen_bank",
        value_parser = clap::value_parser!(u16).range(1..=3650))]
    seen_retention_days: Option<u16>,
}

impl SeenArgs {
    /// Whether sightings are to be kept.
    #[must_use]
    pub fn is_opted_in(&self) -> bool {
        self.seen_bank.is_some()
    }

    /// Sightings as the operator wants them; `None` when not opted in.
    ///
    /// # Errors
    /// When the key or the bank is not as it must be.
    pub async fn open(
        &self,
        store: &Store,
        live: &LiveIndex,
        checker: &Arc<Checker>,
    ) -> anyhow::Result<Option<Sightings>> {
        let (Some(bank), Some(retention_days)) = (&self.seen_bank, self.seen_retention_days) else {
            return Ok(None);
        };
        let (bank, key) = (BankName::new(bank)?, AccountKey::from_env()?);
        let config = SightingsConfig { bank, retention_days, key };
        let sightings =
            Sightings::open(config, store.clone(), live.clone(), Arc::clone(checker)).await;
        Ok(Some(sightings.context("sightings cannot be kept (--seen-bank)")?))
    }
}
