//! Tenants and their keys, as whoever runs the service makes them.

use photocheck::app::tenants::KeyOrder;
use photocheck::tenancy::{Caller, KeyLimits, KeyName, KeyScope, KeyScopes, TenantId, TenantName};

use super::Service;

/// Whoever runs the service.
pub fn operator() -> Caller {
    Caller::on_command_line(TenantId::DEFAULT)
}

/// Creates a tenant.
pub async fn make_tenant(service: &Service, name: &str) -> TenantId {
    let name = TenantName::new(name).unwrap();
    service.app.tenants().create(&operator(), &name).await.unwrap().id
}

/// A key of a tenant for these scopes, which is to be made.
pub fn key_order(tenant: &str, scopes: impl IntoIterator<Item = KeyScope>) -> KeyOrder {
    KeyOrder {
        tenant: Some(TenantName::new(tenant).unwrap()),
        name: KeyName::new("of a test").unwrap(),
        scopes: scopes.into_iter().collect::<KeyScopes>(),
        expires_in_days: None,
        limits: KeyLimits::default(),
    }
}

/// Makes a key of a tenant for these scopes.
pub async fn make_key(
    service: &Service,
    tenant: &str,
    scopes: impl IntoIterator<Item = KeyScope>,
) -> String {
    let order = key_order(tenant, scopes);
    let made = service.app.tenants().make_key(&operator(), order).await.unwrap();
    made.key.reveal().to_owned()
}
