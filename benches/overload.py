"""Sends checks at twice what a service can do and counts what becomes of them.

    python3 benches/overload.py target/release/photocheck PHOTO [--minutes 10] [--slow-clients 8]

Three stages against a `photocheck serve` of its own, with a database of its own: requests one after the other
say what the machine can do; half of that says what an answer takes when nobody waits; twice of that is
the overload. Requests leave by a clock, whether or not earlier ones were answered. Beside the overload,
slow clients send a body a byte at a time. Each request names an account of its own, so that the bank of
sightings shows afterwards which were done: every acknowledged one once, and none that was turned away.
Prints one line a stage, memory each minute, and exits with 1 where something was lost or doubled.
"""

import argparse
import collections
import http.client
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

BANK = "SEEN"
WORKERS_MAX = 400
TIMEOUT_S = 60


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


class Service:
    def __init__(self, program, folder):
        database = os.path.join(folder, "photocheck.db")
        self.database = database
        bank = [program, "bank", "create", BANK, "--purpose", "seen", "--db", database]
        subprocess.run(bank, check=True, stdout=subprocess.DEVNULL)
        self.process = subprocess.Popen(
            [program, "serve", "--listen", "127.0.0.1:0", "--db", database,
             "--banks-open-to-everybody", "--sightings-bank", BANK, "--sightings-retention-days", "30"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env=os.environ | {"PHOTOCHECK_ACCOUNT_KEY": os.urandom(32).hex()})
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"the service did not start: {self.process.wait()}")
        self.address = urllib.parse.urlparse(line.split()[-1]).netloc

    def memory_mb(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1]) / 1024

    def sightings(self):
        """How many accounts were seen: each sends the photo once."""
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True) as database:
            return database.execute("select count(*) from sighting").fetchone()[0]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


class Tally:
    def __init__(self):
        self.lock = threading.Lock()
        self.seconds = collections.defaultdict(list)
        self.failures = collections.Counter()

    def note(self, status, seconds):
        with self.lock:
            self.seconds[status].append(seconds)

    def note_failure(self, error):
        with self.lock:
            self.failures[type(error).__name__] += 1

    def line(self, name):
        parts = [name]
        for status, seconds in sorted(self.seconds.items()):
            shares = ", ".join(f"p{int(100 * p)} {1e3 * percentile(seconds, p):.0f}" for p in (0.5, 0.99))
            parts.append(f"{status}: {len(seconds)} ({shares} ms)")
        parts += [f"{kind}: {count}" for kind, count in self.failures.items()]
        return "; ".join(parts)


def send(service, photo, account, tally):
    begun = time.monotonic()
    try:
        connection = http.client.HTTPConnection(service.address, timeout=TIMEOUT_S)
        connection.request("POST", f"/v1/check?account_id={account}", photo,
                           {"content-type": "application/octet-stream"})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        tally.note(answer.status, time.monotonic() - begun)
    except OSError as error:
        tally.note_failure(error)


def offer(service, photo, name, rate, seconds, tally):
    """Sends `rate` requests a second, by the clock."""
    threads, begun = [], time.monotonic()
    for number in range(int(rate * seconds)):
        time.sleep(max(0.0, begun + number / rate - time.monotonic()))
        threads = [thread for thread in threads if thread.is_alive()]
        if len(threads) >= WORKERS_MAX:
            tally.note_failure(BlockingIOError())
            continue
        work = (service, photo, f"{name}-{number}", tally)
        threads.append(threading.Thread(target=send, args=work, daemon=True))
        threads[-1].start()
    for thread in threads:
        thread.join()


def dribble(service, photo, until):
    """A client that sends a byte at a time, again and again, until the time is over."""
    host, port = service.address.split(":")
    while time.monotonic() < until:
        try:
            with socket.create_connection((host, int(port)), timeout=5) as connection:
                head = f"POST /v1/check HTTP/1.1\r\nhost: {service.address}\r\n" \
                       f"content-type: application/octet-stream\r\ncontent-length: {len(photo)}\r\n\r\n"
                connection.sendall(head.encode())
                for byte in photo:
                    if time.monotonic() >= until:
                        return
                    connection.sendall(bytes([byte]))
                    time.sleep(0.2)
        except OSError:
            time.sleep(0.2)


def watch_memory(service, until, found):
    while time.monotonic() < until:
        found.append(service.memory_mb())
        time.sleep(min(60.0, max(0.0, until - time.monotonic())))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("photo")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--slow-clients", type=int, default=8)
    args = parser.parse_args()
    with open(args.photo, "rb") as file:
        photo = file.read()
    with tempfile.TemporaryDirectory() as folder:
        service = Service(args.program, folder)
        alone = Tally()
        threads = [threading.Thread(target=lambda n=n: [
            send(service, photo, f"alone-{n}-{i}", alone) for i in range(20)]) for n in range(2)]
        begun = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rate = 40 / (time.monotonic() - begun)
        print(alone.line(f"two clients, {rate:.1f}/s"), flush=True)
        half, twice, memory = Tally(), Tally(), []
        offer(service, photo, "half", rate / 2, 60, half)
        print(half.line(f"half load, {rate / 2:.1f}/s"), flush=True)
        until = time.monotonic() + 60 * args.minutes
        beside = [threading.Thread(target=dribble, args=(service, photo, until), daemon=True)
                  for _ in range(args.slow_clients)]
        beside.append(threading.Thread(target=watch_memory, args=(service, until, memory), daemon=True))
        for thread in beside:
            thread.start()
        offer(service, photo, "twice", 2 * rate, 60 * args.minutes, twice)
        print(twice.line(f"twice, {2 * rate:.1f}/s"), flush=True)
        print("resident MB by minute:", " ".join(f"{mb:.0f}" for mb in memory), flush=True)
        done = sum(len(tally.seconds[200]) for tally in (alone, half, twice))
        seen = service.sightings()
        print(f"acknowledged {done}, sightings {seen}", flush=True)
        p50, p99 = percentile(half.seconds[200], 0.5), percentile(twice.seconds[200], 0.99)
        print(f"p99 under overload is {p99 / p50:.1f} times the p50 at half load")
        service.stop()
    sys.exit(1 if twice.failures or seen != done else 0)


if __name__ == "__main__":
    main()
