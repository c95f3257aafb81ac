"""When a call that was not answered is sent again."""

from dataclasses import dataclass

from photocheck.errors import NotReached, PhotocheckError, ProblemError

AGAIN = frozenset({429, 502, 503, 504})
"""Statuses by which the service, or a proxy before it, asks for another attempt."""

UNDER_WAY = "IDEMPOTENCY_KEY_IN_USE"
"""An attempt before is being done; the next one is answered with what comes of it."""

PAUSE_FIRST_S = 0.5
PAUSE_MAX_S = 30.0


@dataclass(frozen=True)
class Retries:
    """How often a call is sent, and for how long: no attempt begins after that."""

    attempts_max: int = 5
    seconds_max: float = 120.0

    def pause_s(
        self, failure: PhotocheckError, attempt: int, spent_s: float, chance: float
    ) -> float | None:
        """Seconds before the next attempt; `None` when there is none.

        `chance` is a random number from 0 to 1, so that callers that failed together do not come
        back together.
        """
        asked_s: float | None = None
        if isinstance(failure, ProblemError):
            if failure.status not in AGAIN and failure.code != UNDER_WAY:
                return None
            asked_s = failure.retry_after_s
        elif not isinstance(failure, NotReached):
            return None
        if self.attempts_max <= attempt:
            return None
        grown_s = min(PAUSE_FIRST_S * 2.0 ** (attempt - 1), PAUSE_MAX_S)
        # Never before the time that the service named; without one, between half and all of it.
        pause_s = grown_s * (0.5 + chance / 2) if asked_s is None else asked_s + chance * 0.5
        return pause_s if spent_s + pause_s <= self.seconds_max else None
