"""The loop around a verdict, from the first key to an allowed photo, with the real program.

Usage: walk.py PROGRAM DATABASE PHOTO. PROGRAM is the binary, DATABASE a URL as of `--db`, PHOTO a photo
that is banked by mistake and disputed. It needs the client of clients/python and `standardwebhooks`.
docs/walk.md tells the same in words.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Thread

from photocheck import Client
from standardwebhooks import Webhook, WebhookVerificationError

program, database, photo = sys.argv[1:]


def step(text: str) -> None:
    print(text, flush=True)


def run(*words: str) -> str:
    """What a command of the program prints."""
    command = [program, *words, "--db", database]
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout.strip()


@contextmanager
def serving() -> Iterator[str]:
    """The service on a free port, which may send webhooks to this machine."""
    words = ["serve", "--db", database, "--listen", "127.0.0.1:0"]
    words += ["--webhook-networks", "127.0.0.1/32", "--stop-delay-s", "0"]
    with subprocess.Popen([program, *words], text=True, stdout=subprocess.PIPE) as service:
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

    # Here come the receipt of the check, verified offline, and the audit chain, once there are both.
