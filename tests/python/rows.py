"""Rows to compare: those of `photocheck bulk run`, and those of whatever else made them."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from photocheck import columns

KINDS = dict(columns())


def of_job(job: Path) -> list[dict[str, str]]:
    """Reads the rows of a job from its CSV files."""
    rows: list[dict[str, str]] = []
    for part in sorted((job / "csv").glob("*.csv")):
        with part.open(newline="", encoding="utf-8") as file:
            rows.extend(csv.DictReader(file))
    return rows


def comparable(rows: Iterable[Mapping[str, object]]) -> list[tuple[str, ...]]:
    """Returns the rows by file name, with each value as a text and what is missing empty."""
    return sorted(
        (str(row["path"]).rsplit("/", 1)[-1], *(_text(row[name], KINDS[name]) for name in KINDS))
        for row in rows
    )


def assert_same(found: Iterable[Mapping[str, object]], job: Path) -> None:
    """Compares rows with those of a job, sorted."""
    found_rows, expected = comparable(found), comparable(of_job(job))
    assert len(found_rows) == len(expected), (len(found_rows), len(expected))
    for one, other in zip(found_rows, expected, strict=True):
        assert one == other, f"{one}\nis not\n{other}"
    print(f"{len(expected)} rows are those of bulk run")


def _text(value: object, kind: str) -> str:
    if value is None or value == "":
        return ""
    return repr(float(str(value))) if kind == "number" else str(value)
