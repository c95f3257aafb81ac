"""Draws how the index grows, from the figures that the bench left: plot.py DIR OUT.png."""

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt


def main(folder, out):
    plt.rcParams.update({"font.size": 9, "savefig.dpi": 110})
    runs = [json.loads(path.read_text()) for path in folder.glob("*.json")]
    runs.sort(key=lambda run: run["size"])
    sizes = [run["size"] for run in runs]
    panels = [
        ("lookups/s, one thread, radius 31", "lookups_per_s", [(1e6, 1e4), (1e7, 1e3)], "left"),
        ("resident MB", "resident_mb", [(1e7, 1000)], "right"),
    ]
    figure, axes = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
    for axis, (title, key, targets, side) in zip(axes, panels):
        values = [run[key] for run in runs]
        axis.loglog(sizes, values, "o-", color="#1f5fa8", label="measured")
        axis.loglog(*zip(*targets), "x", color="#b03030", label="to reach", markersize=8)
        for size, value in zip(sizes, values):
            # Off the line, which falls in one panel and rises in the other.
            away = 7 if side == "left" else -7
            offset = {"textcoords": "offset points", "xytext": (away, 5), "ha": side}
            axis.annotate(f"{value:,.0f}", (size, value), **offset)
        axis.set_title(title, fontsize=9)
        axis.set_xlabel("hashes")
        axis.margins(x=0.25, y=0.2)
        axis.grid(True, which="major", color="#dddddd")
        axis.legend(frameon=False, fontsize=8)
    figure.savefig(out)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
