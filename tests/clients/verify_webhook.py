"""Verifies a webhook with Python's library of Standard Webhooks: secret, headers as JSON, body. Exits
with 1 when the signature is not right."""

import json
import sys

from standardwebhooks import Webhook, WebhookVerificationError

secret, headers, body = sys.argv[1:]
try:
    Webhook(secret).verify(body, json.loads(headers))
except WebhookVerificationError as error:
    sys.exit(f"not verified: {error}")
