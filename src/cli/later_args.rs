//! How `serve` keeps checks that are done later.

use std::ops::RangeInclusive;

use super::settings::{Flag, Settings};
use crate::config::{LaterConfig, WaitingPhotos};
use crate::photo_key::{PhotoKey, PhotoKeyError};

const HELP: &str = "Where photos wait that are checked later: memory (lost with the program), or \
     encrypted in the database with PHOTOCHECK_PHOTO_KEY, a secret of at least 32 bytes in the \
     environment [default: memory]";

#[derive(Debug, clap::Args)]
pub struct LaterArgs {
    #[arg(long, help = HELP, value_name = "memory|encrypted")]
    waiting_photos: Option<String>,
    /// Days for which what came of a check that was done later can be asked for [default: 7]
    #[arg(long, value_name = "DAYS")]
    checks_kept_days: Option<String>,
}

/// Days for which a check may be kept.
const KEPT_DAYS: RangeInclusive<u16> = 1..=3650;

impl LaterArgs {
    /// What was typed.
    #[must_use]
    pub fn flags(&self) -> Vec<Flag> {
        vec![
            ("waiting_photos", self.waiting_photos.clone()),
            ("checks_kept_days", self.checks_kept_days.clone()),
        ]
    }
}

/// As the operator wants it; `None` when something is not valid, which is noted.
pub fn read(settings: &mut Settings) -> Option<LaterConfig> {
    let is_encrypted = settings.take("waiting_photos", |text| match text {
        "memory" => Ok(false),
        "encrypted" => Ok(true),
        _ => Err("must be memory or encrypted"),
    });
    let kept_days = settings.take("checks_kept_days", read_days);
    let photos = if is_encrypted? {
        // The secret may be any bytes.
        let key = settings.raw("photo_key").map(|key| PhotoKey::new(key.as_encoded_bytes()));
        match key.unwrap_or(Err(PhotoKeyError::Missing)) {
            Ok(key) => WaitingPhotos::Encrypted(key),
            Err(error) => {
                settings.note_fault(error.to_string());
                return None;
            }
        }
    } else {
        WaitingPhotos::InMemory
    };
    Some(LaterConfig { photos, kept_days: kept_days? })
}

fn read_days(text: &str) -> Result<u16, String> {
    let days = text.parse::<u16>().map_err(|error| error.to_string())?;
    if KEPT_DAYS.contains(&days) {
        Ok(days)
    } else {
        Err(format!("must be from {} to {}", KEPT_DAYS.start(), KEPT_DAYS.end()))
    }
}
