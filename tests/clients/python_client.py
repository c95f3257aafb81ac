"""Tries a client that openapi-python-client made against a running service.

Usage: python_client.py URL TOKEN PHOTO, with the generated package on PYTHONPATH.
"""

import sys
from io import BytesIO

import httpx
from photocheck_client import AuthenticatedClient, Client
from photocheck_client.api.banks import add_content, create_bank, list_banks, rename_bank
from photocheck_client.api.banks import show_content
from photocheck_client.api.check import check_photo
from photocheck_client.models import BankChangeJson, NewBankJson, PhotoForm, Problem, ReportJson
from photocheck_client.models import ReportJsonVerdict as Verdict
from photocheck_client.types import File

url, token, path = sys.argv[1:]
photo = open(path, "rb").read()
# A busy machine takes longer than the five seconds of httpx.
patient = httpx.Timeout(120)
keeper = AuthenticatedClient(base_url=url, token=token, timeout=patient)

made = create_bank.sync(client=keeper, body=NewBankJson(name="PYTHON"))
assert made.name == "PYTHON" and made.purpose.value == "known_fake", made
added = add_content.sync(name="PYTHON", client=keeper, body=File(payload=BytesIO(photo)))
assert added.added, added
content = show_content.sync(name="PYTHON", content_id=added.content_id, client=keeper)
assert content.opinion.value == "confirmed", content
renamed = rename_bank.sync(name="PYTHON", client=keeper, body=BankChangeJson(name="RENAMED"))
assert renamed.name == "RENAMED" and renamed.contents == 1, renamed
assert "RENAMED" in [bank.name for bank in list_banks.sync(client=keeper).banks]

anybody = Client(base_url=url, timeout=patient)
report = check_photo.sync(client=anybody, body=PhotoForm(photo=File(payload=BytesIO(photo))))
assert isinstance(report, ReportJson) and report.verdict == Verdict.FAKE, report
assert report.evidence.matches[0].bank == "RENAMED", report
refused = check_photo.sync(client=anybody, body=File(payload=BytesIO(b"no photo")))
assert isinstance(refused, Problem) and refused.code == "PHOTO_NOT_AN_IMAGE", refused
print("checked")
