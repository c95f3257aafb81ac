"""Client of photocheck: is a profile photo made by AI, or stolen from somebody else?"""

from photocheck.client import AsyncClient, Client
from photocheck.errors import NotFinished, NotReached, NotUnderstood, PhotocheckError, ProblemError
from photocheck.photos import Photo, PhotoUrl, Upload
from photocheck.reports import Report
from photocheck.resources import Bank, Check, Checks, Content
from photocheck.retries import Retries
from photocheck.webhooks import Event, Message, NotVerified, verify_webhook

__all__ = [
    "AsyncClient",
    "Bank",
    "Check",
    "Checks",
    "Client",
    "Content",
    "Event",
    "Message",
    "NotFinished",
    "NotReached",
    "NotUnderstood",
    "NotVerified",
    "Photo",
    "PhotoUrl",
    "PhotocheckError",
    "ProblemError",
    "Report",
    "Retries",
    "Upload",
    "verify_webhook",
]
