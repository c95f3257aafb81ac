//! Receipts of checks that are kept, where the operator has a key for them.

use serde_json::Value;
use uuid::Uuid;

use super::App;
use super::error::{AppError, Refusal};
use super::statements::report_of;
use crate::receipts::Receipt;
use crate::tenancy::TenantId;

impl App {
    /// The signed receipt of a check.
    ///
    /// # Errors
    /// When there is no such check, it has no report, or this service signs no receipts.
    pub async fn receipt(&self, tenant: TenantId, id: Uuid) -> Result<Value, AppError> {
        let keys = self.receipt_keys().ok_or(Refusal::ReceiptsNotSigned)?;
        Ok(self.said_of_check(tenant, id).await?.sign(keys))
    }

    /// What its receipt says, unsigned.
    ///
    /// # Errors
    /// When there is no such check, or it has no report.
    pub async fn said_of_check(&self, tenant: TenantId, id: Uuid) -> Result<Receipt, AppError> {
        let check = self.later().check(tenant, id).await?;
        let (report, at) = report_of(&check)?;
        Ok(Receipt::new(report, id.to_string(), at))
    }
}
