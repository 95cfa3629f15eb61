"""Every error that the appliance raises.  The class says who must act.

::

    KizashiError
    ├── UserError             whoever asked must ask differently
    │   ├── InvalidRequest    an argument, name or recipe cannot be used
    │   │   └── WrongMedia    a request's body is of a kind that is not read there
    │   ├── NotFound          no fleet, asset, model version or event of that name
    │   ├── Conflict          the request contradicts what already stands
    │   │   ├── Taken         a shared file of that name is there already
    │   │   ├── Outdated      what is to be edited changed since it was seen
    │   │   └── OverBudget    what may be paid in this month is spent
    │   ├── Unauthenticated   the site does not know who asks
    │   ├── Forbidden         whoever asks may not do that
    │   └── BadFile           a file as a whole cannot be read (bad rows go to quarantine)
    ├── OperatorError         the machine or installation needs care
    │   ├── StorageFull       no space left where the home is
    │   ├── StorageError      the lake, database or a file cannot be read or written
    │   ├── EngineError       Ray cannot start or was lost for good
    │   ├── Unreachable       the site does not answer at its address
    │   ├── LinkError         the line between a site and its gateway broke or is not understood
    │   ├── DeliveryError     a mail server or an address did not take a message
    │   ├── SourceError       a folder, database or broker does not give readings
    │   └── LimitExceeded     a configured limit on size, rows or memory was hit
    ├── ArtifactError         a model artifact cannot be used: restore it or train again
    │   ├── ArtifactCorrupt   bytes changed, missing or truncated
    │   └── ArtifactVersion   written in a format that this version cannot read
    ├── TryAgain              another process was in the way; the same call may succeed
    │   ├── TooOften          whoever asks, asks too often
    │   └── SiteAway          a site behind the gateway cannot be asked now
    ├── Queued                a site is away: what was asked is done when it is back
    └── Cancelled             somebody asked for the work's end, or it took too long
        └── NotHeld           another process does the work by now
"""

from __future__ import annotations

from typing import Any


class KizashiError(Exception):
    """Base of all errors of the appliance.

    Parameters
    ----------
    message
        One sentence: what is wrong and where (file, row, column, asset).
    remedy
        One sentence: what to do about it.

    Attributes
    ----------
    status, title, request_id
        What a site said of it that was asked over REST: the status of its answer, the error's
        title, and where its log tells of it.
    """

    retryable: bool = False
    status: int | None = None
    title: str = ""
    request_id: str = ""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()

    def __reduce__(self) -> tuple[Any, ...]:
        # Errors cross process borders: keep the remedy, which BaseException would lose.
        return (_rebuild, (type(self), self.message, self.remedy), self.__dict__)


def _rebuild(kind: type[KizashiError], message: str, remedy: str) -> KizashiError:
    return kind(message, remedy=remedy)


class UserError(KizashiError):
    """Whoever asked must ask differently."""


class InvalidRequest(UserError):
    """An argument, name or recipe cannot be used."""


class WrongMedia(InvalidRequest):
    """A request's body is of a kind that is not read there."""


class NotFound(UserError):
    """No fleet, asset, model version or event of that name."""


class Conflict(UserError):
    """The request contradicts what already stands."""


class Taken(Conflict):
    """A shared file of that name is there already."""


class Outdated(Conflict):
    """What is to be edited changed since it was seen."""


class OverBudget(Conflict):
    """What may be paid in this month is spent."""


class Unauthenticated(UserError):
    """The site does not know who asks."""


class Forbidden(UserError):
    """Whoever asks may not do that."""


class BadFile(UserError):
    """A file as a whole cannot be read."""


class OperatorError(KizashiError):
    """The machine or the installation needs care."""


class StorageFull(OperatorError):
    """No space is left where the home is."""


class StorageError(OperatorError):
    """The lake, the database or a file cannot be read or written."""


class EngineError(OperatorError):
    """Ray cannot start, or was lost for good."""


class Unreachable(OperatorError):
    """The site does not answer at its address."""

    retryable = True


class LinkError(OperatorError):
    """The line between a site and its gateway broke, or what came over it is not understood."""

    retryable = True


class DeliveryError(OperatorError):
    """A mail server or an address did not take a message."""


class SourceError(OperatorError):
    """A folder, database or broker does not give readings."""


class LimitExceeded(OperatorError):
    """A configured limit on size, rows or memory was hit."""


class ArtifactError(KizashiError):
    """A model artifact cannot be used."""


class ArtifactCorrupt(ArtifactError):
    """Bytes of the artifact were changed, are missing or cut off."""


class ArtifactVersion(ArtifactError):
    """The artifact was written in a format that this version cannot read."""


class TryAgain(KizashiError):
    """Another process was in the way; the same call may succeed."""

    retryable = True


class TooOften(TryAgain):
    """Whoever asks, asks too often.

    Attributes
    ----------
    seconds
        How long to wait.
    """

    seconds: int = 1


class SiteAway(TryAgain):
    """A site behind the gateway cannot be asked now."""


class Queued(KizashiError):
    """A site is away: what was asked waits at the gateway, and is done when it is back.

    Attributes
    ----------
    entry
        Identifier of what waits, in the gateway's outbox.
    """

    entry: str = ""


class Cancelled(KizashiError):
    """Somebody asked for the work's end, or it took too long."""


class NotHeld(Cancelled):
    """Another process does the work by now, or it is not what it was."""
