"""What is sent again, when, and when no more; against a stand-in for a service that is busy."""

import asyncio
import json
import time
from datetime import UTC, datetime

import pytest
from standing_in import Answer, Arrived, StandIn, standing_in

from photocheck import (
    AsyncClient,
    Client,
    NotFinished,
    NotReached,
    NotUnderstood,
    ProblemError,
    Retries,
    Upload,
)
from photocheck.errors import PhotocheckError, read_retry_after

PROBLEM = {"content-type": "application/problem+json"}
CHECKS = Answer(202, json.dumps({"batch_id": "b", "checks": []}).encode())


def problem(status: int, code: str, retry_after: str | None = None) -> Answer:
    headers = PROBLEM if retry_after is None else {**PROBLEM, "retry-after": retry_after}
    body = {"status": status, "code": code, "detail": "as a test has it"}
    return Answer(status, json.dumps(body).encode(), headers)


def all_arrived(service: StandIn) -> list[Arrived]:
    return [service.arrived.get_nowait() for _ in range(service.arrived.qsize())]


def test_retry_after_is_waited_for_and_the_key_stays() -> None:
    busy = [
        problem(503, "QUEUE_FULL", "1"),
        problem(429, "RATE_LIMITED", "0"),
        problem(409, "IDEMPOTENCY_KEY_IN_USE", "0"),
        CHECKS,
    ]
    with standing_in(busy) as service, Client(service.url, "key") as client:
        begun = time.monotonic()
        assert client.start_checks([Upload(b"photo", external_id="7")])["batch_id"] == "b"
        assert 1.0 <= time.monotonic() - begun < 5.0
        arrived = all_arrived(service)
    assert len(arrived) == 4
    assert len({sent.headers["idempotency-key"] for sent in arrived}) == 1
    assert all(sent.headers["authorization"] == "Bearer key" for sent in arrived)
    # The whole form, each time; the text stands before the photo that it is for.
    for sent in arrived:
        assert sent.path == "/v1/checks"
        assert 0 < sent.body.index(b'name="external_id"') < sent.body.index(b'name="photo"')


def test_each_call_has_its_own_key_and_a_callers_counts() -> None:
    with standing_in([CHECKS, CHECKS, CHECKS]) as service, Client(service.url, "key") as client:
        client.start_checks([b"photo"])
        client.start_checks([b"photo"])
        client.start_checks([b"photo"], idempotency_key="mine")
        keys = [sent.headers["idempotency-key"] for sent in all_arrived(service)]
    assert len(set(keys)) == 3 and keys[2] == '"mine"'


def test_what_makes_nothing_and_who_says_not_who_has_no_key() -> None:
    report = Answer(200, b"{}")
    with standing_in([report, CHECKS]) as service:
        with Client(service.url, "key") as client:
            client.check(b"photo")
        with Client(service.url) as client:
            client.start_checks([b"photo"])
        assert not any("idempotency-key" in sent.headers for sent in all_arrived(service))


def test_the_asynchronous_client_waits_too() -> None:
    async def run(service: StandIn) -> None:
        async with AsyncClient(service.url) as client:
            assert (await client.start_checks([b"photo"]))["batch_id"] == "b"

    with standing_in([problem(503, "STARTING", "1"), CHECKS]) as service:
        begun = time.monotonic()
        asyncio.run(run(service))
        assert 1.0 <= time.monotonic() - begun < 5.0
        assert service.arrived.qsize() == 2


def test_a_wait_beyond_the_bound_is_an_error_at_once() -> None:
    with standing_in([problem(429, "QUOTA_USED_UP", "7200")]) as service:
        with Client(service.url) as client, pytest.raises(ProblemError) as refused:
            client.list_banks()
    error = refused.value
    assert (error.status, error.code, error.retry_after_s) == (429, "QUOTA_USED_UP", 7200.0)
    assert error.detail == "as a test has it"


def test_attempts_are_counted() -> None:
    answers = [problem(503, "BUSY", "0") for _ in range(9)]
    with standing_in(answers) as service:
        with Client(service.url, retries=Retries(attempts_max=3)) as client:
            with pytest.raises(ProblemError):
                client.list_banks()
        assert service.arrived.qsize() == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422, 500])
def test_what_another_attempt_would_not_mend_is_sent_once(status: int) -> None:
    with standing_in([problem(status, "A_CODE"), CHECKS]) as service:
        with Client(service.url) as client, pytest.raises(ProblemError) as refused:
            client.list_banks()
        assert service.arrived.qsize() == 1
    assert (refused.value.status, refused.value.code) == (status, "A_CODE")


def test_nobody_there() -> None:
    with standing_in([]) as service:
        url = service.url
    with Client(url, retries=Retries(attempts_max=2)) as client, pytest.raises(NotReached):
        client.list_banks()


def test_answers_of_something_else() -> None:
    with standing_in([Answer(200, b"<html>"), Answer(404, b"<html>")]) as service:
        with Client(service.url) as client:
            with pytest.raises(NotUnderstood):
                client.list_banks()
            with pytest.raises(ProblemError) as refused:
                client.list_banks()
    assert refused.value.code == "HTTP_404"


def test_waiting_ends() -> None:
    waiting = [Answer(200, b'{"state":"waiting"}') for _ in range(99)]
    with standing_in(waiting) as service, Client(service.url) as client:
        with pytest.raises(NotFinished):
            client.wait_for_check("7", timeout_s=0.3)


def test_names_lead_nowhere_else() -> None:
    with standing_in([]) as service, Client(service.url) as client:
        client.delete_bank("A/../B?c")
        assert all_arrived(service)[0].path == "/v1/banks/A%2F..%2FB%3Fc"
        for name in ("", ".", ".."):
            with pytest.raises(ValueError):
                client.delete_bank(name)


def test_pauses_grow_and_vary() -> None:
    def pauses(chance: float) -> list[float | None]:
        retries = Retries(attempts_max=9, seconds_max=60)
        failure = NotReached("away")
        return [retries.pause_s(failure, attempt, 0.0, chance) for attempt in range(1, 10)]

    assert pauses(1.0) == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, None]
    assert pauses(0.0) == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0, None]
    retries = Retries(seconds_max=10)
    asked = ProblemError(503, "BUSY", "", 9.0, None)
    assert retries.pause_s(asked, 1, 0.0, 0.5) == 9.25
    assert retries.pause_s(asked, 1, 2.0, 0.5) is None
    assert retries.pause_s(PhotocheckError("another"), 1, 0.0, 0.5) is None


def test_retry_after_is_read() -> None:
    now = datetime(2026, 11, 27, 12, tzinfo=UTC)
    for text, seconds in [
        ("7", 7.0),
        ("Fri, 27 Nov 2026 12:01:00 GMT", 60.0),
        ("Fri, 27 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-7", None),
        ("", None),
    ]:
        assert read_retry_after(text, now) == seconds, text
