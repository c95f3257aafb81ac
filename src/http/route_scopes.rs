//! Which scope each route needs: one table, which the gate before the routes and the API's
//! description both read.

use axum::http::Method;

use crate::tenancy::KeyScope;
use crate::tenancy::KeyScope::{Admin, BankRead, BankWrite, Check, Review};

const CONTENTS: &str = "/v1/banks/{name}/contents";
const CONTENT: &str = "/v1/banks/{name}/contents/{content_id}";
const SHARE: &str = "/v1/admin/tenants/{tenant}/banks/{name}/shares/{with}";

const NEEDED: [(&str, &str, KeyScope); 56] = [
    ("POST", "/v1/check", Check),
    // The form of the page, which does the same.
    ("POST", "/", Check),
    ("POST", "/v1/checks", Check),
    ("GET", "/v1/checks", Check),
    ("GET", "/v1/checks/{check_id}", Check),
    ("GET", "/v1/checks/{check_id}/statement", Check),
    ("GET", "/v1/checks/{check_id}/receipt", Check),
    ("POST", "/v1/checks/{check_id}/feedback", Check),
    ("POST", "/v1/checks/{check_id}/appeal", Check),
    ("POST", "/v1/checks/{check_id}/uphold", Review),
    ("POST", "/v1/checks/{check_id}/overturn", Review),
    ("GET", "/v1/quality", Review),
    ("GET", "/v1/banks", BankRead),
    ("POST", "/v1/banks", BankWrite),
    ("GET", "/v1/banks/{name}", BankRead),
    ("PATCH", "/v1/banks/{name}", BankWrite),
    ("DELETE", "/v1/banks/{name}", BankWrite),
    ("GET", CONTENTS, BankRead),
    ("POST", CONTENTS, BankWrite),
    ("GET", CONTENT, BankRead),
    ("PATCH", CONTENT, BankWrite),
    ("DELETE", CONTENT, BankWrite),
    ("POST", "/v1/banks/{name}/import", BankWrite),
    ("GET", "/v1/banks/{name}/export", BankRead),
    ("DELETE", "/v1/accounts/{account_id}", BankWrite),
    ("GET", "/v1/webhooks", Admin),
    ("POST", "/v1/webhooks", Admin),
    ("DELETE", "/v1/webhooks/{endpoint_id}", Admin),
    ("POST", "/v1/webhooks/{endpoint_id}/rotate", Admin),
    ("POST", "/v1/webhooks/{endpoint_id}/switch-on", Admin),
    ("GET", "/v1/webhooks/{endpoint_id}/messages", Admin),
    ("POST", "/v1/webhooks/{endpoint_id}/replay", Admin),
    ("GET", "/v1/policy", Admin),
    ("PUT", "/v1/policy", Admin),
    ("DELETE", "/v1/policy", Admin),
    ("GET", "/v1/audit", Admin),
    ("GET", "/v1/admin/tenants", Admin),
    ("POST", "/v1/admin/tenants", Admin),
    ("DELETE", "/v1/admin/tenants/{tenant}", Admin),
    ("PUT", SHARE, Admin),
    ("DELETE", SHARE, Admin),
    ("GET", "/v1/admin/keys", Admin),
    ("POST", "/v1/admin/keys", Admin),
    ("DELETE", "/v1/admin/keys/{key_id}", Admin),
    // As HMA has them.
    ("GET", "/h/hash", Check),
    ("POST", "/h/hash", Check),
    ("GET", "/m/lookup", Check),
    ("POST", "/m/lookup", Check),
    ("GET", "/m/raw_lookup", Check),
    ("POST", "/m/compare", Check),
    ("GET", "/c/banks", BankRead),
    ("POST", "/c/banks", BankWrite),
    ("GET", "/c/bank/{name}", BankRead),
    ("POST", "/c/bank/{name}/content", BankWrite),
    ("GET", "/c/bank/{name}/content/{content_id}", BankRead),
    ("DELETE", "/c/bank/{name}/content/{content_id}", BankWrite),
];

/// The scope that a route needs. One that the table does not name needs the highest: forgetting it
/// opens nothing.
#[must_use]
pub fn needed(method: &Method, route: &str) -> KeyScope {
    // A HEAD is answered as a GET.
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    let found = NEEDED.iter().find(|(its, path, _)| *its == method.as_str() && *path == route);
    found.map_or(Admin, |(_, _, scope)| *scope)
}

/// The methods that a route takes, where this one is none of them. Who calls does not matter then.
#[must_use]
pub fn other_methods(method: &Method, route: &str) -> Option<String> {
    let methods = NEEDED.iter().filter(|(_, path, _)| *path == route).map(|(its, ..)| *its);
    let mut methods: Vec<&str> = methods.collect();
    if let Some(get) = methods.iter().position(|its| *its == "GET") {
        methods.insert(get + 1, "HEAD");
    }
    let is_other = !methods.is_empty() && !methods.contains(&method.as_str());
    is_other.then(|| methods.join(","))
}

/// Whether what a route does concerns banks, tenants or keys: pages of other sites never do that.
#[must_use]
pub fn is_closed_to_other_sites(scope: KeyScope) -> bool {
    scope != Check
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_that_is_not_named_needs_the_highest_scope() {
        assert_eq!(needed(&Method::GET, "/v1/banks"), BankRead);
        assert_eq!(needed(&Method::HEAD, "/v1/banks"), BankRead);
        assert_eq!(needed(&Method::POST, "/v1/banks"), BankWrite);
        for (method, route) in
            [(Method::PUT, "/v1/banks"), (Method::GET, "/v1/new"), (Method::GET, "")]
        {
            assert_eq!(needed(&method, route), Admin, "{method} {route}");
        }
        let others = |method, route| other_methods(&method, route);
        assert_eq!(others(Method::PUT, "/v1/banks").as_deref(), Some("GET,HEAD,POST"));
        assert_eq!(others(Method::GET, "/v1/check").as_deref(), Some("POST"));
        assert_eq!(others(Method::HEAD, "/v1/banks"), None);
        assert_eq!(others(Method::GET, "/v1/new"), None);
    }
}
