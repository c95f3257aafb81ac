"""What can go wrong with a call."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx


class PhotocheckError(Exception):
    """Any error of this package."""


class ProblemError(PhotocheckError):
    """The service answered with a problem: docs/errors.md has every code.

    An answer that is no problem, as a proxy may send, has the code `HTTP_` and its status.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        retry_after_s: float | None,
        request_id: str | None,
    ) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.retry_after_s = retry_after_s
        """How long the service asks to wait, in seconds."""
        self.request_id = request_id
        """By which the operator finds the call in the log."""

    @classmethod
    def of(cls, response: httpx.Response) -> ProblemError:
        """The problem of an answer that is no success."""
        code, detail = f"HTTP_{response.status_code}", response.reason_phrase
        if response.headers.get("content-type", "").startswith("application/problem+json"):
            try:
                problem = response.json()
                code, detail = str(problem["code"]), str(problem["detail"])
            except (ValueError, KeyError, TypeError):
                pass  # cut off on its way: the status says enough
        retry_after_s = read_retry_after(response.headers.get("retry-after"), datetime.now(UTC))
        request_id = response.headers.get("x-request-id")
        return cls(response.status_code, code, detail, retry_after_s, request_id)


class NotReached(PhotocheckError):
    """The service could not be reached, or did not answer in time."""


class NotUnderstood(PhotocheckError):
    """The answer is a success and not what a photocheck service answers."""


class NotFinished(PhotocheckError):
    """A check was not finished in the time that was to be waited for it. It goes on."""


def read_retry_after(text: str | None, now: datetime) -> float | None:
    """Seconds, or a date; `None` for anything else."""
    if text is None:
        return None
    if text.strip().isascii() and text.strip().isdigit():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - now).total_seconds())
