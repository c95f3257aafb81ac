//! What the handlers do not say of themselves in the API's description: who must send a key, an
//! example of a report, and which errors each operation may answer, with an example of each.

use std::collections::BTreeSet;

use axum::http::Method;
use serde_json::json;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    Content, ContentBuilder, HeaderBuilder, ObjectBuilder, OpenApi, Ref, RefOr, Required,
    ResponseBuilder, SecurityRequirement, Type,
};

use super::errors::{self, ErrorCode};
use super::idempotency;
use super::problem::Problem;
use super::route_scopes::needed;
use crate::tenancy::KeyScope;

const TOKEN: &str = "bank_token";
const KEY: &str = "api_key";

/// A report as a check answers it.
const REPORT: &str = include_str!("report_example.json");

const KEYS: &[&str] = &[
    "KEY_NEEDED",
    "KEY_NOT_VALID",
    "KEY_UNKNOWN",
    "KEY_EXPIRED",
    "KEY_REVOKED",
    "SCOPE_NEEDED",
    "QUOTA_USED_UP",
];
const ACCESS: &[&str] = &["TOKEN_NEEDED", "CROSS_SITE", "BANKS_CLOSED"];
const TENANT: &[&str] = &["TENANT_NAME_NOT_VALID", "NO_SUCH_TENANT"];
const OPERATOR: &[&str] = &["OPERATOR_NEEDED"];
const NAMED: &[&str] = &["BANK_NAME_NOT_VALID", "NO_SUCH_BANK"];
const ADDRESS: &[&str] = &["BAD_REQUEST", "NO_SUCH_CONTENT"];
const JSON: &[&str] = &["BAD_REQUEST", "CONTENT_TYPE", "BODY_TOO_LARGE"];
const STORE: &[&str] = &["DATABASE_BUSY", "DATABASE_REPLACED", "DATABASE_UNREACHABLE", "TIMEOUT"];
const UPLOAD: &[&str] = &[
    "NO_PHOTO",
    "MULTIPART_NOT_VALID",
    "BODY_UNREADABLE",
    "PHOTO_EMPTY",
    "TOO_SLOW",
    "PHOTO_TOO_MANY_BYTES",
    "PHOTO_UNSUPPORTED_FORMAT",
    "PHOTO_NOT_AN_IMAGE",
    "PHOTO_TOO_LARGE",
    "PHOTO_TOO_SMALL",
    "PHOTO_TOO_MANY_PIXELS",
    "PHOTO_TOO_MANY_DECODED_BYTES",
    "PHOTO_DAMAGED",
    "SEVERAL_PHOTOS",
    "FIELD_TWICE",
    "BAD_REQUEST",
    "BODY_TOO_LARGE",
    "URLS_NOT_TAKEN",
    "URL_NOT_VALID",
    "URL_NOT_ALLOWED",
    "URL_NOT_FETCHED",
    "QUEUE_FULL",
    "TENANT_QUEUE_FULL",
    "BUSY",
];
const SAID: &[&str] = &[
    "OPINION_NOT_VALID",
    "NOTE_TOO_LONG",
    "NOTE_NOT_PLAIN",
    "EXTERNAL_ID_TOO_LONG",
    "EXTERNAL_ID_NOT_PLAIN",
];

/// Of what is done once, if a key says so.
const ONCE: &[&str] = &[
    "IDEMPOTENCY_KEY_NOT_VALID",
    "IDEMPOTENCY_KEY_REUSED",
    "IDEMPOTENCY_KEY_IN_USE",
    "TOO_MANY_IDEMPOTENCY_KEYS",
    "TOKEN_NEEDED",
    "CROSS_SITE",
    "BANKS_CLOSED",
];

const NOTE: &[&str] = &["NOTE_TOO_LONG", "NOTE_NOT_PLAIN"];
const SAID_OF_CHECKS: &[&str] = &[
    "ACCOUNT_ID_NOT_VALID",
    "SIGHTINGS_NOT_KEPT",
    "EXTERNAL_ID_TOO_LONG",
    "EXTERNAL_ID_NOT_PLAIN",
    "CALLBACK_NOT_REGISTERED",
];

/// The errors that an operation may answer beside `INTERNAL`, by its id.
fn answers(operation: &str) -> &'static [&'static [&'static str]] {
    match operation {
        "check_photo" => &[
            UPLOAD,
            ACCESS,
            &["ACCOUNT_ID_NOT_VALID", "SIGHTINGS_NOT_KEPT", "POLICY_NOT_USABLE"],
            STORE,
        ],
        "start_checks" => &[
            UPLOAD,
            ACCESS,
            SAID_OF_CHECKS,
            &["BATCH_TOO_LARGE", "TOO_MANY_WAITING", "STOPPING"],
            STORE,
        ],
        "register_endpoint" => &[
            ACCESS,
            JSON,
            &["URL_NOT_VALID", "URL_NOT_ALLOWED", "EVENT_NOT_VALID", "TOO_MANY_ENDPOINTS"],
            STORE,
        ],
        "remove_endpoint" | "rotate_secret" | "switch_on_endpoint" => {
            &[ACCESS, &["NO_SUCH_ENDPOINT"], STORE]
        }
        "list_messages" => &[ACCESS, &["NO_SUCH_ENDPOINT", "BAD_REQUEST"], STORE],
        "replay_messages" => &[ACCESS, &["NO_SUCH_ENDPOINT", "ENDPOINT_OFF"], STORE],
        "give_feedback" => &[ACCESS, JSON, NOTE, &["NO_SUCH_CHECK", "CHECK_NOT_DONE"], STORE],
        "appeal" => {
            &[ACCESS, JSON, NOTE, &["NO_SUCH_CHECK", "CHECK_NOT_DONE", "APPEAL_EXISTS"], STORE]
        }
        "uphold" | "overturn" => {
            &[ACCESS, JSON, NOTE, &["NO_SUCH_CHECK", "NO_OPEN_APPEAL", "BANK_EXISTS"], STORE]
        }
        "show_check" => &[ACCESS, &["NO_SUCH_CHECK"], STORE],
        "show_statement" => {
            &[ACCESS, &["BAD_REQUEST", "QUERY_NOT_VALID", "NO_SUCH_CHECK", "CHECK_NOT_DONE"], STORE]
        }
        "show_receipt" => {
            &[ACCESS, &["NO_SUCH_CHECK", "CHECK_NOT_DONE", "RECEIPTS_NOT_SIGNED"], STORE]
        }
        "list_checks" => &[ACCESS, &["BAD_REQUEST", "NO_SUCH_CHECK"], STORE],
        "set_policy" => &[
            ACCESS,
            JSON,
            &["POLICY_NOT_VALID", "POLICY_VERSION_TAKEN", "TOO_MANY_POLICIES"],
            STORE,
        ],
        "list_banks" | "list_tenants" | "list_endpoints" | "show_policy" | "reset_policy"
        | "show_quality" => &[ACCESS, STORE],
        "create_bank" => {
            &[ACCESS, JSON, &["BANK_NAME_NOT_VALID", "PURPOSE_NOT_VALID", "BANK_EXISTS"], STORE]
        }
        "show_bank" | "delete_bank" => &[ACCESS, NAMED, STORE],
        "rename_bank" => &[ACCESS, NAMED, JSON, &["BANK_EXISTS", "BANK_OF_SIGHTINGS"], STORE],
        "list_contents" => &[ACCESS, NAMED, &["BAD_REQUEST"], STORE],
        "add_content" => {
            &[ACCESS, NAMED, UPLOAD, SAID, &["ENABLED_NOT_VALID", "BANK_OF_SIGHTINGS"], STORE]
        }
        "show_content" | "remove_content" => &[ACCESS, NAMED, ADDRESS, STORE],
        "change_content" => &[ACCESS, NAMED, ADDRESS, JSON, SAID, STORE],
        "import_bank" => &[ACCESS, NAMED, &["BAD_REQUEST", "QUERY_NOT_VALID"], SAID, IMPORT, STORE],
        "export_bank" => &[
            ACCESS,
            NAMED,
            &["BAD_REQUEST", "QUERY_NOT_VALID", "BANK_OF_SIGHTINGS", "BUSY"],
            STORE,
        ],
        "erase_account" => &[ACCESS, &["ACCOUNT_ID_NOT_VALID", "SIGHTINGS_NOT_KEPT"], STORE],
        "create_tenant" => {
            &[ACCESS, OPERATOR, JSON, &["TENANT_NAME_NOT_VALID", "TENANT_EXISTS"], STORE]
        }
        "erase_tenant" => &[ACCESS, OPERATOR, TENANT, &["TENANT_IS_DEFAULT"], STORE],
        "share_bank" => &[ACCESS, OPERATOR, TENANT, NAMED, &["BANK_OF_SIGHTINGS"], STORE],
        "unshare_bank" => &[ACCESS, OPERATOR, TENANT, NAMED, STORE],
        "list_audit" => &[ACCESS, &["BAD_REQUEST"], STORE],
        "list_keys" => &[ACCESS, TENANT, &["BAD_REQUEST"], STORE],
        "make_key" => {
            &[ACCESS, TENANT, JSON, &["KEY_NAME_NOT_VALID", "KEY_SCOPE_NOT_VALID"], STORE]
        }
        "revoke_key" => &[ACCESS, &["NO_SUCH_KEY"], STORE],
        "readyz" => &[&["STARTING", "STOPPING", "INDEX_STALE", "DATABASE_REPLACED"]],
        "startupz" => &[&["STARTING"]],
        _ => &[],
    }
}

const IMPORT: &[&str] = &[
    "BODY_UNREADABLE",
    "IMPORT_TOO_LARGE",
    "IMPORT_TOO_SLOW",
    "LINE_NOT_VALID",
    "FORMAT_UNCLEAR",
    "NO_LINE_READABLE",
    "BANK_OF_SIGHTINGS",
    "BUSY",
];

/// Completes the description.
pub fn complete(api: &mut OpenApi) {
    let components = api.components.get_or_insert_default();
    for (name, format, means) in [
        (KEY, "pck_live_…", "An API key with the scope that the operation names (docs/access.md)."),
        (TOKEN, "text", "The token of the banks; docs/security.md says where it is."),
    ] {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
        let scheme = scheme.bearer_format(format).description(Some(means));
        components.add_security_scheme(name, SecurityScheme::Http(scheme.build()));
    }
    for (path, item) in &mut api.paths.paths {
        for (method, operation) in operations(item) {
            if !is_open(operation) {
                describe_credentials(needed(&method, path), operation);
            }
            describe_names(operation);
            describe_request_id(operation);
            let is_done_once = !is_open(operation) && idempotency::concerns(&method);
            if is_done_once {
                describe_idempotency(operation);
            }
            if let Some(RefOr::T(body)) = &mut operation.request_body {
                body.required = Some(Required::True);
            }
            describe_report(operation);
            describe_errors(operation, if is_done_once { ONCE } else { &[] });
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    let PathItem { get, post, put, patch, delete, .. } = item;
    let all = [
        (Method::GET, get),
        (Method::POST, post),
        (Method::PUT, put),
        (Method::PATCH, patch),
        (Method::DELETE, delete),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// Each operation needs a key with its scope. Without keys a check needs nothing, and the token
/// will do for the banks.
fn describe_credentials(scope: KeyScope, operation: &mut Operation) {
    let key = SecurityRequirement::new(KEY, [scope.name()]);
    let token = SecurityRequirement::new(TOKEN, Vec::<String>::new());
    operation.security = Some(match scope {
        KeyScope::Check => vec![SecurityRequirement::default(), key, token],
        KeyScope::Admin => vec![key],
        KeyScope::BankRead | KeyScope::BankWrite | KeyScope::Review => vec![key, token],
    });
}

/// The rules for names in an address.
fn describe_names(operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        let (means, rule) = match (parameter.name.as_str(), &parameter.parameter_in) {
            ("name", ParameterIn::Path) => {
                ("1 to 64 of `A`-`Z`, `0`-`9`, `_`", "^[A-Z0-9_]{1,64}$")
            }
            ("tenant" | "with", ParameterIn::Path) => (
                "1 to 40 of `a`-`z`, `0`-`9` and `-`, no `-` at its ends",
                "^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$",
            ),
            ("account_id", ParameterIn::Path) => {
                ("the account, as checks name it; 1 to 256 bytes", "^[^/]{1,256}$")
            }
            ("check_id" | "endpoint_id", ParameterIn::Path) => {
                ("its id", "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
            }
            ("key_id", ParameterIn::Path) => ("the key's id", "^[0-9A-Za-z]{12}$"),
            _ => continue,
        };
        parameter.description = Some(means.to_owned());
        let schema = ObjectBuilder::new().schema_type(Type::String).pattern(Some(rule));
        parameter.schema = Some(schema.into());
    }
}

/// The header by which a caller finds its request in the log.
fn describe_request_id(operation: &mut Operation) {
    if is_open(operation) {
        return;
    }
    let header = ParameterBuilder::new()
        .name("x-request-id")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("An id of the caller's choice, for the log; made where there is none."))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)));
    operation.parameters.get_or_insert_default().push(RefOr::T(header.build()));
}

/// The header by which a call is done once, however often it is sent.
fn describe_idempotency(operation: &mut Operation) {
    let means = "Names the call, to send it again without doing it again (docs/idempotency.md): \
                 1 to 255 printable ASCII characters in quotation marks, another for each call.";
    let (quoted, bare) = (r"[ !#-\[\]-~]{1,255}", r"[!#-+\--:<-\[\]-~]{1,255}");
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(format!("^(\"{quoted}\"|{bare})$")))
        .examples([json!("\"8e03978e-40d5-43e8-bc93-6894a57f9324\"")]);
    let header = ParameterBuilder::new()
        .name(idempotency::KEY.as_str())
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(means))
        .schema(Some(schema));
    operation.parameters.get_or_insert_default().push(RefOr::T(header.build()));
    for (status, answer) in &mut operation.responses.responses {
        let RefOr::T(answer) = answer else { continue };
        if status.starts_with('2') {
            let header = HeaderBuilder::new()
                .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
                .description(Some("`true` where this was answered before, and not done again"));
            answer.headers.insert(idempotency::REPLAYED.to_string(), RefOr::T(header.build()));
        }
    }
}

fn describe_report(operation: &mut Operation) {
    if operation.operation_id.as_deref() != Some("check_photo") {
        return;
    }
    for answer in operation.responses.responses.values_mut() {
        let RefOr::T(answer) = answer else { continue };
        for content in answer.content.values_mut() {
            if let RefOr::T(content) = content {
                content.example = serde_json::from_str(REPORT).ok();
            }
        }
    }
}

/// Whether it is answered to whoever asks.
fn is_open(operation: &Operation) -> bool {
    let shows_keys = operation.operation_id.as_deref() == Some("show_public_keys");
    shows_keys || operation.tags.iter().flatten().any(|tag| tag == "health")
}

fn describe_errors(operation: &mut Operation, more: &'static [&'static str]) {
    let own = answers(operation.operation_id.as_deref().unwrap_or_default());
    let admitted: &[&[&str]] = if is_open(operation) { &[] } else { &[KEYS, &["RATE_LIMITED"]] };
    let codes = own.iter().chain(admitted).chain([&more]).flat_map(|group| group.iter().copied());
    let codes = codes.chain(["INTERNAL"]);
    let mut seen = BTreeSet::new();
    let codes = codes.filter(|code| seen.insert(*code));
    let entries: Vec<_> = codes.filter_map(errors::find).collect();
    let mut statuses: Vec<_> = entries.iter().flat_map(|entry| entry.statuses).copied().collect();
    statuses.sort_unstable();
    statuses.dedup();
    for status in statuses {
        let of_status = entries.iter().filter(|entry| entry.statuses.contains(&status));
        let of_status: Vec<_> = of_status.copied().collect();
        let means: Vec<_> =
            of_status.iter().map(|entry| format!("`{}`: {}", entry.code, entry.means)).collect();
        let response = ResponseBuilder::new()
            .description(means.join("; "))
            .content("application/problem+json", example_content(&of_status, status))
            .build();
        operation.responses.responses.insert(status.to_string(), RefOr::T(response));
    }
}

fn example_content(entries: &[&'static ErrorCode], status: u16) -> Content {
    let example = |entry: &&ErrorCode| {
        let problem = Problem::example(entry, status);
        let value = utoipa::openapi::example::ExampleBuilder::new().value(Some(json!(problem)));
        (entry.code, value.build())
    };
    ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .examples_from_iter(entries.iter().map(example))
        .build()
}
