//! `photocheck drift`: how far the scores of a tenant's photos lie from those that the model was
//! measured on, day by day.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use chrono::DateTime;
use photocheck_core::evaluation::drift::{
    BINS, CardScores, Drift, DriftLevel, PHOTOS_MIN, ScoreBin,
};
use serde::Serialize;

use super::shared::{SharedArgs, Use, block_on};
use crate::app::drift::{DriftOfDays, Drifts, ScoresWithDrift};
use crate::clock::DAY_S;
use crate::config::{GateConfig, Lookups};
use crate::store::SCORE_DAYS_KEPT;
use crate::tenancy::TenantName;

#[derive(Debug, clap::Args)]
pub struct DriftArgs {
    /// Tenant whose photos are meant
    #[arg(long, default_value = TenantName::DEFAULT, value_name = "NAME")]
    tenant: String,
    /// Days, today included
    #[arg(long, default_value_t = 14, value_name = "COUNT",
          value_parser = clap::value_parser!(u16).range(1..=i64::from(SCORE_DAYS_KEPT)))]
    days: u16,
    /// Print JSON, with all counts
    #[arg(long)]
    json: bool,
}

/// Prints the drift of each day.
///
/// # Errors
/// When the database fails, there is no such tenant, or the model has no scores to compare with.
pub fn run(args: &DriftArgs, shared: &SharedArgs) -> anyhow::Result<ExitCode> {
    let config = shared.config(Use::Read, Lookups::Sightings, GateConfig::for_list())?;
    let name = TenantName::new(&args.tenant)?;
    block_on(async {
        let drifts = Drifts::open(&config.database, &config.models).await?;
        let shown = show(&drifts, &name, args).await;
        drifts.store().close().await;
        write!(io::stdout(), "{}", shown?)?;
        Ok(ExitCode::SUCCESS)
    })
}

async fn show(drifts: &Drifts, name: &TenantName, args: &DriftArgs) -> anyhow::Result<String> {
    let card = drifts.card().with_context(|| {
        format!("the model {} has no scores.toml beside it to compare with", drifts.model())
    })?;
    let tenant = drifts.store().tenant(name).await?;
    let found = drifts.of_days(tenant.id, args.days).await?;
    if args.json {
        let json = DriftJson::new(card, name, &found);
        return Ok(serde_json::to_string_pretty(&json)? + "\n");
    }
    Ok(table(card, name, &found))
}

fn table(card: &CardScores, tenant: &TenantName, found: &DriftOfDays) -> String {
    let mut text = format!("model {}, tenant {tenant}\n\n", card.model);
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{:<10}{:>9}{:>10}{:>10}", "day", "photos", "distance", "AI share");
    for (day, scores) in &found.days {
        text += &line(&date(*day), scores);
    }
    text + &line("together", &found.together)
}

fn line(day: &str, ScoresWithDrift { scores, drift }: &ScoresWithDrift) -> String {
    let photos = scores.total();
    let Some(drift) = drift else {
        return format!("{day:<10}{photos:>9}{:>10}{:>10}  not enough of {PHOTOS_MIN}\n", "-", "-");
    };
    let Drift { distance, ai_share } = drift;
    let said = match drift.level() {
        DriftLevel::AsMeasured => "as the model was measured",
        DriftLevel::Moved => "moved",
        DriftLevel::Drifted => "drifted: the model's error rates are not about such photos",
    };
    format!("{day:<10}{photos:>9}{distance:>10.3}{:>8.0} %  {said}\n", 100.0 * ai_share)
}

/// A day since 1970 as people write it.
fn date(day: i64) -> String {
    let at = DateTime::from_timestamp(day.saturating_mul(DAY_S), 0).unwrap_or_default();
    at.format("%Y-%m-%d").to_string()
}

#[derive(Serialize)]
struct DriftJson<'a> {
    model: &'a str,
    tenant: String,
    photos_min: u64,
    /// Upper ends of the bins.
    bins: Vec<f64>,
    card: CardJson<'a>,
    days: Vec<DayJson>,
    together: ScoresJson,
}

#[derive(Serialize)]
struct CardJson<'a> {
    photos: &'a str,
    real: [u64; BINS],
    ai_made: [u64; BINS],
}

#[derive(Serialize)]
struct DayJson {
    day: String,
    #[serde(flatten)]
    scores: ScoresJson,
}

#[derive(Serialize)]
struct ScoresJson {
    photos: u64,
    distance: Option<f64>,
    ai_share: Option<f64>,
    level: &'static str,
    scores: [u64; BINS],
}

impl<'a> DriftJson<'a> {
    fn new(card: &'a CardScores, tenant: &TenantName, found: &DriftOfDays) -> Self {
        let days = found.days.iter();
        Self {
            model: &card.model,
            tenant: tenant.to_string(),
            photos_min: PHOTOS_MIN,
            bins: ScoreBin::all().map(ScoreBin::end).collect(),
            card: CardJson {
                photos: &card.photos,
                real: card.real.counts(),
                ai_made: card.ai_made.counts(),
            },
            days: days
                .map(|(day, scores)| DayJson { day: date(*day), scores: scores.into() })
                .collect(),
            together: (&found.together).into(),
        }
    }
}

impl From<&ScoresWithDrift> for ScoresJson {
    fn from(ScoresWithDrift { scores, drift }: &ScoresWithDrift) -> Self {
        Self {
            photos: scores.total(),
            distance: drift.map(|it| it.distance),
            ai_share: drift.map(|it| it.ai_share),
            level: drift.map_or("not_enough", |it| it.level().name()),
            scores: scores.counts(),
        }
    }
}
