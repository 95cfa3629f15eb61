"""What goes over the wire, without the wire: a request, its body, and the answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from appliance.core.errors import NotFound

PREFIX = "/api/v1"
_CHUNK = 2**20
_SAFE_TO_REPEAT = frozenset({"GET", "PUT", "DELETE"})


class Body(Protocol):
    """What can be sent, and sent once more."""

    @property
    def media(self) -> str:
        """Its media type."""

    def size(self) -> int:
        """Return its length in bytes."""

    def chunks(self) -> Iterator[bytes]:
        """Yield it from its beginning."""


@dataclass(frozen=True)
class Held:
    """A body in memory."""

    media: str
    data: bytes = field(repr=False)

    def size(self) -> int:
        """Return its length in bytes."""
        return len(self.data)

    def chunks(self) -> Iterator[bytes]:
        """Yield it from its beginning."""
        view = memoryview(self.data)
        for start in range(0, len(view), _CHUNK):
            yield bytes(view[start : start + _CHUNK])


@dataclass(frozen=True)
class InFile:
    """A body that is read from a file while it is sent, however large it is."""

    media: str
    path: Path

    def size(self) -> int:
        """Return its length in bytes.

        Raises
        ------
        NotFound
            There is no such file.
        """
        try:
            return self.path.expanduser().stat().st_size
        except OSError as error:
            raise _unread_file(self.path, error) from error

    def chunks(self) -> Iterator[bytes]:
        """Yield it from its beginning."""
        try:
            with self.path.expanduser().open("rb") as handle:
                while chunk := handle.read(_CHUNK):
                    yield chunk
        except OSError as error:
            raise _unread_file(self.path, error) from error


def _unread_file(path: Path, error: OSError) -> NotFound:
    return NotFound(f"{path} cannot be read: {error.strerror}.")


@dataclass(frozen=True)
class Request:
    """One request to a site.

    Attributes
    ----------
    path
        Below the API's prefix, beginning with ``/``; its parts are quoted already.
    query
        Values by name; None is left out, a list is repeated.
    json, body
        What is sent: plain data, or bytes of another kind.
    accept
        Kind of answer that is asked for.
    headers
        Others.
    keyed
        Sent with an idempotency key, so that the site does it once however often it comes.
    timeout
        Seconds without a byte after which it is given up; None: those of the place.
    """

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    body: Body | None = None
    accept: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    keyed: bool = False
    timeout: float | None = None

    @property
    def repeatable(self) -> bool:
        """Whether sending it again does no more than sending it once.

        An edit of a revision is not: if its answer was lost, the revision is not there any
        more.
        """
        if self.keyed:
            return True
        return self.method in _SAFE_TO_REPEAT and "If-Match" not in self.headers


@dataclass(frozen=True)
class Answer:
    """What came back; names of headers are in small letters."""

    status: int
    headers: Mapping[str, str]
    data: bytes = field(repr=False)


def words(query: Mapping[str, Any]) -> dict[str, str | list[str]]:
    """Return query values as text: times in ISO form, flags as ``true``, None left out."""
    return {
        name: [_word(one) for one in value]
        if isinstance(value, Iterable) and not isinstance(value, str)
        else _word(value)
        for name, value in query.items()
        if value is not None
    }


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
