//! Who calls: tenants, the API keys of their programs, and what a caller may do. No I/O.

pub mod api_key;
pub mod caller;
pub mod denied;
pub mod key_scope;
pub mod session;
pub mod tenant;

pub use api_key::{ApiKey, KeyDigest, KeyFormError, KeyId};
pub use caller::{Caller, Credential, KeyLimits};
pub use denied::Denied;
pub use key_scope::{KeyScope, KeyScopeError, KeyScopes};
pub use session::{SessionDigest, SessionSecret};
pub use tenant::{KeyName, NameError, TenantId, TenantName};
