"""Tables in S3: files put whole, and commits that S3 takes from one writer only."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Hashable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

from appliance.core.errors import StorageError
from appliance.lake.place import LOG, commit_name
from appliance.lake.told import storage_errors
from appliance.objects import Shelf, Taken, is_remote, shelf, storage_options

_PATIENCE = {"connect_timeout": "5s", "timeout": "120s"}
_DELTA = {
    **_PATIENCE,
    "max_retries": "6",
    "retry_timeout": "60s",
    # An environment that allows commits to be lost does not count here.
    "AWS_S3_ALLOW_UNSAFE_RENAME": "false",
}
_POLARS = {**_PATIENCE, "max_retries": 6, "retry_timeout_ms": 60_000}
_TRIALS = 3
"""Files that two writers put at once when a store is tried out."""

_lock = Lock()
_proven: set[str] = set()
_doubtful: set[str] = set()
"""Addresses of files that a commit of unknown outcome names."""


@dataclass(frozen=True)
class Bucket:
    """A prefix of a bucket.

    Attributes
    ----------
    root
        The lake's address: one connection serves all of its tables.
    prefix
        Of the place below it.
    """

    root: str
    prefix: str = ""

    @property
    def url(self) -> str:
        """The address."""
        return f"{self.root}/{self.prefix}" if self.prefix else self.root

    @property
    def name(self) -> str:
        """The last part of it."""
        return self.url.rpartition("/")[2]

    @property
    def options(self) -> dict[str, str] | None:
        """What the Delta library is told; it finds credentials in the environment."""
        return {**storage_options(self.root), **_DELTA}

    def below(self, *names: str) -> Bucket:
        """Return a place below this one."""
        return Bucket(self.root, "/".join([self.prefix, *names] if self.prefix else names))

    def folders(self) -> list[str]:
        """Return the names directly below, sorted."""
        return self._shelf.folders(self.prefix)

    def located(self, key: str) -> str:
        """Return a file's full address."""
        return f"{self.url}/{key}"

    def parquet(self) -> dict[str, int]:
        """Return the bytes of all Parquet files below, by key."""
        return self._sizes("", ".parquet")

    def missing(self, keys: Sequence[str]) -> list[str]:
        """Return the keys of which there is no file."""
        tops = sorted({key.partition("/")[0] for key in keys})
        held = {key for top in tops for key in self._sizes(top, "")}
        return [key for key in keys if key not in held]

    @contextmanager
    def incoming(self, key: str) -> Iterator[Path]:
        """Give a path of this machine; its file is put when it is whole."""
        with storage_errors(tempfile.gettempdir()):
            scratch = tempfile.TemporaryDirectory(prefix="kizashi-", ignore_cleanup_errors=True)
        with scratch as folder:
            draft = Path(folder) / "whole"
            yield draft
            self._shelf.put_file(self._key(key), draft)

    def remove(self, keys: Iterable[str]) -> None:
        """Delete files that no commit of unknown outcome names."""
        self._shelf.delete(
            [self._key(key) for key in keys if self.located(key) not in _doubtful]
        )

    def doubt(self, keys: Iterable[str]) -> None:
        """Keep files: what was sent of a commit may arrive after its sender gave up."""
        _doubtful.update(map(self.located, keys))

    def settle(self, keys: Sequence[str]) -> None:
        """Do nothing: what was put is there for good."""

    def settle_log(self, version: int) -> None:
        """Do nothing: what was put is there for good."""

    def log_files(self) -> dict[str, int]:
        """Return the bytes of the log's files, by name."""
        return {key.rpartition("/")[2]: size for key, size in self._sizes(LOG, "").items()}

    def has_log(self) -> bool:
        """Whether there is a table."""
        return LOG in self._shelf.folders(self.prefix)

    def log_mark(self) -> Hashable:
        """Return nothing: S3 has no folder that changes."""
        return ""

    def commit_mark(self, version: int) -> Hashable | None:
        """Return when a version was put; None if it is gone or not the newest."""
        own, later = commit_name(version), commit_name(version + 1)
        # One question tells both: what the log holds from just before this version on.
        found = {
            entry.key.rpartition("/")[2]: (entry.size, entry.modified)
            for entry in self._shelf.entries(
                self._key(LOG), after=self._key(f"{LOG}/{own[:-1]}")
            )
        }
        return None if later in found else found.get(own)

    def ready(self) -> None:
        """Try once in a process whether several writers can put the same file.

        Raises
        ------
        StorageError
            They can: one commit would silently replace another.
        """
        with _lock:
            if self.root in _proven:
                return
            keys = [f".proof/{secrets.token_hex(12)}" for _ in range(_TRIALS)]
            with ThreadPoolExecutor(2) as pool:
                safe = [sum(pool.map(self._won, (key, key))) < 2 for key in keys]
            with suppress(StorageError):  # a few bytes that stay harm nobody
                self._shelf.delete(keys)
            if not all(safe):
                raise StorageError(
                    f"{self.root} cannot hold a lake: its server lets two writers put the same "
                    "file (it does not keep to If-None-Match), so commits could be lost.",
                    remedy="Use AWS S3, or a server that keeps to it, such as SeaweedFS 4.48.",
                )
            _proven.add(self.root)

    @property
    def _shelf(self) -> Shelf:
        return _opened(self.root)

    def _key(self, key: str) -> str:
        return f"{self.prefix}/{key}" if self.prefix else key

    def _sizes(self, prefix: str, suffix: str) -> dict[str, int]:
        whole = self._key(prefix) if prefix else self.prefix
        start = len(self.prefix) + 1 if self.prefix else 0
        return {
            entry.key[start:]: entry.size
            for entry in self._shelf.entries(whole)
            if entry.key.endswith(suffix)
        }

    def _won(self, key: str) -> bool:
        try:
            self._shelf.put(key, b"", new=True)
        except Taken:
            return False
        return True


@lru_cache(16)
def _opened(root: str) -> Shelf:
    return shelf(root)


def reading_options(url: str) -> dict[str, Any] | None:
    """Return what Polars is told to read a file; None for a path."""
    return {**storage_options(url), **_POLARS} if is_remote(url) else None
