"""The report on one photo, as the service writes it.

These are dictionaries with types, so nothing is read twice and fields of later versions stay. Codes
are plain texts: new ones may come.
"""

from typing import Literal, NotRequired, TypedDict

Verdict = Literal["clear", "inconclusive", "suspect", "fake"]
MadeByAiAnswer = Literal["declared", "likely", "unsure", "no_sign", "not_judged"]
KnownPhotoAnswer = Literal["match", "unsure", "allowed", "no_match", "not_compared"]
SeenElsewhereAnswer = Literal["yes", "no"]
PhotoFormat = Literal["jpeg", "png", "webp", "gif", "heic"]
Purpose = Literal["known_fake", "allow", "seen"]
Opinion = Literal["confirmed", "unsure", "disputed"]


class MadeByAi(TypedDict):
    """Was the photo made by AI?"""

    answer: MadeByAiAnswer
    code: NotRequired[str]
    message: str
    reasons: list[str]
    false_positive_rate: float | None


class KnownPhoto(TypedDict):
    """Is the photo a copy of a known one?"""

    answer: KnownPhotoAnswer
    code: NotRequired[str]
    message: str
    reasons: list[str]
    false_match_rate: float | None


class SeenElsewhere(TypedDict):
    """Do other accounts show the photo?"""

    answer: SeenElsewhereAnswer
    other_accounts: int
    message: str
    reasons: list[str]
    false_positive_rate: float | None


class Answers(TypedDict):
    """The answers are the same by every policy; the verdict is what the policy makes of them."""

    made_by_ai: MadeByAi
    known_photo: KnownPhoto
    seen_elsewhere: NotRequired[SeenElsewhere]


class Reason(TypedDict):
    """One reason for the answers and the verdict."""

    code: str
    message: str
    value: NotRequired[float]
    threshold: NotRequired[float]
    false_positive_rate: NotRequired[float]
    false_match_rate: NotRequired[float]
    weight: Verdict


class Box(TypedDict):
    """A rectangle in fractions of the photo's width and height."""

    x: float
    y: float
    width: float
    height: float


class Animation(TypedDict):
    """Frames of the file, and which one was judged."""

    frames: int
    judged: int


class PhotoFacts(TypedDict):
    """What the file was."""

    sha256: str
    format: PhotoFormat
    width: int
    height: int
    animation: NotRequired[Animation]


class Match(TypedDict):
    """A banked photo of which this one is a copy."""

    bank: str
    purpose: Purpose
    imported: bool
    content_id: int
    opinion: Opinion
    signal: str
    distance: int
    view: str
    mirrored: bool
    banked_view: str
    region: Box


class Seen(TypedDict):
    """On which other accounts the photo was seen."""

    bank: str
    other_accounts: int
    since: NotRequired[int]


class Mark(TypedDict):
    """What the file says about its origin."""

    kind: str
    claim: str
    claimed_by: NotRequired[str]
    trusted: bool
    detail: dict[str, str]


class Compared(TypedDict):
    """With so many hashes of known fakes."""

    state: Literal["compared"]
    hashes: int


class NotCompared(TypedDict):
    """Why it was compared with none."""

    state: Literal["not_compared"]
    code: str


class Face(TypedDict):
    """One face of the photo."""

    box: Box
    state: str
    score: NotRequired[float]
    code: NotRequired[str]


class Stability(TypedDict):
    """The scores after small changes of the photo."""

    variants: int
    lowest: float
    highest: float


class HeatMap(TypedDict):
    """How much each part of the face adds to the score, in log-odds."""

    region: Box
    rows: list[list[float]]


class Evaluated(TypedDict):
    """The score of the most suspicious face, 0 to 1."""

    state: Literal["evaluated"]
    score: float
    face: Box
    faces: list[Face]
    stability: NotRequired[Stability]
    heat_map: NotRequired[HeatMap]


class NotApplicable(TypedDict):
    """Why no face has a score."""

    state: Literal["not_applicable"]
    code: str
    faces: list[Face]


class UnableToEvaluate(TypedDict):
    """What failed."""

    state: Literal["unable_to_evaluate"]
    code: str


class Evidence(TypedDict):
    """What the verdict rests on."""

    known_photo: Compared | NotCompared
    matches: list[Match]
    seen: NotRequired[Seen]
    synthetic: Evaluated | NotApplicable | UnableToEvaluate
    provenance: list[Mark]


class Hashes(TypedDict):
    """What the photo is compared by, hexadecimal."""

    pdq: str
    pdq_quality: int
    gradient: str


class PolicyVersion(TypedDict):
    """Which policy decided."""

    name: str
    version: str
    thresholds: str


class Versions(TypedDict):
    """What the answer depends on besides the photo."""

    program: str
    model: str
    policy: PolicyVersion
    index: int


class Report(TypedDict):
    """The answer on one photo. Equal bytes and versions have an equal report."""

    photo: PhotoFacts
    verdict: Verdict
    answers: Answers
    reasons: list[Reason]
    evidence: Evidence
    hashes: Hashes
    versions: Versions
