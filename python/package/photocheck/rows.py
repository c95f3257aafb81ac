"""Rows and columns, as types. What they mean is in docs/bulk.md."""

from typing import TypedDict


class Row(TypedDict):
    """What was found out about one photo. Codes of reasons have spaces between them."""

    verdict: str | None
    reasons: str | None
    score: float | None
    no_score: str | None
    claims: str | None
    bank: str | None
    bank_content: int | None
    bank_distance: int | None
    bank_view: str | None
    sha256: str
    format: str | None
    width: int | None
    height: int | None
    pdq: str | None
    pdq_quality: int | None
    error_code: str | None
    error: str | None


class Columns(TypedDict):
    """The same of several photos, column by column, as `pyarrow.Table.from_pydict` takes it."""

    verdict: list[str | None]
    reasons: list[str | None]
    score: list[float | None]
    no_score: list[str | None]
    claims: list[str | None]
    bank: list[str | None]
    bank_content: list[int | None]
    bank_distance: list[int | None]
    bank_view: list[str | None]
    sha256: list[str]
    format: list[str | None]
    width: list[int | None]
    height: list[int | None]
    pdq: list[str | None]
    pdq_quality: list[int | None]
    error_code: list[str | None]
    error: list[str | None]
