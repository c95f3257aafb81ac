"""Processor time a photo of `photocheck check` and of the Python stack, side by side on one core.

    python benches/python_stack/compare.py target/release/photocheck PHOTO... [--rounds 3]

Each round runs both, one after the other, pinned to one core. What photocheck needs to start is
taken off by a run with the first photo alone. Prints the medians and the ratio.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path

STACK = Path(__file__).with_name("stack.py")


def run(command):
    """Runs a command on one core; returns its processor seconds and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
        preexec_fn=lambda: os.sched_setaffinity(0, {0}),
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # 1 says that a photo is suspect; 2, that something could not be done.
    if done.returncode not in (0, 1):
        raise SystemExit(f"{command[:3]} failed: {done.stderr.decode()}")
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("photos", nargs="+")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    check = [args.program, "check", "--json"]
    ours, theirs, stages = [], [], {}
    for _ in range(args.rounds):
        start, _ = run(check + args.photos[:1])
        whole, _ = run(check + args.photos)
        ours.append(1e3 * (whole - start) / (len(args.photos) - 1))
        _, printed = run([sys.executable, str(STACK), *args.photos])
        stages = json.loads(printed)
        theirs.append(stages["all"])
    ours_ms, theirs_ms = statistics.median(ours), statistics.median(theirs)
    print(f"photos {len(args.photos)}, rounds {args.rounds}")
    print(f"photocheck {ours_ms:.1f} ms, Python stack {theirs_ms:.1f} ms, "
          f"ratio {ours_ms / theirs_ms:.2f}")
    print(f"the stack's stages in the last round: {stages}")


if __name__ == "__main__":
    main()
