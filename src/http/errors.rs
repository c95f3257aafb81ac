//! The catalogue of error codes: each code, the statuses it is answered with, whose fault it is and
//! what to do. `docs/errors.md` is made from it, and the API's description takes its examples from
//! here.

use std::fmt::Write as _;

use Fault::{Caller, Load, Operator};

/// Whose fault an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Whoever sent the request.
    Caller,
    /// Nobody's: there is more to do than can be done at the moment.
    Load,
    /// Whoever runs the service, or the program itself.
    Operator,
}

/// One error code.
#[derive(Debug, Clone, Copy)]
pub struct ErrorCode {
    pub code: &'static str,
    /// The HTTP statuses it comes with; none for one that only the command line writes, or that
    /// only ever is what came of a check that was done later.
    pub statuses: &'static [u16],
    pub fault: Fault,
    /// What happened.
    pub means: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

/// Every code, sorted by what it is about.
pub const CATALOGUE: [(&str, &[ErrorCode]); 7] = [
    ("The photo", &PHOTO),
    ("The request", &REQUEST),
    ("Who may do what", &ACCESS),
    ("Tenants and keys", &TENANTS),
    ("Checks that are done later, and webhooks", &LATER),
    ("Banks and lists", &BANKS),
    ("The service", &SERVICE),
];

const PHOTO: [ErrorCode; 9] = [
    error("PHOTO_EMPTY", &[400], Caller, "the photo has no bytes", "send the file's bytes"),
    error(
        "PHOTO_TOO_MANY_BYTES",
        &[413],
        Caller,
        "the photo has more than 20 MiB",
        "send a smaller file",
    ),
    error(
        "PHOTO_UNSUPPORTED_FORMAT",
        &[415],
        Caller,
        "a format that is known and not read, such as AVIF",
        "convert it to JPEG, PNG, WebP, GIF or HEIC",
    ),
    error("PHOTO_NOT_AN_IMAGE", &[415], Caller, "the bytes are no picture", SEND_ANOTHER),
    error("PHOTO_TOO_LARGE", &[422], Caller, "a side has too many pixels", "make it smaller"),
    error("PHOTO_TOO_SMALL", &[422], Caller, "a side has too few pixels", SEND_ANOTHER),
    error("PHOTO_TOO_MANY_PIXELS", &[422], Caller, "it has too many pixels", "make it smaller"),
    error(
        "PHOTO_TOO_MANY_DECODED_BYTES",
        &[422],
        Caller,
        "decoding it would take too much memory",
        "make it smaller, or save it as 8 bits a channel",
    ),
    error(
        "PHOTO_DAMAGED",
        &[422],
        Caller,
        "a part of the picture is missing or broken",
        SEND_ANOTHER,
    ),
];

const REQUEST: [ErrorCode; 19] = [
    error("NO_PHOTO", &[400], Caller, "the form has no field named photo", "name the field photo"),
    error(
        "SEVERAL_PHOTOS",
        &[422],
        Caller,
        "the form has more than one photo",
        "send one a request",
    ),
    error("FIELD_TWICE", &[422], Caller, "a text field comes twice", "send it once"),
    error("MULTIPART_NOT_VALID", &[400], Caller, "the form cannot be read", READ_DETAIL),
    error(
        "BAD_REQUEST",
        &[400, 422],
        Caller,
        "the JSON, the query or the address cannot be read",
        READ_DETAIL,
    ),
    error(
        "QUERY_NOT_VALID",
        &[422],
        Caller,
        "a value of the query is none of those allowed",
        READ_DETAIL,
    ),
    error("CONTENT_TYPE", &[415], Caller, "the body has the wrong content type", READ_DETAIL),
    error("BODY_TOO_LARGE", &[413], Caller, "the body is over the limit", "send less"),
    error("BODY_UNREADABLE", &[400], Caller, "the body ended early", "send it again"),
    error(
        "TOO_SLOW",
        &[408],
        Caller,
        "the photo came more slowly than docs/proxy.md allows",
        "send it again over a better connection",
    ),
    error(
        "URLS_NOT_TAKEN",
        &[403],
        Operator,
        "the body is JSON, which names a URL, and this service fetches none",
        "send the photo, or let the operator set fetch_urls (docs/operations.md)",
    ),
    error("URL_NOT_VALID", &[422], Caller, "the URL is none that can be fetched", READ_DETAIL),
    error(
        "URL_NOT_ALLOWED",
        &[422],
        Caller,
        "the URL leads to no public address",
        "send the photo, or let the operator name its network in fetch_networks",
    ),
    error(
        "URL_NOT_FETCHED",
        &[422],
        Caller,
        "the server of the URL sent no picture, or not in time",
        "send the photo itself",
    ),
    error("NOT_FOUND", &[404], Caller, "there is nothing at this address", "see /docs/"),
    error(
        "METHOD_NOT_ALLOWED",
        &[405],
        Caller,
        "the address does not take this method",
        "see allow",
    ),
    error(
        "ACCOUNT_ID_NOT_VALID",
        &[422],
        Caller,
        "the account id is empty or too long",
        READ_DETAIL,
    ),
    error(
        "SIGHTINGS_NOT_KEPT",
        &[409],
        Caller,
        "an account was named, and this service keeps no sightings",
        "leave account_id out, or let the operator opt in",
    ),
    error(
        "FILE_UNREADABLE",
        &[],
        Caller,
        "the file cannot be read",
        "check its path and permissions",
    ),
];

const ACCESS: [ErrorCode; 10] = [
    error(
        "TOKEN_NEEDED",
        &[401],
        Caller,
        "without keys: the token of the banks is missing or wrong",
        "send authorization: Bearer and the token",
    ),
    error(
        "KEY_NEEDED",
        &[401],
        Caller,
        "no key was sent",
        "send authorization: Bearer and an API key (docs/access.md)",
    ),
    error(
        "KEY_NOT_VALID",
        &[401],
        Caller,
        "what was sent is no key: it is mistyped or cut off",
        "copy the whole key",
    ),
    error("KEY_UNKNOWN", &[401], Caller, "there is no such key", "use the key of this service"),
    error("KEY_EXPIRED", &[401], Caller, "the key has expired", "let a new one be made"),
    error("KEY_REVOKED", &[401], Caller, "the key was revoked", "let a new one be made"),
    error(
        "SCOPE_NEEDED",
        &[403],
        Caller,
        "the key may not be used for this",
        "use a key with the scope that the detail names",
    ),
    error(
        "OPERATOR_NEEDED",
        &[403],
        Caller,
        "only whoever runs the service may do this",
        "use an admin key of the tenant default",
    ),
    error(
        "CROSS_SITE",
        &[403],
        Caller,
        "a page of another site uses the banks through a browser",
        "call from a server, or let the operator allow the origin (--cors-origin)",
    ),
    error(
        "BANKS_CLOSED",
        &[403],
        Caller,
        "a browser uses open banks by a name that could be anybody's",
        "use an IP address or localhost, or set a token",
    ),
];

const TENANTS: [ErrorCode; 9] = [
    error(
        "TENANT_NAME_NOT_VALID",
        &[422],
        Caller,
        "the name breaks the rule",
        "1 to 40 of a-z, 0-9, -",
    ),
    error("TENANT_EXISTS", &[409], Caller, "there is a tenant of this name", "choose another"),
    error("NO_SUCH_TENANT", &[404], Caller, "there is no such tenant", "list the tenants"),
    error(
        "TENANT_IS_DEFAULT",
        &[409],
        Caller,
        "the tenant default is always there",
        "remove its banks and revoke its keys",
    ),
    error("KEY_NAME_NOT_VALID", &[422], Caller, "the name breaks the rule", READ_DETAIL),
    error("KEY_SCOPE_NOT_VALID", &[422], Caller, "no scope, or one that is unknown", READ_DETAIL),
    error("NO_SUCH_KEY", &[404], Caller, "there is no key of this id", "list the keys"),
    error(
        "QUOTA_USED_UP",
        &[429],
        Caller,
        "the key has sent all requests of its day (UTC)",
        RETRY_AFTER,
    ),
    error(
        "TENANT_QUEUE_FULL",
        &[429],
        Caller,
        "one tenant has as many photos here as it may",
        RETRY_AFTER,
    ),
];

const LATER: [ErrorCode; 14] = [
    error(
        "NO_SUCH_CHECK",
        &[404],
        Caller,
        "no check or call of this id was accepted from this tenant, or it is over its retention",
        "use the id that the answer named",
    ),
    error(
        "BATCH_TOO_LARGE",
        &[422],
        Caller,
        "a call brings more than 500 photos",
        "send them in several calls",
    ),
    error(
        "TOO_MANY_WAITING",
        &[429],
        Caller,
        "as many photos of this tenant wait as may",
        RETRY_AFTER,
    ),
    error(
        "CALLBACK_NOT_REGISTERED",
        &[409],
        Caller,
        "callback_url is at no endpoint of the tenant that is on",
        "register an endpoint with its scheme, host and port (docs/webhooks.md)",
    ),
    error("EVENT_NOT_VALID", &[422], Caller, "there is no such event", READ_DETAIL),
    error("NO_SUCH_ENDPOINT", &[404], Caller, "there is no such endpoint", "list the endpoints"),
    error("TOO_MANY_ENDPOINTS", &[409], Caller, "a tenant has at most 20", "remove one"),
    error("ENDPOINT_OFF", &[409], Caller, "the endpoint is switched off", "switch it on first"),
    error(
        "CHECK_NOT_DONE",
        &[409],
        Caller,
        "the check has no report yet, or never will",
        "wait until its state is done",
    ),
    error("APPEAL_EXISTS", &[409], Caller, "the verdict was appealed before", "ask for the check"),
    error(
        "NO_OPEN_APPEAL",
        &[409],
        Caller,
        "nobody appealed, or it was decided",
        "ask for the check",
    ),
    error(
        "RECEIPTS_NOT_SIGNED",
        &[409],
        Operator,
        "this service has no key to sign receipts with",
        "let the operator set receipt_key (docs/receipts.md)",
    ),
    error(
        "PHOTO_LOST",
        &[],
        Operator,
        "the photo waited in the memory of a program that ended",
        "send it again; the operator can let photos wait encrypted (waiting_photos)",
    ),
    error(
        "CHECK_GIVEN_UP",
        &[],
        Operator,
        "the check was begun ten times and never finished",
        "look at the log; send the photo again",
    ),
];

const BANKS: [ErrorCode; 17] = [
    error(
        "BANK_NAME_NOT_VALID",
        &[422],
        Caller,
        "the name breaks the rule",
        "1 to 64 of A-Z, 0-9, _",
    ),
    error("PURPOSE_NOT_VALID", &[422], Caller, "no such purpose", READ_DETAIL),
    error("OPINION_NOT_VALID", &[422], Caller, "no such opinion", READ_DETAIL),
    error("ENABLED_NOT_VALID", &[422], Caller, "enabled is neither true nor false", READ_DETAIL),
    error("NOTE_TOO_LONG", &[422], Caller, "the note has more than 1,000 bytes", "shorten it"),
    error("NOTE_NOT_PLAIN", &[422], Caller, "the note has control characters", "remove them"),
    error("EXTERNAL_ID_TOO_LONG", &[422], Caller, "the id has more than 256 bytes", "shorten it"),
    error("EXTERNAL_ID_NOT_PLAIN", &[422], Caller, "the id has control characters", "remove them"),
    error("BANK_EXISTS", &[409], Caller, "there is a bank of this name", "choose another name"),
    error("NO_SUCH_BANK", &[404], Caller, "there is no bank of this name", "list the banks"),
    error("NO_SUCH_CONTENT", &[404], Caller, "the bank has no such photo", "list its contents"),
    error(
        "BANK_OF_SIGHTINGS",
        &[409],
        Caller,
        "what accounts show only comes by checks and is not exchanged; its bank keeps its name",
        "use another bank",
    ),
    error("IMPORT_TOO_LARGE", &[413], Caller, "the list is over 256 MiB", "send it in parts"),
    error("IMPORT_TOO_SLOW", &[408], Caller, "the list came too slowly", "send it in parts"),
    error(
        "LINE_NOT_VALID",
        &[422],
        Caller,
        "with strict: a line breaks a rule",
        "correct the line",
    ),
    error("FORMAT_UNCLEAR", &[422], Caller, "no line is one of a known format", "name the format"),
    error("NO_LINE_READABLE", &[422], Caller, "no line can be read as this format", READ_DETAIL),
];

const SERVICE: [ErrorCode; 13] = [
    error("QUEUE_FULL", &[503], Load, "as many photos wait as may wait", RETRY_AFTER),
    error(
        "BUSY",
        &[503],
        Load,
        "no memory or no place for another import, export or fetch",
        RETRY_AFTER,
    ),
    error("TIMEOUT", &[503], Load, "the answer took too long", RETRY_AFTER),
    error("RATE_LIMITED", &[429], Caller, "too many requests of one client", RETRY_AFTER),
    error("DATABASE_BUSY", &[503], Load, "other writers kept the database busy", RETRY_AFTER),
    error("STARTING", &[503], Load, "the service is still starting", RETRY_AFTER),
    error("STOPPING", &[503], Load, "the service is stopping", "use another instance"),
    error(
        "INDEX_STALE",
        &[503],
        Operator,
        "the banks could not be read for ten seconds",
        "look at the log and the database",
    ),
    error(
        "DATABASE_REPLACED",
        &[503],
        Operator,
        "the database's file was moved, deleted or replaced",
        "start the service again",
    ),
    error(
        "DATABASE_UNREACHABLE",
        &[503],
        Operator,
        "the server of the database does not answer",
        "look at the database",
    ),
    error(
        "INTERNAL",
        &[500],
        Operator,
        "something failed here",
        "look at the log, by x-request-id",
    ),
    error(
        "NO_DATABASE",
        &[],
        Operator,
        "there is no database at this place",
        "name another, or --create",
    ),
    error("STORE_FAILED", &[], Operator, "the database failed", "look at the message"),
];

const READ_DETAIL: &str = "read the detail, which names the value and the rule";
const SEND_ANOTHER: &str = "send another file";
const RETRY_AFTER: &str = "wait for the seconds of retry-after, then send it again";

const fn error(
    code: &'static str,
    statuses: &'static [u16],
    fault: Fault,
    means: &'static str,
    remedy: &'static str,
) -> ErrorCode {
    ErrorCode { code, statuses, fault, means, remedy }
}

/// All codes.
pub fn all() -> impl Iterator<Item = &'static ErrorCode> {
    CATALOGUE.iter().flat_map(|(_, codes)| codes.iter())
}

/// The entry of a code.
#[must_use]
pub fn find(code: &str) -> Option<&'static ErrorCode> {
    all().find(|entry| entry.code == code)
}

/// The page `docs/errors.md`.
#[must_use]
pub fn page() -> String {
    let mut page = PAGE_HEAD.to_owned();
    for (subject, codes) in CATALOGUE {
        let _ = write!(page, "\n## {subject}\n\n{TABLE_HEAD}");
        for ErrorCode { code, statuses, fault, means, remedy } in codes {
            let statuses: Vec<_> = statuses.iter().map(u16::to_string).collect();
            let status = if statuses.is_empty() { "none".to_owned() } else { statuses.join(", ") };
            let fault = match fault {
                Caller => "the caller's",
                Load => "nobody's",
                Operator => "ours",
            };
            let _ = writeln!(page, "| `{code}` | {status} | {fault} | {means} | {remedy} |");
        }
    }
    page
}

const PAGE_HEAD: &str = "# Error codes

Errors are answered as RFC 9457 problems (`application/problem+json`) with a stable `code` and a
`detail` that names the value and the limit. New codes may come; the meaning of one never changes.
The command line writes the same codes, and a check that is done later has them as its `problem`;
those without a status come nowhere else. What is ours is logged with its cause, and the answer
hides it.

This page is made from `src/http/errors.rs`; a test holds it true.
";
const TABLE_HEAD: &str = "| code | status | whose fault | what happened | what to do |
| --- | --- | --- | --- | --- |
";
