"""The two clients: one that waits, one for asyncio. They have the same methods."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Self, TypedDict, TypeVar

import httpx

from photocheck import calls
from photocheck.calls import Call
from photocheck.errors import NotFinished, NotReached, PhotocheckError, ProblemError
from photocheck.photos import Photo, Upload
from photocheck.reports import Opinion, Purpose, Report
from photocheck.resources import Added, Bank, Check, Checks, Content, Endpoint, Registered
from photocheck.retries import Retries

T = TypeVar("T")

ATTEMPT_MAX_S = 90.0
"""A check takes a minute at most, and the photo has to arrive before."""

CONNECT_MAX_S = 10.0

ASK_FIRST_S = 0.1
ASK_MAX_S = 5.0

Path = os.PathLike[str]


class Client:
    """A photocheck service. Use it as a context manager, or `close` it."""

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        retries: Retries = Retries(),
        attempt_max_s: float = ATTEMPT_MAX_S,
    ) -> None:
        self._http = httpx.Client(**_settings(url, key, attempt_max_s))
        self._retries = retries

    def check(self, photo: Photo, *, account_id: str | None = None) -> Report:
        """Checks a photo at once."""
        return self._send(calls.check(photo, account_id))

    def start_checks(
        self,
        photos: Sequence[Upload | Photo],
        *,
        callback_url: str | None = None,
        idempotency_key: str | None = None,
    ) -> Checks:
        """Has up to 500 photos checked later. All are accepted, or none.

        Name an `idempotency_key` of your own to be able to send the call again after a crash.
        """
        return self._send(calls.start_checks(photos, callback_url, idempotency_key))

    def show_check(self, check_id: str) -> Check:
        """How far a check is."""
        return self._send(calls.show_check(check_id))

    def list_checks(self, batch_id: str) -> Checks:
        """How far the checks of a call are."""
        return self._send(calls.list_checks(batch_id))

    def wait_for_check(self, check_id: str, *, timeout_s: float = 300.0) -> Check:
        """Asks until the check is done or failed."""
        for pause_s in _pauses(timeout_s, f"check {check_id}"):
            check = self.show_check(check_id)
            if check["state"] != "waiting":
                return check
            time.sleep(pause_s)
        raise AssertionError("pauses end with an error")

    def wait_for_checks(self, batch_id: str, *, timeout_s: float = 300.0) -> Checks:
        """Asks until each check of a call is done or failed."""
        for pause_s in _pauses(timeout_s, f"call {batch_id}"):
            checks = self.list_checks(batch_id)
            if _are_finished(checks):
                return checks
            time.sleep(pause_s)
        raise AssertionError("pauses end with an error")

    def give_feedback(self, check_id: str, right: bool, note: str = "") -> Check:
        """Says whether a verdict was right. Saying it again replaces it."""
        return self._send(calls.give_feedback(check_id, right, note))

    def appeal(self, check_id: str, reason: str) -> Check:
        """Disputes a verdict, once."""
        return self._send(calls.say_why(check_id, "appeal", reason))

    def uphold(self, check_id: str, reason: str) -> Check:
        """Decides that a disputed verdict stands."""
        return self._send(calls.say_why(check_id, "uphold", reason))

    def overturn(self, check_id: str, reason: str) -> Check:
        """Decides that a disputed verdict was wrong: nothing flags the photo again."""
        return self._send(calls.say_why(check_id, "overturn", reason))

    def list_banks(self) -> list[Bank]:
        """All banks of the tenant, and those that are shared with it."""
        return self._send(calls.list_banks())["banks"]

    def create_bank(
        self, name: str, purpose: Purpose = "known_fake", *, imported: bool = False
    ) -> Bank:
        """Creates a bank, named by 1 to 64 of `A`-`Z`, `0`-`9`, `_`."""
        return self._send(calls.create_bank(name, purpose, imported))

    def delete_bank(self, name: str) -> None:
        """Deletes a bank with all that it holds."""
        self._send(calls.delete_bank(name))

    def add_content(
        self,
        bank: str,
        photo: bytes | str | Path,
        *,
        note: str | None = None,
        external_id: str | None = None,
        opinion: Opinion | None = None,
    ) -> Added:
        """Adds a photo to a bank. Its hashes are kept, the photo is not."""
        return self._send(calls.add_content(bank, photo, note, external_id, opinion))

    def list_contents(self, bank: str) -> Iterator[Content]:
        """The photos of a bank, a page a call."""
        after: int | None = 0
        while after is not None:
            page = self._send(calls.list_contents(bank, after))
            yield from page["contents"]
            after = page.get("next_after")

    def remove_content(self, bank: str, content_id: int) -> None:
        """Removes a photo from a bank."""
        self._send(calls.remove_content(bank, content_id))

    def register_endpoint(self, url: str, events: Iterable[str] = ()) -> Registered:
        """Registers where events are sent; all of them where none is named."""
        return self._send(calls.register_endpoint(url, events))

    def list_endpoints(self) -> list[Endpoint]:
        """The tenant's endpoints."""
        return self._send(calls.list_endpoints())["endpoints"]

    def rotate_secret(self, endpoint_id: str) -> str:
        """A new secret. For a day messages are signed with the old one, too."""
        return self._send(calls.rotate_secret(endpoint_id))["secret"]

    def remove_endpoint(self, endpoint_id: str) -> None:
        """Removes an endpoint, and what was to be sent there."""
        self._send(calls.remove_endpoint(endpoint_id))

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _send(self, call: Call[T]) -> T:
        begun_s = time.monotonic()
        for attempt in itertools.count(1):
            failure: PhotocheckError
            try:
                response = self._http.send(call.request(self._http))
            except httpx.TransportError as error:
                failure = _not_reached(error)
            else:
                if response.is_success:
                    return call.read(response)
                failure = ProblemError.of(response)
            spent_s = time.monotonic() - begun_s
            pause_s = self._retries.pause_s(failure, attempt, spent_s, random.random())
            if pause_s is None:
                raise failure
            time.sleep(pause_s)
        raise AssertionError("counting has no end")


class AsyncClient:
    """A photocheck service, for asyncio. Use it as a context manager, or `close` it."""

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        retries: Retries = Retries(),
        attempt_max_s: float = ATTEMPT_MAX_S,
    ) -> None:
        self._http = httpx.AsyncClient(**_settings(url, key, attempt_max_s))
        self._retries = retries

    async def check(self, photo: Photo, *, account_id: str | None = None) -> Report:
        """Checks a photo at once."""
        return await self._send(await asyncio.to_thread(calls.check, photo, account_id))

    async def start_checks(
        self,
        photos: Sequence[Upload | Photo],
        *,
        callback_url: str | None = None,
        idempotency_key: str | None = None,
    ) -> Checks:
        """Has up to 500 photos checked later. All are accepted, or none.

        Name an `idempotency_key` of your own to be able to send the call again after a crash.
        """
        call = await asyncio.to_thread(calls.start_checks, photos, callback_url, idempotency_key)
        return await self._send(call)

    async def show_check(self, check_id: str) -> Check:
        """How far a check is."""
        return await self._send(calls.show_check(check_id))

    async def list_checks(self, batch_id: str) -> Checks:
        """How far the checks of a call are."""
        return await self._send(calls.list_checks(batch_id))

    async def wait_for_check(self, check_id: str, *, timeout_s: float = 300.0) -> Check:
        """Asks until the check is done or failed."""
        for pause_s in _pauses(timeout_s, f"check {check_id}"):
            check = await self.show_check(check_id)
            if check["state"] != "waiting":
                return check
            await asyncio.sleep(pause_s)
        raise AssertionError("pauses end with an error")

    async def wait_for_checks(self, batch_id: str, *, timeout_s: float = 300.0) -> Checks:
        """Asks until each check of a call is done or failed."""
        for pause_s in _pauses(timeout_s, f"call {batch_id}"):
            checks = await self.list_checks(batch_id)
            if _are_finished(checks):
                return checks
            await asyncio.sleep(pause_s)
        raise AssertionError("pauses end with an error")

    async def give_feedback(self, check_id: str, right: bool, note: str = "") -> Check:
        """Says whether a verdict was right. Saying it again replaces it."""
        return await self._send(calls.give_feedback(check_id, right, note))

    async def appeal(self, check_id: str, reason: str) -> Check:
        """Disputes a verdict, once."""
        return await self._send(calls.say_why(check_id, "appeal", reason))

    async def uphold(self, check_id: str, reason: str) -> Check:
        """Decides that a disputed verdict stands."""
        return await self._send(calls.say_why(check_id, "uphold", reason))

    async def overturn(self, check_id: str, reason: str) -> Check:
        """Decides that a disputed verdict was wrong: nothing flags the photo again."""
        return await self._send(calls.say_why(check_id, "overturn", reason))

    async def list_banks(self) -> list[Bank]:
        """All banks of the tenant, and those that are shared with it."""
        return (await self._send(calls.list_banks()))["banks"]

    async def create_bank(
        self, name: str, purpose: Purpose = "known_fake", *, imported: bool = False
    ) -> Bank:
        """Creates a bank, named by 1 to 64 of `A`-`Z`, `0`-`9`, `_`."""
        return await self._send(calls.create_bank(name, purpose, imported))

    async def delete_bank(self, name: str) -> None:
        """Deletes a bank with all that it holds."""
        await self._send(calls.delete_bank(name))

    async def add_content(
        self,
        bank: str,
        photo: bytes | str | Path,
        *,
        note: str | None = None,
        external_id: str | None = None,
        opinion: Opinion | None = None,
    ) -> Added:
        """Adds a photo to a bank. Its hashes are kept, the photo is not."""
        about = (note, external_id, opinion)
        return await self._send(await asyncio.to_thread(calls.add_content, bank, photo, *about))

    async def list_contents(self, bank: str) -> AsyncIterator[Content]:
        """The photos of a bank, a page a call."""
        after: int | None = 0
        while after is not None:
            page = await self._send(calls.list_contents(bank, after))
            for content in page["contents"]:
                yield content
            after = page.get("next_after")

    async def remove_content(self, bank: str, content_id: int) -> None:
        """Removes a photo from a bank."""
        await self._send(calls.remove_content(bank, content_id))

    async def register_endpoint(self, url: str, events: Iterable[str] = ()) -> Registered:
        """Registers where events are sent; all of them where none is named."""
        return await self._send(calls.register_endpoint(url, events))

    async def list_endpoints(self) -> list[Endpoint]:
        """The tenant's endpoints."""
        return (await self._send(calls.list_endpoints()))["endpoints"]

    async def rotate_secret(self, endpoint_id: str) -> str:
        """A new secret. For a day messages are signed with the old one, too."""
        return (await self._send(calls.rotate_secret(endpoint_id)))["secret"]

    async def remove_endpoint(self, endpoint_id: str) -> None:
        """Removes an endpoint, and what was to be sent there."""
        await self._send(calls.remove_endpoint(endpoint_id))

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _send(self, call: Call[T]) -> T:
        begun_s = time.monotonic()
        for attempt in itertools.count(1):
            failure: PhotocheckError
            try:
                response = await self._http.send(call.request(self._http))
            except httpx.TransportError as error:
                failure = _not_reached(error)
            else:
                if response.is_success:
                    return call.read(response)
                failure = ProblemError.of(response)
            spent_s = time.monotonic() - begun_s
            pause_s = self._retries.pause_s(failure, attempt, spent_s, random.random())
            if pause_s is None:
                raise failure
            await asyncio.sleep(pause_s)
        raise AssertionError("counting has no end")


class _Settings(TypedDict):
    base_url: str
    headers: dict[str, str]
    timeout: httpx.Timeout


def _settings(url: str, key: str | None, attempt_max_s: float) -> _Settings:
    headers = {"user-agent": "photocheck-python/0.1.0"}
    if key is not None:
        headers["authorization"] = f"Bearer {key}"
    timeout = httpx.Timeout(attempt_max_s, connect=min(CONNECT_MAX_S, attempt_max_s))
    return {"base_url": url.rstrip("/") + "/", "headers": headers, "timeout": timeout}


def _not_reached(error: httpx.TransportError) -> NotReached:
    failure = NotReached(f"the service was not reached: {error or type(error).__name__}")
    failure.__cause__ = error
    return failure


def _are_finished(checks: Checks) -> bool:
    return all(check["state"] != "waiting" for check in checks["checks"])


def _pauses(timeout_s: float, what: str) -> Iterator[float]:
    """Pauses between two questions, growing; an error when the time is over."""
    begun_s, pause_s = time.monotonic(), ASK_FIRST_S
    while True:
        left_s = timeout_s - (time.monotonic() - begun_s)
        yield min(pause_s, max(left_s, 0.0))
        if left_s <= 0:
            raise NotFinished(f"{what} was not finished within {timeout_s:g} s")
        pause_s = min(pause_s * 1.5, ASK_MAX_S)
