"""Kills one of three services at random, again and again, while they check what they accepted and tell
of it. Needs Python's standardwebhooks.

    python3 benches/kill_workers.py target/release/photocheck URL-OF-AN-EMPTY-DATABASE PHOTO... [--kills 200]

A writer sends calls of three photos until each is accepted: a call whose answer was lost is sent again, and
may be there twice. A receiver verifies each webhook, refuses one in five, and counts ids. At the end every
check that was acknowledged must be done, with the report of its photo, and told at least once. Exits with 1
if not. Prints its seed.
"""

import argparse
import http.server
import json
import os
import random
import subprocess
import threading
import time
import urllib.error
import urllib.request

from standardwebhooks import Webhook

SERVICES = 3
PHOTOS_A_CALL = 3
UNTOLD_MAX = 60
ENVIRONMENT = {**os.environ, "PHOTOCHECK_PHOTO_KEY": "a secret of a bench, long enough for it"}


class Service:
    """One `photocheck serve`, which can be killed and started again."""

    def __init__(self, program, database):
        self.command = [program, "serve", "--listen", "127.0.0.1:0", "--db", database]
        self.command += ["--waiting-photos", "encrypted", "--webhook-networks", "127.0.0.1/32"]
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            self.command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=ENVIRONMENT
        )
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"a service did not start: {self.process.wait()}")
        self.url = line.split()[-1]

    def kill(self):
        self.process.kill()
        self.process.wait()


def call(url, key, body=None, content_type="application/json"):
    headers = {"content-type": content_type, "authorization": f"Bearer {key}"}
    request = urllib.request.Request(url, data=body, headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def form(photos):
    parts = []
    for photo in photos:
        parts += [b"--x\r\ncontent-disposition: form-data; name=\"photo\"; filename=\"p\"\r\n\r\n", photo]
        parts += [b"\r\n"]
    return b"".join(parts) + b"--x--\r\n"


class Writer(threading.Thread):
    """Sends calls until it is told to stop; then the last one is accepted too."""

    def __init__(self, number, services, key, photos, told, chance):
        super().__init__(daemon=True)
        self.number, self.services, self.key, self.told = number, services, key, told
        self.photos, self.chance = photos, chance
        self.accepted, self.repeats, self.stopping = {}, 0, False

    def run(self):
        while not self.stopping:
            if UNTOLD_MAX < len(self.accepted.keys() - self.told.keys()):
                time.sleep(0.2)
                continue
            chosen = [self.chance.randrange(len(self.photos)) for _ in range(PHOTOS_A_CALL)]
            for check, photo in zip(self.send(form([self.photos[it] for it in chosen])), chosen):
                self.accepted[check["id"]] = photo
            time.sleep(self.chance.uniform(0, 1))

    def send(self, body):
        turn = self.number
        while True:
            url = f"{self.services[turn % SERVICES].url}/v1/checks"
            try:
                answer = call(url, self.key, body, "multipart/form-data; boundary=x")
                return answer["checks"]
            except (OSError, urllib.error.URLError, ValueError):
                self.repeats += 1
                turn += 1
                time.sleep(0.05)


def receiver(told, chance):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            event = Webhook(self.server.secret).verify(body, dict(self.headers.items()))
            refused = chance.random() < 0.2
            if not refused:
                told.setdefault(event["data"]["id"], []).append(self.headers["webhook-id"])
            self.send_response(503 if refused else 204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def any_call(services, key, path):
    while True:
        try:
            return call(f"{random.choice(services).url}{path}", key)
        except (OSError, ValueError):
            time.sleep(0.2)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("program")
    arguments.add_argument("database")
    arguments.add_argument("photos", nargs="+")
    arguments.add_argument("--kills", type=int, default=200)
    arguments.add_argument("--pause-s", type=float, default=2.0)
    args = arguments.parse_args()
    seed = int.from_bytes(os.urandom(4))
    chance = random.Random(seed)
    print(f"seed {seed}", flush=True)
    made = [args.program, "key", "create", "--name", "bench", "--scopes", "check,admin", "--create"]
    made = subprocess.run([*made, "--db", args.database], check=True, capture_output=True, text=True)
    key, told = made.stdout.strip(), {}
    photos = [open(photo, "rb").read() for photo in args.photos]
    server = receiver(told, random.Random(seed + 1))
    services = [Service(args.program, args.database) for _ in range(SERVICES)]
    hook = json.dumps({"url": f"http://127.0.0.1:{server.server_port}/"}).encode()
    server.secret = call(f"{services[0].url}/v1/webhooks", key, hook)["secret"]
    writers = [
        Writer(number, services, key, photos, told, random.Random(seed + 2 + number))
        for number in range(2)
    ]
    begun = time.monotonic()
    for writer in writers:
        writer.start()
    for number in range(args.kills):
        time.sleep(chance.uniform(0, 2 * args.pause_s))
        victim = chance.choice(services)
        victim.kill()
        victim.start()
        if number % 20 == 19:
            accepted = sum(len(writer.accepted) for writer in writers)
            print(f"{number + 1} kills, {accepted} accepted, {len(told)} told", flush=True)
    for writer in writers:
        writer.stopping = True
    for writer in writers:
        writer.join()
    accepted = {check: photo for writer in writers for check, photo in writer.accepted.items()}
    seconds = time.monotonic() - begun
    patience = time.monotonic() + 600
    while not accepted.keys() <= told.keys() and time.monotonic() < patience:
        time.sleep(0.5)
    reports, wrong = {}, 0
    for check, photo in accepted.items():
        answer = any_call(services, key, f"/v1/checks/{check}")
        report = answer.get("report")
        wrong += answer["state"] != "done" or report != reports.setdefault(photo, report)
    for service in services:
        service.process.terminate()
        service.process.wait()
    lost = accepted.keys() - told.keys()
    twice = sum(1 for ids in told.values() if len(ids) > 1)
    other = sum(1 for ids in told.values() if len(set(ids)) > 1)
    repeats = sum(writer.repeats for writer in writers)
    print(f"{args.kills} kills in {seconds:.0f} s; {len(accepted)} checks accepted, {repeats} calls "
          f"repeated; not done {wrong}, never told {len(lost)}; told more than once {twice}, of these "
          f"with another id {other}")
    return 1 if lost or wrong or other else 0


if __name__ == "__main__":
    raise SystemExit(main())
