"""Photos that are sent: bytes, a path, or a URL that the service fetches."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias


@dataclass(frozen=True)
class PhotoUrl:
    """A photo at a public address, for a service that fetches URLs."""

    url: str


Photo: TypeAlias = bytes | str | os.PathLike[str] | PhotoUrl
"""A text is a path."""


@dataclass(frozen=True)
class Upload:
    """A photo and what is said of it: your name for it, and the account that shows it."""

    photo: Photo
    external_id: str | None = None
    account_id: str | None = None


def read(photo: bytes | str | os.PathLike[str]) -> bytes:
    """Its bytes."""
    return photo if isinstance(photo, bytes) else Path(photo).read_bytes()
