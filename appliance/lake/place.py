"""Where tables lie: in a folder of this machine, or under a prefix of a bucket in S3.

A table's files are written once and never changed, and a commit is one small file of its log
that only one writer can put there.  Both places offer just that; all else is the same code.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, TypeVar

LOG = "_delta_log"
_AT_ONCE = 8
"""Files of S3 that are read or written at once: most of their time is waiting."""
_Given = TypeVar("_Given")
_Made = TypeVar("_Made")


class Place(Protocol):
    """Where one table lies, or the lake with its tables below.

    Keys are paths below the place, with ``/`` between parts.  Every method raises
    `StorageError` or `StorageFull`, which say what to do, where the place does not answer.
    """

    @property
    def url(self) -> str:
        """The folder's path, or ``s3://BUCKET/PREFIX``."""

    @property
    def name(self) -> str:
        """The last part of it."""

    @property
    def options(self) -> dict[str, str] | None:
        """What the Delta library is told to reach it; None for a folder."""

    def below(self, *names: str) -> Place:
        """Return a place below this one."""

    def folders(self) -> list[str]:
        """Return the names of what lies directly below, sorted."""

    def located(self, key: str) -> str:
        """Return the path or address that a file is opened by."""

    def parquet(self) -> dict[str, int]:
        """Return the bytes of all Parquet files below, by key."""

    def missing(self, keys: Sequence[str]) -> list[str]:
        """Return the keys of which there is no file."""

    def incoming(self, key: str) -> AbstractContextManager[Path]:
        """Give a path to write a file to; it is in its place, or nowhere, when that ends."""

    def remove(self, keys: Iterable[str]) -> None:
        """Delete files; one that is not there is no error."""

    def doubt(self, keys: Iterable[str]) -> None:
        """Keep files from `remove`: a commit that names them may still come to stand."""

    def settle(self, keys: Sequence[str]) -> None:
        """Wait until files are there whatever happens to a machine."""

    def settle_log(self, version: int) -> None:
        """Wait until a version's log, and a checkpoint made with it, are there for good."""

    def log_files(self) -> dict[str, int]:
        """Return the bytes of the log's files, by name."""

    def has_log(self) -> bool:
        """Whether there is a table."""

    def log_mark(self) -> Hashable:
        """Return what tells one state of the log from another, seen before it is opened."""

    def commit_mark(self, version: int) -> Hashable | None:
        """Return what tells a version from another of its number; None if it is not newest."""

    def ready(self) -> None:
        """See that commits can be made here, and that no two writers can make the same one."""


def commit_name(version: int) -> str:
    """Return the name of a version's file in the log."""
    return f"{version:020}.json"


def each(items: Iterable[_Given], work: Callable[[_Given], _Made], where: str) -> list[_Made]:
    """Work on what lies at an address: one after the other, in S3 on several at once."""
    given = list(items)
    if len(given) < 2 or "://" not in where:
        return [work(one) for one in given]
    with ThreadPoolExecutor(min(_AT_ONCE, len(given))) as pool:
        return list(pool.map(work, given))
