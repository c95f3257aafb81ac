"""Checks photos on Ray with two nodes, kills a worker in the middle, and compares the rows.

Usage: on_ray.py PHOTOS JOB BANK
"""

import sys
from pathlib import Path

import psutil
import ray
from ray.cluster_utils import Cluster
from rows import assert_same

from photocheck.ray import check_photos

ACTOR_BYTES = 256 * 1024 * 1024

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
    ours = psutil.Process().children(recursive=True)
    return [process for process in ours if "ray::MapWorker" in " ".join(process.cmdline())]


dataset = ray.data.read_binary_files(photos, include_paths=True)
checked = check_photos(dataset, workers=2, batch_size=2, memory=ACTOR_BYTES, bank=bank)
rows: list[dict[str, object]] = []
for row in checked.iter_rows():
    if not rows:
        # The first rows are there, and others are being checked.
        killed = actors()
        assert len(killed) == 2, killed
        killed[0].kill()
    rows.append(row)
assert_same(rows, Path(job))
print("one of two workers was killed on the way")
ray.shutdown()
cluster.shutdown()
