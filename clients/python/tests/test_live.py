"""Both clients against a real service, which may send webhooks to 127.0.0.1.

`PHOTOCHECK_URL` and `PHOTOCHECK_KEY` name it and a key with all scopes, `PHOTOCHECK_FIXTURES` the
folder of photos.
"""

import asyncio
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from standing_in import losing_the_first_answer, standing_in

from photocheck import (
    AsyncClient,
    Client,
    NotVerified,
    ProblemError,
    Retries,
    Upload,
    verify_webhook,
)

URL = os.environ["PHOTOCHECK_URL"]
KEY = os.environ["PHOTOCHECK_KEY"]
PHOTOS = Path(os.environ["PHOTOCHECK_FIXTURES"])
REAL = PHOTOS / "photos/real-hopper.jpg"
SMALL = PHOTOS / "edge/png-8.png"
# Without a face, so that it is checked soon.
PLAIN = PHOTOS / "edge/plain-colour.png"


def test_a_photo_is_checked_at_once() -> None:
    with Client(URL, KEY) as client:
        report = client.check(str(REAL))
    assert report["verdict"] == "clear"
    assert report["answers"]["made_by_ai"]["answer"] == "no_sign"
    digest = hashlib.sha256(REAL.read_bytes()).hexdigest()
    assert (report["photo"]["format"], report["photo"]["sha256"]) == ("jpeg", digest)
    synthetic = report["evidence"]["synthetic"]
    assert synthetic["state"] == "evaluated" and 0.0 < synthetic["score"] < 0.5


def test_banks_are_filled_and_photos_checked_later() -> None:
    with Client(URL, KEY) as client:
        made = client.create_bank("PYTHON")
        assert (made["purpose"], made["contents"]) == ("known_fake", 0)
        added = client.add_content("PYTHON", SMALL, note="case 12", external_id="é 7")
        again = client.add_content("PYTHON", SMALL.read_bytes())
        assert added["added"] and not again["added"]
        assert again["content_id"] == added["content_id"]
        [content] = client.list_contents("PYTHON")
        assert (content["note"], content["external_id"]) == ("case 12", "é 7")
        assert content["opinion"] == "confirmed"

        begun = client.start_checks([Upload(SMALL, external_id="one"), PLAIN.read_bytes()])
        assert len(begun["checks"]) == 2
        checks = client.wait_for_checks(begun["batch_id"])["checks"]
        assert [check["state"] for check in checks] == ["done", "done"]
        assert [check.get("external_id") for check in checks] == ["one", None]
        small, plain = (check["report"] for check in checks)
        assert (small["verdict"], small["answers"]["known_photo"]["answer"]) == ("fake", "match")
        assert [match["bank"] for match in small["evidence"]["matches"]] == ["PYTHON"]
        assert plain["answers"]["made_by_ai"]["code"] == "NO_FACE_FOUND"
        check_id = checks[0]["id"]
        assert client.wait_for_check(check_id) == checks[0]
        said = client.give_feedback(check_id, right=False, note="my own")
        assert said["feedback"] == {"right": False, "note": "my own"}
        assert client.appeal(check_id, "it is me")["appeal"]["state"] == "open"
        upheld = client.uphold(check_id, "seen by a person")
        assert upheld["appeal"]["state"] == "upheld"
        assert upheld["appeal"]["decision_reason"] == "seen by a person"

        client.remove_content("PYTHON", added["content_id"])
        assert list(client.list_contents("PYTHON")) == []
        assert "PYTHON" in [bank["name"] for bank in client.list_banks()]
        client.delete_bank("PYTHON")
        assert "PYTHON" not in [bank["name"] for bank in client.list_banks()]


def test_the_asynchronous_client_does_the_same() -> None:
    async def run() -> None:
        async with AsyncClient(URL, KEY) as client:
            await client.create_bank("ASYNC")
            added = await client.add_content("ASYNC", SMALL)
            contents = [content async for content in client.list_contents("ASYNC")]
            assert [content["content_id"] for content in contents] == [added["content_id"]]
            begun = await client.start_checks([SMALL])
            check = await client.wait_for_check(begun["checks"][0]["id"])
            assert check["report"]["verdict"] == "fake"
            assert (await client.wait_for_checks(begun["batch_id"]))["checks"] == [check]
            await client.give_feedback(check["id"], True)
            await client.appeal(check["id"], "it is me")
            overturned = await client.overturn(check["id"], "it was")
            assert overturned["appeal"]["state"] == "overturned"
            allowed = await client.check(SMALL)
            assert allowed["answers"]["known_photo"]["answer"] == "allowed"
            await client.remove_content("ASYNC", added["content_id"])
            for bank in await client.list_banks():
                await client.delete_bank(bank["name"])

    asyncio.run(run())


def test_a_webhook_of_the_service_is_verified() -> None:
    with Client(URL, KEY) as client, standing_in([]) as receiver:
        registered = client.register_endpoint(receiver.url, ["check.finished"])
        endpoint_id, secret = registered["endpoint"]["id"], registered["secret"]
        new = client.rotate_secret(endpoint_id)
        begun = client.start_checks([PLAIN])
        arrived = receiver.arrived.get(timeout=300)
        # Signed with both, since one takes the other's place.
        for known in ([secret], [new]):
            message = verify_webhook(arrived.body, arrived.headers, known)
        event = message.event
        assert event["type"] == "check.finished"
        check = event["data"]
        assert check["id"] == begun["checks"][0]["id"]
        assert check == client.show_check(check["id"])
        for changed, known in [(arrived.body + b" ", [new]), (arrived.body, ["whsec_AAAA"])]:
            with pytest.raises(NotVerified):
                verify_webhook(changed, arrived.headers, known)
        assert endpoint_id in [endpoint["id"] for endpoint in client.list_endpoints()]
        client.remove_endpoint(endpoint_id)
        assert endpoint_id not in [endpoint["id"] for endpoint in client.list_endpoints()]


def test_one_idempotency_key_has_one_effect() -> None:
    with losing_the_first_answer(URL) as way, Client(way.url, KEY) as client:
        made = client.create_bank("ONCE")
        first, second = way.arrived.get(timeout=9), way.arrived.get(timeout=9)
        assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
        # Done again it would have been refused: there is one of this name.
        assert [bank["name"] for bank in client.list_banks()].count("ONCE") == 1
        with pytest.raises(ProblemError) as refused:
            client.create_bank("ONCE")
        assert refused.value.code == "BANK_EXISTS"
        client.delete_bank(made["name"])
        # By a key of the caller's own, as after a crash.
        begun = client.start_checks([PLAIN], idempotency_key="crashed")
        again = client.start_checks([PLAIN], idempotency_key="crashed")
        other = client.start_checks([PLAIN], idempotency_key="another")
        assert begun["batch_id"] == again["batch_id"] != other["batch_id"]
        assert [check["id"] for check in begun["checks"]] == [
            check["id"] for check in again["checks"]
        ]

    async def run() -> None:
        with losing_the_first_answer(URL) as way:
            async with AsyncClient(way.url, KEY, retries=Retries(attempts_max=2)) as client:
                registered = await client.register_endpoint("https://hooks.example.org/once")
                urls = [endpoint["url"] for endpoint in await client.list_endpoints()]
                assert urls.count("https://hooks.example.org/once") == 1
                await client.remove_endpoint(registered["endpoint"]["id"])

    asyncio.run(run())


def test_refusals_are_errors_with_code_status_and_detail() -> None:
    # The last character belongs to the checksum.
    mistyped = KEY[:-1] + ("A" if KEY[-1] != "A" else "B")
    for key, code in [(None, "KEY_NEEDED"), (mistyped, "KEY_NOT_VALID")]:
        with Client(URL, key) as client, pytest.raises(ProblemError) as refused:
            client.check(SMALL)
        assert (refused.value.status, refused.value.code) == (401, code)
        assert refused.value.detail and refused.value.request_id
    with Client(URL, KEY) as client:
        calls: list[tuple[Callable[[], object], int, str]] = [
            (lambda: client.check(b"no photo"), 415, "PHOTO_NOT_AN_IMAGE"),
            (lambda: client.check(b""), 400, "PHOTO_EMPTY"),
            (lambda: client.delete_bank("NONE"), 404, "NO_SUCH_BANK"),
            (lambda: client.create_bank("lower"), 422, "BANK_NAME_NOT_VALID"),
            (lambda: client.show_check("7"), 404, "NO_SUCH_CHECK"),
        ]
        for call, status, code in calls:
            with pytest.raises(ProblemError) as refused:
                call()
            assert (refused.value.status, refused.value.code) == (status, code)
