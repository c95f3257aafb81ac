"""Verifies webhooks, as Standard Webhooks says: https://www.standardwebhooks.com"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypedDict, cast

from photocheck.errors import PhotocheckError
from photocheck.resources import Check


class NotVerified(PhotocheckError):
    """A message that is not the service's, was changed, or is too old."""


class CheckFinished(TypedDict):
    """A check was finished."""

    type: Literal["check.finished"]
    timestamp: str
    data: Check


class AppealDecided(TypedDict):
    """An appeal was decided."""

    type: Literal["appeal.decided"]
    timestamp: str
    data: Check


class OtherEvent(TypedDict):
    """Events that concern banks and endpoints; docs/webhooks.md has the fields of each."""

    type: Literal["photo.seen_before", "hash.quarantined", "endpoint.switched_off"]
    timestamp: str
    data: dict[str, Any]


Event: TypeAlias = CheckFinished | AppealDecided | OtherEvent
"""Later versions may send others: pass over a `type` that you do not know."""


@dataclass(frozen=True)
class Message:
    """A verified message. The same one may come again with the same `id`."""

    id: str
    sent_at: int
    event: Event


def verify_webhook(
    body: bytes | str,
    headers: Mapping[str, str],
    secrets: Iterable[str],
    *,
    tolerance_s: int = 300,
    now_s: float | None = None,
) -> Message:
    """Returns the message if one of the secrets (`whsec_…`) signed exactly these bytes within the
    last `tolerance_s` seconds; raises `NotVerified` otherwise."""
    keys = [_key(secret) for secret in secrets]
    if not keys:
        raise ValueError("no secret to verify with")
    found = {name.lower(): value for name, value in headers.items()}
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    if missing := [name for name in names if not found.get(name)]:
        raise NotVerified(f"there is no header {missing[0]}")
    message_id, timestamp, signatures = (found[name] for name in names)
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise NotVerified("webhook-timestamp is no number of seconds")
    sent_at = int(timestamp)
    away_s = abs((time.time() if now_s is None else now_s) - sent_at)
    if tolerance_s < away_s:
        raise NotVerified(f"it was sent {away_s:.0f} s from now, the limit is {tolerance_s} s")
    sent = body.encode() if isinstance(body, str) else body
    signed = f"{message_id}.{timestamp}.".encode() + sent
    right = [hmac.new(key, signed, hashlib.sha256).digest() for key in keys]
    shown = [_digest(text) for text in signatures.split(" ") if text.startswith("v1,")]
    # Every pair is compared, each in constant time: how long it takes says nothing.
    if not any([hmac.compare_digest(ours, theirs) for ours in right for theirs in shown]):
        raise NotVerified("no signature is right")
    try:
        event = json.loads(sent)
    except ValueError as error:
        raise NotVerified("the body is no JSON") from error
    return Message(message_id, sent_at, cast(Event, event))


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise ValueError("a secret is whsec_ and base64") from error
    if not key:
        raise ValueError("a secret is empty")
    return key


def _digest(signature: str) -> bytes:
    try:
        return base64.b64decode(signature.removeprefix("v1,"), validate=True)
    except (binascii.Error, ValueError):
        return b""
