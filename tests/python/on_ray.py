"""Checks photos on Ray with two nodes, kills a worker on the way, and compares the rows.

Usage: on_ray.py PHOTOS JOB BANK
"""

import sys
import threading
import time
from pathlib import Path

import psutil
import ray
from ray.cluster_utils import Cluster
from rows import assert_same

from photocheck.ray import check_photos

ACTOR_BYTES = 256 * 1024 * 1024
WORKERS_START_S = 240

photos, job, bank = sys.argv[1:]
# Each node has memory for one actor, so the two are on two nodes, and a core to read with.
cluster = Cluster(initialize_head=False)
for is_head in (True, False):
    settings = {"include_dashboard": False} if is_head else {}
    cluster.add_node(
        num_cpus=2, memory=ACTOR_BYTES * 3 // 2, object_store_memory=100_000_000, **settings
    )
ray.init(address=cluster.address, log_to_driver=False)


def actors() -> list[psutil.Process]:
    """The processes in which photos are checked."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if "ray::MapWorker" in " ".join(process.cmdline()):
                found.append(process)
        except psutil.NoSuchProcess:
            pass
    return found


killed: list[psutil.Process] = []


def kill_one() -> None:
    """Kills one of two workers as soon as both are there."""
    until = time.monotonic() + WORKERS_START_S
    while time.monotonic() < until:
        there = actors()
        if len(there) == 2:
            there[0].kill()
            killed.append(there[0])
            return
        time.sleep(0.2)


killer = threading.Thread(target=kill_one)
killer.start()
dataset = ray.data.read_binary_files(photos, include_paths=True)
checked = check_photos(dataset, workers=2, batch_size=2, memory=ACTOR_BYTES, bank=bank)
rows: list[dict[str, object]] = list(checked.iter_rows())
killer.join()
assert killed, "there never were two workers"
assert_same(rows, Path(job))
print("one of two workers was killed on the way")
ray.shutdown()
cluster.shutdown()
