"""Checks that are done later, banks and webhook endpoints, as the service writes them.

Times are seconds since 1970, UTC.
"""

from typing import Literal, NotRequired, TypedDict

from photocheck.reports import Opinion, Purpose, Report

CheckState = Literal["waiting", "done", "failed"]
AppealState = Literal["open", "upheld", "overturned"]


class CheckProblem(TypedDict):
    """Why there is no report."""

    code: str
    detail: str


class Feedback(TypedDict):
    """What somebody said of a verdict."""

    right: bool
    note: NotRequired[str]


class Appeal(TypedDict):
    """A verdict that somebody disputes."""

    state: AppealState
    reason: str
    appealed_at: int
    decision_reason: NotRequired[str]
    decided_at: NotRequired[int]


class Check(TypedDict):
    """A check that was accepted: it has a report once it is done, or a problem when it failed."""

    id: str
    batch_id: str
    external_id: NotRequired[str]
    state: CheckState
    accepted_at: int
    finished_at: NotRequired[int]
    report: NotRequired[Report]
    problem: NotRequired[CheckProblem]
    feedback: NotRequired[Feedback]
    appeal: NotRequired[Appeal]


class Checks(TypedDict):
    """The checks of one call, in the order in which they were sent."""

    batch_id: str
    checks: list[Check]


class Bank(TypedDict):
    """A bank and how much it holds."""

    name: str
    purpose: Purpose
    imported: bool
    contents: int
    quarantined: int
    created_at: int
    shared_by: NotRequired[str]
    shared_with: NotRequired[list[str]]


class Banks(TypedDict):
    """All banks."""

    banks: list[Bank]


class SeenBefore(TypedDict):
    """A photo that was seen on accounts before."""

    bank: str
    content_id: int
    accounts: int
    last_seen: NotRequired[int]


class Added(TypedDict):
    """What became of a photo that was sent to a bank; not `added` when it was there already."""

    content_id: int
    added: bool
    pdq_quality: int
    matchable: bool
    quarantined: NotRequired[str]
    seen_before: list[SeenBefore]


class Content(TypedDict):
    """A banked photo. Neither it nor its hashes are shown."""

    content_id: int
    note: str
    external_id: str
    opinion: Opinion
    enabled: bool
    quarantined: NotRequired[str]
    pdq_quality: int
    matchable: bool
    added_at: int


class Contents(TypedDict):
    """A page of a bank."""

    contents: list[Content]
    next_after: NotRequired[int]


class Endpoint(TypedDict):
    """Where a tenant's events are sent."""

    id: str
    url: str
    events: list[str]
    created_at: int
    failing_since: NotRequired[int]
    switched_off_at: NotRequired[int]
    old_secret_until: NotRequired[int]


class Endpoints(TypedDict):
    """All endpoints of the tenant."""

    endpoints: list[Endpoint]


class Registered(TypedDict):
    """A new endpoint. Its secret is shown only here."""

    secret: str
    endpoint: Endpoint


class Secret(TypedDict):
    """A new secret. It is shown only here."""

    secret: str
