//! The command line: what can be typed, and a file for each command.

pub mod audit;
pub mod bank;
pub mod bank_add;
pub mod bank_transfer;
pub mod bulk;
pub mod bulk_bank;
pub mod bulk_page;
pub mod bulk_progress;
pub mod bulk_report;
pub mod bulk_thumbnail;
pub mod charts;
pub mod check;
pub mod config;
pub mod db;
pub mod detection_run;
pub mod drift;
pub mod eval;
pub mod eval_matching;
pub mod eval_page;
pub mod eval_report;
pub mod exit;
pub mod files;
pub mod hash;
pub mod inputs;
pub mod inspect;
pub mod key;
pub mod later_args;
pub mod matching_page;
pub mod matching_report;
pub mod matching_run;
pub mod output;
pub mod page;
pub mod quality;
pub mod receipt;
pub mod replay;
pub mod serve;
pub mod settings;
pub mod shadow;
pub mod shared;
pub mod sightings_args;
mod stop_signals;
pub mod tenant;
pub mod values;
pub mod webhook;

use clap::{Parser, Subcommand};

use shared::SharedArgs;

/// Checks whether a profile photo is fake: made by AI, or stolen from someone else.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub shared: SharedArgs,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check photos and print a verdict on each. The exit code is 0 when nothing was found, 1 when
    /// a photo is suspect or fake, 2 when one could not be checked, 3 when both happened
    Check(check::CheckArgs),
    /// Print the hashes of photos, one line per photo
    Hash(hash::HashArgs),
    /// Show what files say about their own origin. A file that says nothing proves nothing
    Inspect(inspect::InspectArgs),
    /// Check all photos of folders, lists and archives, and write tables of the results
    Bulk(bulk::BulkArgs),
    /// Manage banks of known photos: fakes, photos never to flag, photos seen on accounts
    Bank(bank::BankArgs),
    /// Manage tenants: platforms whose banks, sightings and keys are apart from each other's
    Tenant(tenant::TenantArgs),
    /// Make, list and revoke the API keys that programs send to the service
    Key(key::KeyArgs),
    /// Show what was done, by whom, and verify that log
    Audit(audit::AuditArgs),
    /// Show how often verdicts were right, by those who judged them
    Quality(quality::QualityArgs),
    /// Make keys for receipts, and verify receipts
    Receipt(receipt::ReceiptArgs),
    /// Show what a candidate model or policy made of the photos that it checked unseen
    Shadow(shadow::ShadowArgs),
    /// Check a photo again, and show what is said now that a kept check or a receipt did not say.
    /// The exit code is 0 when verdict and answers are as before, 1 when one is another
    Replay(replay::ReplayArgs),
    /// Receive webhooks and verify them, to write the other side
    Webhook(webhook::WebhookArgs),
    /// Show how far the scores of a tenant's photos lie from those that the model was measured on
    Drift(drift::DriftArgs),
    /// Measure how good the verdicts are on labelled photos
    Eval(eval::EvalArgs),
    /// Measure which edited copies of your own photos are found, compared with other methods
    EvalMatching(eval_matching::EvalMatchingArgs),
    /// Copy or back up a database
    Db(db::DbArgs),
    /// Run the HTTP service, with a web page for people
    Serve(serve::ServeArgs),
    /// Print the settings that are in force for serve, and where each comes from
    Config(config::ConfigArgs),
}
