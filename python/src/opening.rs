//! Opening a checker: the bundled models, and a bank from where Python names it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use photocheck::app::live_index::View;
use photocheck::app::{bank_file, models};
use photocheck::bulk::examine::{Examiner, What};
use photocheck::bulk::opening;
use photocheck::config::{Config, DatabaseConfig, GateConfig, Lookups, ModelsConfig};
use photocheck::store::Opening;
use photocheck::tenancy::TenantName;
use pyo3::create_exception;
use pyo3::exceptions::PyException;

create_exception!(
    photocheck,
    OpenError,
    PyException,
    "A bank, a model or a policy cannot be read, or they do not belong together."
);

/// How a database is named, unlike a file.
const SCHEMES: [&str; 3] = ["sqlite:", "postgres:", "postgresql:"];

/// Opens what photos are examined with. Without a bank they are compared with none.
///
/// # Errors
/// When something cannot be read, or a tenant is named where there are none.
pub fn open(
    bank: Option<PathBuf>,
    tenant: Option<&str>,
    models: ModelsConfig,
) -> anyhow::Result<Examiner> {
    let is_url = |bank: &Path| {
        let bank = bank.to_string_lossy();
        SCHEMES.iter().any(|scheme| bank.starts_with(scheme))
    };
    let named = tenant.unwrap_or(TenantName::DEFAULT);
    let name = TenantName::new(named)?;
    match bank {
        Some(bank) if is_url(&bank) => {
            let url = bank.to_str().context("the name of a database must be Unicode")?;
            open_database(url, name, models)
        }
        bank => {
            anyhow::ensure!(
                tenant.is_none(),
                "tenant is {named:?}, but only a database has tenants"
            );
            let checker = models::load_checker(&models)?;
            let quality_min = checker.matcher().thresholds().pdq_quality_min;
            let index = bank.map(|file| bank_file::read(&file, quality_min)).transpose()?;
            let index = Arc::new(index.unwrap_or_default());
            let view = View { index, ..View::empty() };
            let (checker, what) = (Arc::new(checker), What::All);
            Ok(Examiner { checker, view, tenant: name, database: None, what })
        }
    }
}

/// With the banks that a tenant sees, as they are now.
fn open_database(url: &str, tenant: TenantName, models: ModelsConfig) -> anyhow::Result<Examiner> {
    let opening = Opening { read_only_will_do: true, ..Opening::default() };
    let database = DatabaseConfig { url: url.to_owned(), opening };
    let config = Config::without_service(database, models, Lookups::All, GateConfig::for_list());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("cannot start the runtime")?;
    runtime.block_on(opening::examiner(config, tenant))
}
