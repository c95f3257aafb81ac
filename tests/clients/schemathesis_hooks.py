"""What schemathesis sends where a schema cannot say what is valid: photos, lists of hashes, and
forms whose fields have names that a form can have."""

import hashlib
import os
import re
import uuid
from pathlib import Path

import schemathesis
from hypothesis import strategies as st
from schemathesis.transport.serialization import Binary

folder = Path(os.environ["PHOTOCHECK_FIXTURES"])
KEY = re.compile(r'"[ !#-\[\]-~]{1,255}"|[!#-+\--:<-\[\]-~]{1,255}')
photos = [(folder / name).read_bytes() for name in ("edge/png-8.png", "photos/real-hopper.jpg")]
schemathesis.openapi.format("binary", st.sampled_from(photos).map(Binary))
# By which a tenant may be judged.
schemathesis.openapi.format("policy", st.sampled_from(["strict", "label"]))
# Where webhooks may be sent.
schemathesis.openapi.format("uri", st.just("https://hooks.example.org/"))


@schemathesis.hook
def map_body(context, body):
    """A form whose fields have no control characters in their names."""
    if not isinstance(body, dict):
        return body
    return {name: value for name, value in body.items() if name.isascii() and name.isprintable()}


@schemathesis.hook
def before_call(context, case, kwargs):
    """Sends a list of hashes where a photo would be sent as one, and each call by a key of its own."""
    key = (case.headers or {}).get("idempotency-key")
    if key is not None and KEY.fullmatch(key):
        case.headers["idempotency-key"] = f'"{uuid.uuid4()}"'
    data = getattr(case.body, "data", case.body)
    if case.path.endswith("/import") and data in photos:
        case.body = Binary(hashlib.sha256(data).hexdigest().encode())
