"""photocheck's index beside faiss-cpu: the same hashes, queries and radius, one thread.

    python3 -m venv FOLDER && FOLDER/bin/pip install faiss-cpu numpy
    cargo bench --bench index -- --write DIR 1000000
    FOLDER/bin/python benches/faiss/compare.py DIR 1000000

Times are CPU seconds of this process, as the bench's own are. Recall counts what a scan of all
hashes finds within the radius; the scan is `IndexBinaryFlat`, which is exact.
"""

import json
import math
import sys
import time
from pathlib import Path

import faiss
import numpy as np

BITS = 256
SLOW_QUERIES = 200


def resident_mb():
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    return math.nan


def searched(index, queries, radius):
    """CPU seconds a query, and per query the set of rows at most `radius` away."""
    begun = time.process_time()
    # faiss keeps what is nearer than its radius.
    answers = [index.range_search(query[None], radius + 1) for query in queries]
    seconds = (time.process_time() - begun) / len(queries)
    return seconds, [set(rows.tolist()) for _, _, rows in answers]


def flat(hashes):
    index = faiss.IndexBinaryFlat(BITS)
    index.add(hashes)
    return index


def multi_hash(bands, bits, flips):
    def make(hashes):
        index = faiss.IndexBinaryMultiHash(BITS, bands, bits)
        index.nflip = flips
        index.add(hashes)
        return index

    return make


def one_hash(bits, flips):
    def make(hashes):
        index = faiss.IndexBinaryHash(BITS, bits)
        index.nflip = flips
        index.add(hashes)
        return index

    return make


def main(folder, size):
    faiss.omp_set_num_threads(1)
    read = lambda kind: np.fromfile(folder / f"{size}.{kind}", np.uint8).reshape(-1, BITS // 8)
    hashes, queries = read("hashes"), read("queries")
    ours = json.loads((folder / f"{size}.json").read_text())
    radius = ours["radius"]
    # As many bits as give a bucket a hash or two.
    bits = max(8, round(math.log2(size)) - 2)
    kinds = {
        "IndexBinaryFlat": (flat, SLOW_QUERIES),
        # Exact at radius 31: 16 bands within 1 bit.
        "IndexBinaryMultiHash 16x16, nflip 1": (multi_hash(16, 16, 1), SLOW_QUERIES),
        f"IndexBinaryHash {bits} bits, nflip 1": (one_hash(bits, 1), len(queries)),
        f"IndexBinaryHash {bits} bits, nflip 3": (one_hash(bits, 3), len(queries)),
    }
    # Exact at radius 31 too: 11 bands within 2 bits.
    if size <= 1_000_000:
        kinds["IndexBinaryMultiHash 11x23, nflip 2"] = (multi_hash(11, 23, 2), SLOW_QUERIES)
    truth = None
    print("| index | build s | resident MB | lookups/s | photocheck is faster by | recall |")
    print("| --- | --- | --- | --- | --- | --- |")
    our_speed = ours["lookups_per_s"]
    lines = []
    for name, (make, count) in kinds.items():
        before, begun = resident_mb(), time.process_time()
        index = make(hashes)
        build, resident = time.process_time() - begun, resident_mb() - before
        seconds, found = searched(index, queries[:count], radius)
        del index
        if truth is None:
            truth = found
        compared = list(zip(truth, found))
        recall = sum(len(a & b) for a, b in compared) / max(1, sum(len(a) for a, _ in compared))
        ratio = our_speed * seconds
        lines.append(
            f"| {name} | {build:.1f} | {resident:.0f} | {1 / seconds:.0f} | {ratio:.1f} "
            f"| {recall:.3f} |"
        )
    compared = list(zip(truth, map(set, ours["answers"])))
    recall = sum(len(a & b) for a, b in compared) / max(1, sum(len(a) for a, _ in compared))
    assert all(a == b for a, b in compared), "photocheck does not answer what faiss's scan does"
    print(
        f"| photocheck | {ours['build_ms'] / 1e3:.1f} | {ours['resident_mb']:.0f} "
        f"| {our_speed:.0f} | 1 | {recall:.3f} |"
    )
    print("\n".join(lines))
    print(f"\n{size} hashes, radius {radius}, faiss {faiss.__version__}, {len(truth)} queries")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
