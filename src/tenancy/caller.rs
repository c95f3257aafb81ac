//! Who calls, and what it may do: decided once for each request, and carried to where it is needed.

use std::num::NonZeroU32;

use super::api_key::KeyId;
use super::key_scope::{KeyScope, KeyScopes};
use super::tenant::TenantId;

/// What a call is let in by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// Nothing: the service is open to whoever reaches it.
    Nothing,
    /// The token of the banks.
    BankToken,
    /// An API key, and what its limits are.
    Key { id: KeyId, limits: KeyLimits },
    /// The machine itself: whoever can run the command line on the database.
    CommandLine,
    /// That of an earlier call, whose work was accepted.
    Accepted,
}

/// How much a key may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeyLimits {
    /// `None`: what the service allows each client.
    pub per_minute: Option<NonZeroU32>,
    /// `None`: as much as it likes.
    pub per_day: Option<NonZeroU32>,
}

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub tenant: TenantId,
    pub credential: Credential,
    pub scopes: KeyScopes,
}

impl Caller {
    /// Whoever runs the command line, for one tenant: it may do everything.
    #[must_use]
    pub fn on_command_line(tenant: TenantId) -> Self {
        let scopes = KeyScope::ALL.into_iter().collect();
        Self { tenant, credential: Credential::CommandLine, scopes }
    }

    /// Whoever sends the token of the banks: the keeper of the banks of the tenant `default`, but
    /// no administrator. Tokens were handed out when all that they opened was one tenant's banks.
    #[must_use]
    pub fn with_bank_token() -> Self {
        let scopes = KeyScope::ALL.into_iter().filter(|scope| *scope != KeyScope::Admin).collect();
        Self { tenant: TenantId::DEFAULT, credential: Credential::BankToken, scopes }
    }

    /// Whoever sends nothing, where the service is open.
    #[must_use]
    pub fn anybody(scopes: KeyScopes) -> Self {
        Self { tenant: TenantId::DEFAULT, credential: Credential::Nothing, scopes }
    }

    /// Whoever sent a check that was accepted to be done later.
    #[must_use]
    pub fn of_accepted_work(tenant: TenantId) -> Self {
        let scopes = [KeyScope::Check].into_iter().collect();
        Self { tenant, credential: Credential::Accepted, scopes }
    }

    /// Whether it may do this.
    #[must_use]
    pub fn may(&self, scope: KeyScope) -> bool {
        self.scopes.include(scope)
    }

    /// Whether it runs the service: it may manage all tenants.
    #[must_use]
    pub fn is_operator(&self) -> bool {
        self.tenant == TenantId::DEFAULT && self.may(KeyScope::Admin)
    }

    /// Whether its check may name an account, which records something and asks who else shows the
    /// photo. Whoever sends nothing may only where the banks are open to everybody too.
    #[must_use]
    pub fn may_name_accounts(&self) -> bool {
        self.credential != Credential::Nothing || self.may(KeyScope::BankWrite)
    }

    /// What it is called where what it did is kept: its key, or what else let it in.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.credential {
            Credential::Key { id, .. } => id.as_str(),
            Credential::BankToken => "bank token",
            Credential::CommandLine => "command line",
            Credential::Nothing | Credential::Accepted => "nobody in particular",
        }
    }

    /// The key that it sends, if it does.
    #[must_use]
    pub fn key(&self) -> Option<(&KeyId, KeyLimits)> {
        match &self.credential {
            Credential::Key { id, limits } => Some((id, *limits)),
            Credential::Nothing
            | Credential::BankToken
            | Credential::CommandLine
            | Credential::Accepted => None,
        }
    }
}
