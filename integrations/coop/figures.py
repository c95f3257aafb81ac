"""Writes `src/figures.ts` from the project's own thresholds, model card and matching figures.

Run it after any of these changed: `python3 integrations/coop/figures.py`. With `--check` it says
whether the file is what it would write. A row that is not found is an error, never a gap.
"""

import json
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
TARGET = Path(__file__).parent / "src/figures.ts"

# Rows of docs/model-card.md, "Calibration and thresholds", by the name of the threshold.
HELD_OUT = {"unsure": "5 % (`unsure`)", "suspect": "1 % (`suspect`)", "fake": "0.1 % (`fake`)"}
# Columns of it: pairs of FPR and TPR.
PHOTOS = ["small pack, clean", "small pack, worn", "originals", "originals, sent"]
# Rows of "Measured on val".
VAL = ["small pack, clean", "small pack, worn", "full size, clean", "full size, 512 px JPEG 40"]
# Rows of docs/matching.md, "Recall".
EDITS = ["mirror", "border-5", "letterbox", "crop-80", "crop-60", "jpeg-40-320px"]
EDITS += ["story-frame", "all chains of three", "mean over the edits"]


def row(text: str, name: str, columns: int) -> list[str]:
    """The cells after the first of the only row of so many columns that begins with this name."""
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    found = [cells for cells in rows if cells[0].strip() == name and len(cells) == columns]
    if len(found) != 1:
        sys.exit(f"{len(found)} rows begin with {name!r}, expected one")
    return [cell.strip() for cell in found[0]][1:]


def section(text: str, title: str) -> str:
    """What stands under a heading, up to the next."""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#+ |\Z)", text, re.M | re.S)
    if found is None:
        sys.exit(f"there is no section {title!r}")
    return found[1]


def pair(cell: str) -> dict[str, float]:
    """Two rates: of real photos, of photos made by AI."""
    real, made = (float(number) for number in cell.split(","))
    return {"real": real, "madeByAi": made}


def figures() -> dict[str, object]:
    thresholds = tomllib.loads((ROOT / "models/thresholds.toml").read_text())
    card = (ROOT / "docs/model-card.md").read_text()
    matching = (ROOT / "docs/matching.md").read_text()
    faces, known = thresholds["synthetic_face"], thresholds["known_photo"]
    held_out, val = section(card, "Calibration and thresholds"), section(card, "Measured on val")
    recall = section(matching, "Recall")
    return {
        "MODEL": faces["model"],
        "THRESHOLDS_VERSION": thresholds["version"],
        "MADE_BY_AI": {
            name: {
                "score": faces[name]["score"],
                "falsePositiveRate": faces[name]["false_positive_rate"],
                "heldOut": dict(zip(PHOTOS, map(pair, row(held_out, label, 7)[2:]), strict=True)),
            }
            for name, label in HELD_OUT.items()
        },
        "MEASURED": {
            name: {"auroc": float(cells[1]), "suspect": pair(cells[3])}
            for name, cells in ((name, row(val, name, 8)) for name in VAL)
        },
        "KNOWN_PHOTO": {
            "distanceMax": known["pdq_distance_max"],
            "distanceWideMax": known["pdq_distance_wide_max"],
            "falseMatchRate": known["false_match_rate"],
            "foundPercent": {
                name: float(row(recall, name, 8)[1].removesuffix(" %")) for name in EDITS
            },
        },
    }


def written() -> str:
    lines = ["// Made by figures.py: change what it reads, not this file."]
    for name, value in figures().items():
        lines += ["", f"export const {name} = {json.dumps(value, indent=2)} as const;"]
    return "\n".join(lines) + "\n"


if sys.argv[1:] == ["--check"]:
    if TARGET.read_text() != written():
        sys.exit(f"{TARGET.name} is not of today's figures: run {Path(__file__).name}")
else:
    TARGET.write_text(written())
