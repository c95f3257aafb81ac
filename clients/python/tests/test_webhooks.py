"""Signatures, against the library of Standard Webhooks."""

from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from photocheck import NotVerified, verify_webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
NOW_S = 1_795_800_000
BODY = '{"type":"check.finished","timestamp":"2026-11-27T18:00:00Z","data":{"id":"é"}}'


def signed(*secrets: str, body: str = BODY) -> dict[str, str]:
    at = datetime.fromtimestamp(NOW_S, UTC)
    signatures = [Webhook(secret).sign("msg_1", at, body) for secret in secrets]
    return {
        "Webhook-Id": "msg_1",
        "webhook-timestamp": str(NOW_S),
        "webhook-signature": " ".join(signatures),
    }


def check(headers: dict[str, str], *secrets: str, body: str | bytes = BODY, late_s: int = 0) -> str:
    return verify_webhook(body, headers, secrets, now_s=NOW_S + late_s).id


def test_what_the_library_signed_is_verified() -> None:
    message = verify_webhook(BODY.encode(), signed(SECRET), [SECRET], now_s=NOW_S)
    assert (message.id, message.sent_at) == ("msg_1", NOW_S)
    assert message.event["type"] == "check.finished"
    assert message.event["data"]["id"] == "é"


def test_either_of_two_secrets_on_either_side() -> None:
    assert check(signed(SECRET, OTHER), OTHER) == "msg_1"
    assert check(signed(OTHER, SECRET), OTHER) == "msg_1"
    assert check(signed(SECRET), OTHER, SECRET) == "msg_1"


def test_time_is_bounded_on_both_sides() -> None:
    headers = signed(SECRET)
    for late_s in (-300, 300):
        assert check(headers, SECRET, late_s=late_s) == "msg_1"
    for late_s in (-301, 301):
        with pytest.raises(NotVerified):
            check(headers, SECRET, late_s=late_s)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-signature", ""),
        ("webhook-signature", "v1"),
        ("webhook-signature", "v1,"),
        ("webhook-signature", "v1,é"),
        ("webhook-signature", "v1,A v2,B ,"),
        ("webhook-timestamp", "soon"),
        ("webhook-timestamp", "NaN"),
        ("webhook-timestamp", "9" * 400),
        ("webhook-timestamp", str(NOW_S - 1)),
        ("Webhook-Id", "msg_2"),
        ("Webhook-Id", ""),
    ],
)
def test_changed_headers_are_refused(name: str, value: str) -> None:
    with pytest.raises(NotVerified):
        check({**signed(SECRET), name: value}, SECRET)


def test_changed_bodies_and_other_secrets_are_refused() -> None:
    for body in (BODY + " ", BODY.replace("finished", "begun"), ""):
        with pytest.raises(NotVerified):
            check(signed(SECRET), SECRET, body=body)
    with pytest.raises(NotVerified):
        check(signed(SECRET), OTHER)
    with pytest.raises(NotVerified):
        check(signed(SECRET, body="no JSON"), SECRET, body="no JSON")
    # Another kind of signature of the same bytes counts for nothing.
    headers = signed(SECRET)
    headers["webhook-signature"] = headers["webhook-signature"].replace("v1,", "v1a,")
    with pytest.raises(NotVerified):
        check(headers, SECRET)


def test_a_secret_that_is_none_is_the_callers_mistake() -> None:
    for secrets in ([], ["whsec_"], ["whsec_?"], [""]):
        with pytest.raises(ValueError):
            verify_webhook(BODY, signed(SECRET), secrets)
