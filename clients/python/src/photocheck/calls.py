"""What each operation sends. Nothing is sent here: both clients do that."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast
from urllib.parse import quote

import httpx

from photocheck import photos, resources
from photocheck.errors import NotUnderstood
from photocheck.photos import Photo, PhotoUrl, Upload
from photocheck.reports import Opinion, Purpose, Report

T = TypeVar("T")
Files = list[tuple[str, tuple[str | None, bytes | str]]]


@dataclass(frozen=True)
class Call(Generic[T]):
    """A request whose answer is a `T`."""

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    json: object = None
    files: Files | None = None
    idempotency_key: str | None = None
    """Of a call that makes something."""

    def request(self, http: httpx.Client | httpx.AsyncClient) -> httpx.Request:
        """The request; a new one for each attempt, always with the same key."""
        headers = {}
        # What is answered to such a call is kept, so only who says who they are may send one.
        if self.idempotency_key is not None and "authorization" in http.headers:
            headers["idempotency-key"] = f'"{self.idempotency_key}"'
        return http.build_request(
            self.method,
            self.path.lstrip("/"),
            params=self.query or None,
            json=self.json,
            files=self.files,
            headers=headers,
        )

    def read(self, response: httpx.Response) -> T:
        """The answer. Its fields are not checked: the service's description says what they are."""
        if response.status_code == httpx.codes.NO_CONTENT:
            return cast(T, None)
        try:
            return cast(T, response.json())
        except ValueError as error:
            raise NotUnderstood("the answer is no JSON; is this a photocheck service?") from error


def check(photo: Photo, account_id: str | None) -> Call[Report]:
    # It makes nothing, so it may be sent again as it is, and its answer need not be kept.
    if isinstance(photo, PhotoUrl):
        body = _given(url=photo.url, account_id=account_id)
        return Call("POST", "/v1/check", json=body)
    files = [*_texts(account_id=account_id), _file(photo)]
    return Call("POST", "/v1/check", files=files)


def start_checks(
    uploads: Sequence[Upload | Photo], callback_url: str | None, idempotency_key: str | None
) -> Call[resources.Checks]:
    key = idempotency_key or _new_key()
    sent = [upload if isinstance(upload, Upload) else Upload(upload) for upload in uploads]
    if sent and all(isinstance(upload.photo, PhotoUrl) for upload in sent):
        checks = [_by_url(upload) for upload in sent]
        body = {"checks": checks, **_given(callback_url=callback_url)}
        return Call("POST", "/v1/checks", json=body, idempotency_key=key)
    files = _texts(callback_url=callback_url)
    for upload in sent:
        if isinstance(upload.photo, PhotoUrl):
            raise ValueError("a call names URLs or has photos, not both")
        # Each text counts for the photo after it.
        files += _texts(external_id=upload.external_id, account_id=upload.account_id)
        files.append(_file(upload.photo))
    if not sent:
        raise ValueError("there is no photo to check")
    return Call("POST", "/v1/checks", files=files, idempotency_key=key)


def show_check(check_id: str) -> Call[resources.Check]:
    return Call("GET", f"/v1/checks/{_part(check_id)}")


def list_checks(batch_id: str) -> Call[resources.Checks]:
    return Call("GET", "/v1/checks", query={"batch_id": batch_id})


def give_feedback(check_id: str, right: bool, note: str) -> Call[resources.Check]:
    return _post(f"/v1/checks/{_part(check_id)}/feedback", {"right": right, "note": note})


def say_why(check_id: str, what: str, reason: str) -> Call[resources.Check]:
    """`what` is appeal, uphold or overturn."""
    return _post(f"/v1/checks/{_part(check_id)}/{what}", {"reason": reason})


def list_banks() -> Call[resources.Banks]:
    return Call("GET", "/v1/banks")


def create_bank(name: str, purpose: Purpose, imported: bool) -> Call[resources.Bank]:
    return _post("/v1/banks", {"name": name, "purpose": purpose, "imported": imported})


def delete_bank(name: str) -> Call[None]:
    return Call("DELETE", f"/v1/banks/{_part(name)}")


def add_content(
    bank: str,
    photo: bytes | str | os.PathLike[str],
    note: str | None,
    external_id: str | None,
    opinion: Opinion | None,
) -> Call[resources.Added]:
    files = [*_texts(note=note, external_id=external_id, opinion=opinion), _file(photo)]
    path = f"/v1/banks/{_part(bank)}/contents"
    return Call("POST", path, files=files, idempotency_key=_new_key())


def list_contents(bank: str, after: int) -> Call[resources.Contents]:
    return Call("GET", f"/v1/banks/{_part(bank)}/contents", query={"after": str(after)})


def remove_content(bank: str, content_id: int) -> Call[None]:
    return Call("DELETE", f"/v1/banks/{_part(bank)}/contents/{content_id}")


def register_endpoint(url: str, events: Iterable[str]) -> Call[resources.Registered]:
    return _post("/v1/webhooks", {"url": url, "events": list(events)})


def list_endpoints() -> Call[resources.Endpoints]:
    return Call("GET", "/v1/webhooks")


def rotate_secret(endpoint_id: str) -> Call[resources.Secret]:
    return _post(f"/v1/webhooks/{_part(endpoint_id)}/rotate", None)


def remove_endpoint(endpoint_id: str) -> Call[None]:
    return Call("DELETE", f"/v1/webhooks/{_part(endpoint_id)}")


def _post(path: str, body: object) -> Call[Any]:
    return Call("POST", path, json=body, idempotency_key=_new_key())


def _new_key() -> str:
    return str(uuid.uuid4())


def _part(text: str) -> str:
    """A part of a path; what a caller names leads nowhere else."""
    if text in ("", ".", ".."):
        raise ValueError(f"not a name or an id: {text!r}")
    return quote(text, safe="")


def _given(**fields: str | None) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value is not None}


def _texts(**fields: str | None) -> Files:
    return [(name, (None, value)) for name, value in _given(**fields).items()]


def _file(photo: bytes | str | os.PathLike[str]) -> tuple[str, tuple[str | None, bytes | str]]:
    # The name of the file is nobody's business.
    return "photo", ("photo", photos.read(photo))


def _by_url(upload: Upload) -> dict[str, str]:
    assert isinstance(upload.photo, PhotoUrl)
    return _given(
        url=upload.photo.url, external_id=upload.external_id, account_id=upload.account_id
    )
