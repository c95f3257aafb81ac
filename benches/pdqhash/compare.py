"""PDQ and all views of photocheck beside the crate `pdqhash` and PyPI's `pdqhash`, in one run.

    python3 -m venv FOLDER && FOLDER/bin/pip install numpy==2.4.6 pillow==13.0.0 pdqhash==0.2.8
    FOLDER/bin/python benches/pdqhash/compare.py

The photo is decoded before anything is timed. Each is run in turn, three times over, and the fastest
counts. Hashes are compared as well.
"""

import re
import subprocess
import time
from pathlib import Path

import numpy
import pdqhash
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
PHOTO = ROOT / "fixtures/photos/ai-portrait-1.jpg"
ROUNDS, TIMES = 3, 30


def run(*command):
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def by_pypi():
    pixels = numpy.asarray(Image.open(PHOTO).convert("RGB"))
    best = float("inf")
    for _ in range(TIMES):
        begun = time.perf_counter()
        bits, _ = pdqhash.compute(pixels)
        best = min(best, time.perf_counter() - begun)
    return {"PyPI pdqhash": best * 1e3}, numpy.packbits(bits).tobytes().hex()


def by_crate():
    manifest = "benches/pdqhash/crate/Cargo.toml"
    command = ["cargo", "run", "--quiet", "--release", "--manifest-path", manifest, "--target-dir", "target/pdqhash"]
    found, best = run(*command, "--", str(PHOTO), str(TIMES)).split()
    return {"crate pdqhash": float(best)}, found


def by_photocheck():
    units = {"ns": 1e-6, "µs": 1e-3, "ms": 1.0, "s": 1e3}
    printed = run("cargo", "bench", "--bench", "pipeline", "--", "pdq_hash", "all_views", "face_looks")
    found = re.findall(r"(pdq_hash|all_views|face_looks)\s+([\d.]+) (\S+)", printed)
    hashed = run("cargo", "run", "--quiet", "--release", "--", "hash", str(PHOTO))
    return {f"photocheck {name}": float(value) * units[unit] for name, value, unit in found}, hashed.split()[0]


def main():
    best, hashes = {}, {}
    for _ in range(ROUNDS):
        for measure in (by_photocheck, by_crate, by_pypi):
            times, hashes[measure.__name__] = measure()
            for name, milliseconds in times.items():
                best[name] = min(best.get(name, float("inf")), milliseconds)
    for name, milliseconds in best.items():
        print(f"{name:24} {milliseconds:8.2f} ms")
    reference = int(hashes["by_pypi"], 16)
    for name, found in hashes.items():
        print(f"{name:24} {(int(found, 16) ^ reference).bit_count()} bits from PyPI's hash")


if __name__ == "__main__":
    main()
