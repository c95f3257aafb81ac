//! The error codes of work that waits, of webhooks, of calls that are done once, and of policies.

use super::error_code::Fault::{Caller, Load, Operator};
use super::error_code::{ErrorCode, READ_DETAIL, RETRY_AFTER, error};

pub(super) const LATER: [ErrorCode; 14] = [
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

pub(super) const ONCE: [ErrorCode; 4] = [
    error(
        "IDEMPOTENCY_KEY_NOT_VALID",
        &[400],
        Caller,
        "the idempotency key breaks the rule",
        "send 1 to 255 printable ASCII characters in quotation marks, once",
    ),
    error(
        "IDEMPOTENCY_KEY_REUSED",
        &[422],
        Caller,
        "the key came before with another call, body or API key",
        "make a key for each call, and keep it for its repeats alone",
    ),
    error(
        "IDEMPOTENCY_KEY_IN_USE",
        &[409],
        Load,
        "the first call with this key is still under way",
        "send it again a little later",
    ),
    error(
        "TOO_MANY_IDEMPOTENCY_KEYS",
        &[429],
        Caller,
        "as many calls of this tenant are kept as may",
        "leave the key out, or wait: each is kept for a day",
    ),
];

pub(super) const POLICIES: [ErrorCode; 4] = [
    error(
        "POLICY_NOT_VALID",
        &[422],
        Caller,
        "the policy is none, or not one that a tenant may have",
        "read the detail, which names every fault",
    ),
    error(
        "POLICY_VERSION_TAKEN",
        &[409],
        Caller,
        "there was another policy of this name and version",
        "write a new version into it",
    ),
    error(
        "TOO_MANY_POLICIES",
        &[409],
        Caller,
        "as many versions of policies of this tenant are kept as may",
        "set one of those before",
    ),
    error(
        "POLICY_NOT_USABLE",
        &[503],
        Operator,
        "the policy that the tenant set is none for this version of the program",
        "set it anew; the log names every fault",
    ),
];
