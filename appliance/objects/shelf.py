"""What every place of shared files can do, and what it is asked with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from appliance.core.errors import InvalidRequest, NotFound

_LONGEST = 900
"""Bytes of a key; S3 takes 1024 with the prefix."""


@dataclass(frozen=True)
class Entry:
    """A file on a shelf.

    Attributes
    ----------
    key
        Its name below the shelf, with ``/`` between parts.
    size
        Its bytes.
    modified
        When it was written, with a zone.
    """

    key: str
    size: int
    modified: datetime


class Shelf(Protocol):
    """A place of files, each written whole or not at all.

    Every method raises `StorageError` (with what to do) where the place cannot be reached, read
    or written, `StorageFull` where it has no space, `InvalidRequest` for a key that is none.
    """

    @property
    def url(self) -> str:
        """The place: a folder's path, or ``s3://BUCKET/PREFIX``."""

    def put_file(self, key: str, path: Path) -> None:
        """Put a file's content there, in place of what was; durable on return."""

    def put(self, key: str, content: bytes, *, new: bool = False) -> None:
        """Put bytes there; durable on return.

        Raises
        ------
        Taken
            There is one already, and it was to be new.
        """

    def read(self, key: str) -> bytes:
        """Return a file's content.

        Raises
        ------
        NotFound
            There is none.
        """

    def fetch(self, key: str, into: Path) -> None:
        """Write a file's content to a path of this machine, whole or not at all.

        Raises
        ------
        NotFound
            There is none.
        """

    def entries(self, prefix: str = "", *, after: str = "") -> Iterator[Entry]:
        """Yield the files whose keys begin with a prefix, sorted by key.

        The prefix is whole parts: ``a/b`` gives ``a/b`` and what is below it, not ``a/bc``.
        `after` leaves out all up to a key, there or not.
        """

    def folders(self, prefix: str = "") -> list[str]:
        """Return the names of the parts directly below a prefix that hold files, sorted."""

    def names(self, prefix: str = "") -> list[str]:
        """Return what lies directly below a prefix (files, and parts with files below)."""

    def delete(self, keys: Iterable[str]) -> None:
        """Let files go; one that is not there is no error."""

    def clear(self, prefix: str) -> None:
        """Let everything below a prefix go, the file of that name too."""

    def move(self, key: str, target: str) -> None:
        """Give a file another name, in place of what has it.

        Raises
        ------
        NotFound
            There is none.
        """

    def local(self, key: str) -> Path | None:
        """Return the real path of a file in a folder, there or not; None on S3."""


def checked(key: str) -> str:
    """Return a key that names a file below its shelf.

    Raises
    ------
    InvalidRequest
        It is empty or too long, or a part of it is empty, ``.`` or ``..``, or holds what no
        name holds.
    """
    parts = key.split("/")
    odd = any(part in ("", ".", "..") for part in parts) or not key.isprintable()
    if odd or "\\" in key or len(key.encode("utf-8", "replace")) > _LONGEST:
        raise InvalidRequest(f"{key!r} is no name of a file on a shelf.")
    return key


def missing(url: str, key: str) -> NotFound:
    """Say that no such file is there."""
    return NotFound(f"{url} has no file {key!r}.")
