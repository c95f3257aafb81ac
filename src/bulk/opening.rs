//! Opening what photos are examined with: the models, and the banks of a tenant as they are now.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::examine::{Examiner, What};
use crate::app::App;
use crate::config::Config;
use crate::tenancy::TenantName;

/// For whole checks with the banks that a tenant sees. The database is closed again: what happens
/// in it later does not show.
///
/// # Errors
/// When the models or the database cannot be had, or there is no such tenant.
pub async fn examiner(config: Config, tenant: TenantName) -> anyhow::Result<Examiner> {
    let place = place_of(&config.database.url);
    let app = App::open(config).await?;
    let owner = app.store().tenant(&tenant).await?;
    let view = app.banks(owner.id).view();
    let banks = app.store().banks(owner.id).await?.into_iter();
    let banks: Vec<_> = banks.map(|bank| (bank.facts, bank.created_at)).collect();
    let database = Sha256::digest(format!("{:?}", (place, owner.id, owner.created_at, banks)));
    let database = Some(hex::encode(database));
    let checker = app.checker_for(owner.id);
    app.close().await;
    let checker = checker?;
    Ok(Examiner { checker, view, tenant, database, what: What::All })
}

/// Where a database is: the file, or the server and the name there, without who asks.
fn place_of(url: &str) -> String {
    let place = url.split('?').next().unwrap_or_default();
    match place.strip_prefix("sqlite:") {
        Some(file) => {
            let file = Path::new(file.strip_prefix("//").unwrap_or(file));
            let whole = std::fs::canonicalize(file).or_else(|_| std::path::absolute(file));
            whole.map_or_else(|_| place.to_owned(), |whole| whole.display().to_string())
        }
        None => place.rsplit('@').next().unwrap_or_default().to_owned(),
    }
}
