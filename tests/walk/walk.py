"""The loop around a verdict, from the first key to a verified audit log, with the real program.

Usage: walk.py PROGRAM DATABASE PHOTO. PROGRAM is the binary, DATABASE a URL as of `--db`, PHOTO a photo
that is banked by mistake and disputed. It needs the client of clients/python, `standardwebhooks` and
`joserfc`. docs/walk.md tells the same in words.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread
from urllib.request import Request, urlopen

from joserfc import jws
from joserfc.jwk import KeySet
from photocheck import Client
from standardwebhooks import Webhook, WebhookVerificationError

program, database, photo = sys.argv[1:]
kept = tempfile.TemporaryDirectory(prefix="walk-")
folder = Path(kept.name)


def step(text: str) -> None:
    print(text, flush=True)


def run(*words: str, code: int = 0) -> str:
    """What a command of the program prints, which must end with this exit code."""
    command = [program, *words, "--db", database]
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE)
    assert done.returncode == code, f"{words}: {done.returncode}, {done.stdout}"
    return done.stdout.strip()


def fetch(address: str, key: str = "") -> bytes:
    """What the service answers to a GET."""
    headers = {"authorization": f"Bearer {key}"} if key else {}
    with urlopen(Request(address, headers=headers)) as answer:
        return answer.read()


@contextmanager
def serving() -> Iterator[str]:
    """The service on a free port, which may send webhooks to this machine."""
    words = ["serve", "--db", database, "--listen", "127.0.0.1:0"]
    words += ["--webhook-networks", "127.0.0.1/32", "--stop-delay-s", "0"]
    signing = {**os.environ, "PHOTOCHECK_RECEIPT_KEY": str(folder / "receipts.json")}
    with subprocess.Popen(
        [program, *words], text=True, stdout=subprocess.PIPE, env=signing
    ) as service:
        assert service.stdout is not None
        try:
            yield service.stdout.readline().split()[-1]
        finally:
            service.terminate()


@contextmanager
def receiving() -> Iterator[tuple[str, "Queue[tuple[dict[str, str], bytes]]"]]:
    """The platform's side: takes every message and answers 204."""
    arrived: Queue[tuple[dict[str, str], bytes]] = Queue()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            arrived.put((dict(self.headers.items()), body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/", arrived
    finally:
        server.shutdown()
        server.server_close()


run("tenant", "create", "acme", "--create")
scopes = ["check", "bank:write", "review", "admin"]
keys = {
    scope: run("key", "create", "--tenant", "acme", "--scopes", scope, "--name", "of the walk")
    for scope in scopes
}
step("keys made: " + ", ".join(scopes))
run("receipt", "new-key", str(folder / "receipts.json"))
step("key for receipts made")

with serving() as url, receiving() as (hook, arrived):
    platform, keeper = Client(url, keys["check"]), Client(url, keys["bank:write"])
    reviewer, admin = Client(url, keys["review"]), Client(url, keys["admin"])

    secret = admin.register_endpoint(hook)["secret"]
    step("endpoint registered")
    keeper.create_bank("ROMANCE_SCAM")
    keeper.add_content("ROMANCE_SCAM", photo, note="banked by mistake")
    step("photo banked, by mistake")

    begun = platform.start_checks([photo])["checks"][0]
    assert begun["state"] == "waiting", begun
    step("photo accepted, to be checked later")

    def told(kind: str) -> dict:
        """The next message, verified by a library that is not ours."""
        headers, body = arrived.get(timeout=300)
        event = Webhook(secret).verify(body, headers)
        try:
            Webhook(secret).verify(body + b" ", headers)
        except WebhookVerificationError:
            pass
        else:
            sys.exit("a changed body was verified")
        assert event["type"] == kind, event
        assert event["data"]["id"] == begun["id"], event
        step(f"webhook verified: {kind}")
        return event["data"]

    check = told("check.finished")
    assert check["report"]["answers"]["known_photo"]["answer"] == "match", check
    assert check["report"]["verdict"] == "fake", check
    step("the verdict is fake: it is a copy of a known photo")

    platform.give_feedback(check["id"], right=False, note="a member's own photo")
    platform.appeal(check["id"], "it is me")
    reviewer.overturn(check["id"], "the member showed the original")
    decided = told("appeal.decided")
    assert decided["appeal"]["state"] == "overturned", decided
    step("appealed and overturned")

    report = platform.check(photo)
    assert report["answers"]["known_photo"]["answer"] == "allowed", report
    assert report["verdict"] != "fake", report
    step("the same photo is allowed: " + report["answers"]["known_photo"]["message"])

    receipt, public_keys = folder / "receipt.json", folder / "jwks.json"
    receipt.write_bytes(fetch(f"{url}/v1/checks/{check['id']}/receipt", keys["check"]))
    public_keys.write_bytes(fetch(f"{url}/.well-known/jwks.json"))
    step("receipt and public keys fetched")

# The service is stopped: what follows needs none of it.
verify = ["receipt", "verify", "--photo", photo, "--keys", str(public_keys), str(receipt)]
assert "verdict   fake" in run(*verify)
signed = json.loads(receipt.read_text())
known = KeySet.import_key_set(json.loads(public_keys.read_text()))
said = json.loads(jws.deserialize_json(signed, known, algorithms=["EdDSA"]).payload)
assert (said["check_id"], said["verdict"]) == (check["id"], "fake"), said
step("receipt verified offline, by photocheck and by joserfc")
# Another character of the payload, which is still base64url.
changed = signed["payload"][:40] + ("A" if signed["payload"][40] != "A" else "B")
receipt.write_text(json.dumps({**signed, "payload": changed + signed["payload"][41:]}))
run(*verify, code=1)
step("a changed receipt is not verified")

entries = [line.split("\t")[3] for line in run("audit", "show", "--tenant", "acme").splitlines()]
done = ["bank.created", "content.added", "feedback.given", "appeal.made", "appeal.overturned"]
assert [action for action in done if action not in entries] == [], entries
verified = run("audit", "verify", "--tenant", "acme")
assert verified.startswith(f"acme: {len(entries)} entries as written, end "), verified
end = verified.split()[-1]
run("audit", "verify", "--tenant", "acme", "--noted", end)
run("audit", "verify", "--tenant", "acme", "--noted", f"{len(entries)}:{'0' * 64}", code=1)
step(f"audit log verified: {len(entries)} entries")
