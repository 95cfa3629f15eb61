"""Shared files in a folder of this machine."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from appliance.core.disk import is_full, to_disk
from appliance.core.errors import KizashiError, StorageError, StorageFull, Taken
from appliance.objects.shelf import Entry, checked, missing

_DRAFT = ".draft-"


class Folder:
    """A folder whose files are drafts until they are whole."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def url(self) -> str:
        """The folder's path."""
        return str(self.root)

    def put_file(self, key: str, path: Path) -> None:
        """Put a file's content there, in place of what was; durable on return."""
        with self._draft(key) as (target, handle, draft):
            with path.open("rb") as source:
                shutil.copyfileobj(source, handle, 1 << 20)
            _settle(handle)
            draft.replace(target)

    def put(self, key: str, content: bytes, *, new: bool = False) -> None:
        """Put bytes there; durable on return."""
        with self._draft(key) as (target, handle, draft):
            handle.write(content)
            _settle(handle)
            if not new:
                draft.replace(target)
                return
            try:
                target.hardlink_to(draft)
            except FileExistsError as error:
                raise Taken(f"{self.url} has a file {key!r} already.") from error

    def read(self, key: str) -> bytes:
        """Return a file's content."""
        with self._told(key):
            return self._path(key).read_bytes()

    def fetch(self, key: str, into: Path) -> None:
        """Write a file's content to another path, whole or not at all."""
        with self._told(key), self._path(key).open("rb") as source, drafted(into) as handle:
            shutil.copyfileobj(source, handle, 1 << 20)

    def entries(self, prefix: str = "", *, after: str = "") -> Iterator[Entry]:
        """Yield the files whose keys begin with a prefix, sorted by key."""
        start = self._path(prefix) if prefix else self.root
        with self._told(prefix):
            paths = [start] if start.is_file() else start.rglob("*")
            for path in sorted(paths):
                with contextlib.suppress(FileNotFoundError):  # gone since it was listed
                    status = path.stat()
                    key = path.relative_to(self.root).as_posix()
                    draft = path.name.startswith(_DRAFT)
                    if path.is_file() and not draft and key > after:
                        modified = datetime.fromtimestamp(status.st_mtime, UTC)
                        yield Entry(key, status.st_size, modified)

    def folders(self, prefix: str = "") -> list[str]:
        """Return the names of the folders directly below a prefix, sorted."""
        start = self._path(prefix) if prefix else self.root
        with self._told(prefix):
            return sorted(path.name for path in start.glob("*/"))

    def names(self, prefix: str = "") -> list[str]:
        """Return what lies directly below a prefix."""
        start = self._path(prefix) if prefix else self.root
        with self._told(prefix):
            return sorted(path.name for path in start.iterdir()) if start.is_dir() else []

    def clear(self, prefix: str) -> None:
        """Let everything below a prefix go."""
        path = self._path(prefix)
        with self._told(prefix):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def delete(self, keys: Iterable[str]) -> None:
        """Let files go, and the folders that are empty then."""
        for key in keys:
            path = self._path(key)
            with self._told(key):
                path.unlink(missing_ok=True)
                for parent in path.parents:
                    if parent == self.root or not _emptied(parent):
                        break

    def move(self, key: str, target: str) -> None:
        """Give a file another name, in place of what has it."""
        path = self._path(target)
        with self._told(key):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._path(key).replace(path)
            to_disk([path.parent])

    def local(self, key: str) -> Path | None:
        """Return the real path of a file, there or not."""
        return self._path(key)

    def _path(self, key: str) -> Path:
        return self.root / checked(key)

    @contextmanager
    def _draft(self, key: str) -> Iterator[tuple[Path, BinaryIO, Path]]:
        """Give a file's path, and an open draft beside it that is gone in the end."""
        target = self._path(key)
        draft = target.with_name(f"{_DRAFT}{secrets.token_hex(8)}")
        with self._told(key):
            for _ in range(8):  # whoever lets the last file go takes the folder with it
                with contextlib.suppress(FileNotFoundError):
                    target.parent.mkdir(parents=True, exist_ok=True)
                    handle = draft.open("xb")
                    break
            else:
                raise StorageError(f"{target.parent} cannot be made.")
            try:
                with handle:
                    yield target, handle, draft
            finally:
                draft.unlink(missing_ok=True)
            to_disk([target.parent])

    @contextmanager
    def _told(self, key: str) -> Iterator[None]:
        """Say what the system says in the words of the appliance."""
        try:
            yield
        except KizashiError:
            raise
        except FileNotFoundError as error:
            raise missing(self.url, key) from error
        except OSError as error:
            where = self.root / key
            if is_full(error):
                raise StorageFull(f"no space left for {where}.") from error
            raise StorageError(
                f"{where} cannot be read or written: {error.strerror or error}.",
                remedy="See to the folder's disk and rights.",
            ) from error


@contextmanager
def drafted(path: Path) -> Iterator[BinaryIO]:
    """Give an open file that stands at a path once it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{_DRAFT}{secrets.token_hex(8)}")
    try:
        with draft.open("xb") as handle:
            yield handle
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _settle(handle: BinaryIO) -> None:
    handle.flush()
    os.fsync(handle.fileno())


def _emptied(folder: Path) -> bool:
    try:
        folder.rmdir()
    except OSError:  # not empty, or taken by another just now
        return False
    return True
