//! `photocheck quality`: how often verdicts were right, by those who judged them.

use std::io::{self, Write};
use std::process::ExitCode;

use super::output::sanitized;
use super::shared::{SharedArgs, Use, block_on};
use crate::app::tenants::Tenants;
use crate::tenancy::TenantName;
use crate::wire::quality::{IntervalJson, JudgedJson, QualityJson};

#[derive(Debug, clap::Args)]
pub struct QualityArgs {
    /// Tenant whose checks they are
    #[arg(long, default_value = TenantName::DEFAULT, value_name = "NAME")]
    tenant: String,
    /// Print JSON, as `GET /v1/quality` answers it
    #[arg(long)]
    json: bool,
}

/// Does what was asked.
///
/// # Errors
/// When the database fails, or there is no such tenant.
pub fn run(args: &QualityArgs, shared: &SharedArgs) -> anyhow::Result<ExitCode> {
    let database = shared.database(Use::Read)?;
    block_on(async {
        let tenants = Tenants::open(&database).await?;
        let done = show(&tenants, args).await;
        tenants.store().close().await;
        done
    })
}

async fn show(tenants: &Tenants, args: &QualityArgs) -> anyhow::Result<ExitCode> {
    let tenant = tenants.store().tenant(&TenantName::new(&args.tenant)?).await?;
    let quality = QualityJson::from(tenants.quality(tenant.id).await?);
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&quality)?)?;
    } else {
        for line in lines(&quality) {
            writeln!(out, "{line}")?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A line for each count, separated by tabs: what was judged, how many were right and wrong, the
/// share that was right, and its interval.
fn lines(quality: &QualityJson) -> Vec<String> {
    let QualityJson { all, by, reasons, banks, contents } = quality;
    let mut lines = vec![line("all", all)];
    for (name, judged) in
        [("appeals", by.appeals), ("reviewers", by.reviewers), ("feedback", by.feedback)]
    {
        lines.push(line(&format!("by {name}"), &judged));
    }
    lines.extend(reasons.iter().map(|it| line(&format!("reason {}", it.code), &it.judged)));
    lines.extend(banks.iter().map(|it| line(&format!("bank {}", it.bank), &it.judged)));
    lines.extend(contents.iter().map(|it| {
        let quarantined = if it.quarantined { " (quarantined)" } else { "" };
        line(&format!("photo {}/{}{quarantined}", it.bank, it.content_id), &it.judged)
    }));
    lines
}

fn line(what: &str, judged: &JudgedJson) -> String {
    let JudgedJson { right, wrong, precision, interval } = judged;
    let what = sanitized(what);
    match (precision, interval) {
        (Some(share), Some(IntervalJson { low, high })) => {
            format!("{what}\t{right} right\t{wrong} wrong\t{share:.3}\t{low:.3} to {high:.3}")
        }
        _ => format!("{what}\t{right} right\t{wrong} wrong"),
    }
}
