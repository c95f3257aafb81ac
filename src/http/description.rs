//! What the handlers do not say of themselves in the API's description: who must send a token, an
//! example of a report, and which errors each operation may answer, with an example of each.

use std::collections::BTreeSet;

use serde_json::json;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    Content, ContentBuilder, ObjectBuilder, OpenApi, Ref, RefOr, Required, ResponseBuilder,
    SecurityRequirement, Type,
};

use super::errors::{self, ErrorCode};
use super::problem::Problem;

const SCHEME: &str = "bank_token";

/// A report as a check answers it.
const REPORT: &str = include_str!("report_example.json");

const ACCESS: &[&str] = &["TOKEN_NEEDED", "CROSS_SITE", "BANKS_CLOSED"];
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
    "BUSY",
];
const SAID: &[&str] = &[
    "OPINION_NOT_VALID",
    "NOTE_TOO_LONG",
    "NOTE_NOT_PLAIN",
    "EXTERNAL_ID_TOO_LONG",
    "EXTERNAL_ID_NOT_PLAIN",
];

/// The errors that an operation may answer beside `INTERNAL`, by its id.
fn answers(operation: &str) -> &'static [&'static [&'static str]] {
    match operation {
        "check_photo" => &[UPLOAD, ACCESS, &["ACCOUNT_ID_NOT_VALID", "SIGHTINGS_NOT_KEPT"], STORE],
        "list_banks" => &[ACCESS, STORE],
        "create_bank" => {
            &[ACCESS, JSON, &["BANK_NAME_NOT_VALID", "PURPOSE_NOT_VALID", "BANK_EXISTS"], STORE]
        }
        "show_bank" | "delete_bank" => &[ACCESS, NAMED, STORE],
        "rename_bank" => &[ACCESS, NAMED, JSON, &["BANK_EXISTS"], STORE],
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
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("The token of the banks; docs/security.md says where it is."));
    let components = api.components.get_or_insert_default();
    components.add_security_scheme(SCHEME, SecurityScheme::Http(scheme.build()));
    for (path, item) in &mut api.paths.paths {
        for operation in operations(item) {
            describe_token(path, operation);
            describe_name(operation);
            describe_request_id(operation);
            if let Some(RefOr::T(body)) = &mut operation.request_body {
                body.required = Some(Required::True);
            }
            describe_report(operation);
            describe_errors(operation);
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.patch, &mut item.delete].into_iter().flatten()
}

/// Each operation on banks needs the token; a check takes it.
fn describe_token(path: &str, operation: &mut Operation) {
    let needed = SecurityRequirement::new(SCHEME, Vec::<String>::new());
    if path == "/v1/check" {
        operation.security = Some(vec![SecurityRequirement::default(), needed]);
    } else if path.starts_with("/v1/banks") {
        operation.security = Some(vec![needed]);
    }
}

/// The rule for the name of a bank in an address.
fn describe_name(operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        if parameter.name == "name" {
            parameter.description = Some("1 to 64 of `A`-`Z`, `0`-`9`, `_`".to_owned());
            let rule = ObjectBuilder::new().schema_type(Type::String);
            let rule = rule.pattern(Some("^[A-Z0-9_]{1,64}$"));
            parameter.schema = Some(rule.into());
        }
    }
}

/// The header by which a caller finds its request in the log.
fn describe_request_id(operation: &mut Operation) {
    if is_probe(operation) {
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

fn is_probe(operation: &Operation) -> bool {
    operation.tags.iter().flatten().any(|tag| tag == "health")
}

fn describe_errors(operation: &mut Operation) {
    let own = answers(operation.operation_id.as_deref().unwrap_or_default());
    let limited = (!is_probe(operation)).then_some("RATE_LIMITED");
    let codes = own.iter().flat_map(|group| group.iter().copied());
    let codes = codes.chain(limited).chain(["INTERNAL"]);
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
