"""Verifies a receipt with Python's joserfc: the service's JSON Web Key Set, the receipt. Prints what
the receipt says, and exits with 1 when its signature is not right."""

import json
import sys

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

keys, receipt = (json.loads(text) for text in sys.argv[1:])
try:
    signed = jws.deserialize_json(receipt, KeySet.import_key_set(keys), algorithms=["EdDSA"])
except JoseError as error:
    sys.exit(f"not verified: {error}")
sys.stdout.write(signed.payload.decode())
