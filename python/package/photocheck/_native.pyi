"""What is written in Rust. It lets other threads of Python go on while it works."""

from collections.abc import Sequence
from os import PathLike
from typing import Literal, final

from photocheck.rows import Columns, Row

class OpenError(Exception):
    """A bank, a model or a policy cannot be read, or they do not belong together."""

@final
class Checker:
    """Models, a policy and a bank, opened once. Opening takes seconds."""

    def __new__(
        cls,
        bank: str | PathLike[str] | None = None,
        *,
        tenant: str | None = None,
        policy: str | PathLike[str] | None = None,
        model: str | PathLike[str] | None = None,
    ) -> Checker:
        """Opens it.

        `bank` is what photos are compared with: a snapshot of the index (the service keeps one
        beside its database), an exported list (`photocheck bank export`), or the service's
        database (`sqlite:PATH` or `postgres://…`), where `tenant` says whose banks. It is read
        now, and later changes do not show. Without it photos are compared with nothing.

        `policy` is `strict`, `label` or a file, and `model` a folder of a model, as on the command
        line.
        """

    @property
    def model(self) -> str: ...
    @property
    def policy(self) -> str: ...
    @property
    def hashes(self) -> int:
        """How many hashes photos are compared with."""

    def check(self, photo: bytes) -> Row:
        """Checks the bytes of one photo. One that is refused has a row with its `error_code`."""

    def check_batch(self, photos: Sequence[bytes], *, cores: int = 1) -> Columns:
        """Checks several, `cores` at a time. The values of each column are in their order."""

    @staticmethod
    def hash(photo: bytes) -> Row:
        """Returns the hash of the whole photo alone, for which no model is opened."""

def columns() -> list[tuple[str, Literal["text", "count", "number"]]]:
    """Returns the names of the columns, in order, and what is in each."""
