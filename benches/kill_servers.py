"""Kills one of three services at random, again and again, while all of them write to one PostgreSQL.

    python3 benches/kill_servers.py target/release/photocheck postgres://postgres@127.0.0.1/EMPTY [KILLS]

A writer for each service sends records, each with an id of its own, until they are acknowledged: a
record whose answer was lost is sent again, to whichever service is there. At the end the bank is
exported. Every acknowledged record must be there, once, and nothing else but what was sent; every
service must show as many hashes. Exits with 1 if not. Prints its seed.
"""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

SERVICES = 3
BANK = "LOAD"
RECORDS_A_REQUEST = 3


class Service:
    """One `photocheck serve`, which can be killed and started again."""

    def __init__(self, program, database):
        self.command = [program, "serve", "--listen", "127.0.0.1:0", "--db", database]
        self.command.append("--banks-open-to-everybody")
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            self.command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"a service did not start: {self.process.wait()}")
        self.url = line.split()[-1]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def call(url, body=None, content_type="application/x-ndjson"):
    request = urllib.request.Request(url, data=body, headers={"content-type": content_type})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


class Writer(threading.Thread):
    """Sends records until it is told to stop; then the last ones are acknowledged too."""

    def __init__(self, number, services):
        super().__init__(daemon=True)
        self.number, self.services = number, services
        self.sent, self.acknowledged, self.repeats = set(), [], 0
        self.stopping = False

    def run(self):
        count = 0
        while not self.stopping:
            records = []
            for _ in range(RECORDS_A_REQUEST):
                identity = f"{self.number}-{count}"
                records.append({"pdq": os.urandom(32).hex(), "external_id": identity})
                count += 1
            self.sent.update(record["external_id"] for record in records)
            body = "\n".join(map(json.dumps, records)).encode()
            self.send(body)
            self.acknowledged += [record["external_id"] for record in records]

    def send(self, body):
        turn = self.number
        while True:
            service = self.services[turn % SERVICES]
            try:
                report = call(f"{service.url}/v1/banks/{BANK}/import?format=ndjson", body)
                assert report["added"] + report["already_there"] == RECORDS_A_REQUEST, report
                return
            except (OSError, urllib.error.URLError, ValueError):
                self.repeats += 1
                turn += 1
                time.sleep(0.02)


def wait_for(condition, what):
    begun = time.monotonic()
    while not condition():
        if 60 < time.monotonic() - begun:
            raise SystemExit(f"{what}: not within 60 s")
        time.sleep(0.05)


def main():
    program, database = sys.argv[1:3]
    kills = int(sys.argv[3]) if 3 < len(sys.argv) else 200
    seed = int.from_bytes(os.urandom(4))
    chance = random.Random(seed)
    print(f"seed {seed}", flush=True)
    made = [program, "bank", "create", BANK, "--db", database]
    subprocess.run(made, check=True, stdout=subprocess.DEVNULL)
    services = [Service(program, database) for _ in range(SERVICES)]
    writers = [Writer(number, services) for number in range(SERVICES)]
    begun = time.monotonic()
    for writer in writers:
        writer.start()
    for number in range(kills):
        time.sleep(chance.uniform(0, 0.5))
        victim = chance.choice(services)
        victim.kill()
        victim.start()
        if number % 20 == 19:
            done = sum(len(writer.acknowledged) for writer in writers)
            print(f"{number + 1} kills, {done} records acknowledged", flush=True)
    for writer in writers:
        writer.stopping = True
    for writer in writers:
        writer.join()
    seconds = time.monotonic() - begun

    export = [program, "bank", "export", BANK, "--format", "ndjson", "--db", database]
    lines = subprocess.run(export, check=True, capture_output=True, text=True).stdout.splitlines()
    found = [json.loads(line)["external_id"] for line in lines]
    acknowledged = {identity for writer in writers for identity in writer.acknowledged}
    sent = {identity for writer in writers for identity in writer.sent}
    lost, twice = acknowledged - set(found), len(found) - len(set(found))
    unknown = set(found) - sent
    for service in services:
        def shows():
            return call(f"{service.url}/readyz")["hashes"] == len(found)
        wait_for(shows, f"{service.url} shows all {len(found)} hashes")
        service.process.terminate()
        service.process.wait()
    repeats = sum(writer.repeats for writer in writers)
    print(f"{kills} kills in {seconds:.0f} s; {len(acknowledged)} records acknowledged, "
          f"{repeats} requests repeated; lost {len(lost)}, there twice {twice}, "
          f"never sent {len(unknown)}; all services show {len(found)} hashes")
    return 1 if lost or twice or unknown else 0


if __name__ == "__main__":
    sys.exit(main())
