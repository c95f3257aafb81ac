//! The program: what was typed becomes one of the commands.

use std::process::ExitCode;

use clap::Parser;
use photocheck::cli::{self, Args, Command};

fn main() -> ExitCode {
    let args = Args::parse();
    let done = match args.command {
        Command::Check(check) => cli::check::run(&check, &args.shared),
        Command::Bulk(bulk) => cli::bulk::run(&bulk, &args.shared),
        Command::Hash(hash) => cli::hash::run(&hash),
        Command::Inspect(inspect) => cli::inspect::run(&inspect),
        Command::Bank(bank) => cli::bank::run(&bank, &args.shared),
        Command::Tenant(tenant) => cli::tenant::run(&tenant, &args.shared),
        Command::Key(key) => cli::key::run(&key, &args.shared),
        Command::Audit(audit) => cli::audit::run(&audit, &args.shared),
        Command::Quality(quality) => cli::quality::run(&quality, &args.shared),
        Command::Shadow(shadow) => cli::shadow::run(&shadow, &args.shared),
        Command::Receipt(receipt) => cli::receipt::run(&receipt, &args.shared),
        Command::Replay(replay) => cli::replay::run(&replay, &args.shared),
        Command::Webhook(webhook) => cli::webhook::run(&webhook),
        Command::Drift(drift) => cli::drift::run(&drift, &args.shared),
        Command::Eval(eval) => cli::eval::run(&eval, &args.shared),
        Command::EvalMatching(eval) => cli::eval_matching::run(&eval, &args.shared),
        Command::Db(db) => cli::db::run(&db, &args.shared),
        Command::Config(config) => cli::config::run(&config, &args.shared),
        Command::Serve(serve) => cli::serve::run(&serve, &args.shared),
    };
    done.unwrap_or_else(|error| cli::exit::fail(&error))
}
