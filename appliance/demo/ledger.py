"""Which generated files stand whole: written at once, and checked before they are kept."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from polars.exceptions import ComputeError

from appliance.core.disk import is_full
from appliance.core.errors import StorageError, StorageFull

NAME = ".written.json"
_BLOCK = 1 << 20


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn failures of the file system into errors that say who must act."""
    try:
        yield
    except (OSError, ComputeError) as error:
        if is_full(error):
            raise StorageFull(
                f"no space is left to write {path}.",
                remedy="Free some, then repeat the command: it goes on from here.",
            ) from error
        raise StorageError(f"{path} cannot be written: {error}.") from error


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file so that it appears under its name complete, or not at all.

    Parameters
    ----------
    write
        Writes the content to the path that it is given.

    Raises
    ------
    StorageFull, StorageError
        It could not be written; nothing remains of the attempt.
    """
    part = path.with_name(f".{path.name}.part")
    with storage_errors(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write(part)
            with part.open("rb") as handle:
                os.fsync(handle.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


class Ledger:
    """Sizes and checksums of the files written so far for one purpose.

    It is kept in the folder itself and renewed after each file, so that a run that was cut
    off at any moment can be repeated.

    Parameters
    ----------
    folder
        Where the files are.
    purpose
        What they were made from; files made from anything else count as not written.
    """

    def __init__(self, folder: Path, purpose: Mapping[str, object]) -> None:
        self._folder = folder
        self._path = folder / NAME
        self._purpose = dict(purpose)
        self._marks: dict[str, list[int]] = {}
        self._others: set[str] = set()
        self._load()

    def holds(self, path: Path) -> bool:
        """Whether a file stands as it was written, byte for byte."""
        mark = self._marks.get(self._key(path))
        with storage_errors(path):
            return mark is not None and path.is_file() and _mark(path) == mark

    def write(self, path: Path, write: Callable[[Path], object]) -> None:
        """Write a file and remember it; see `write_whole`."""
        write_whole(path, write)
        self._marks[self._key(path)] = _mark(path)
        self._save()

    def forget_others(self, wanted: set[Path]) -> None:
        """Remove files that were written for another purpose and are not wanted now."""
        keys = {self._key(path) for path in wanted}
        stale = (self._others | set(self._marks)) - keys
        for key in sorted(stale):
            with storage_errors(self._folder / key):
                (self._folder / key).unlink(missing_ok=True)
            self._marks.pop(key, None)
        self._others = set()
        if stale:
            self._save()

    def _key(self, path: Path) -> str:
        return path.relative_to(self._folder).as_posix()

    def _load(self) -> None:
        try:
            found = json.loads(self._path.read_text("utf-8"))
            marks = {
                _inside(key): [int(n) for n in mark] for key, mark in found["files"].items()
            }
            others, purpose = {_inside(key) for key in found["others"]}, found["purpose"]
        except FileNotFoundError:
            return
        except (ValueError, KeyError, TypeError, AttributeError):
            return  # a ledger that cannot be read vouches for nothing: all is written anew
        except OSError as error:
            raise StorageError(f"{self._path} cannot be read: {error.strerror}.") from error
        if purpose == self._purpose:
            self._marks, self._others = marks, others
        else:
            self._others = others | set(marks)

    def _save(self) -> None:
        content = {
            "purpose": self._purpose,
            "files": self._marks,
            "others": sorted(self._others - set(self._marks)),
        }
        text = json.dumps(content, indent=1)
        write_whole(self._path, lambda part: part.write_text(text, "utf-8"))


def _inside(key: str) -> str:
    """Return a key that stays inside the folder: what is forgotten is deleted."""
    if Path(key).is_absolute() or ".." in Path(key).parts:
        raise ValueError(key)
    return key


def _mark(path: Path) -> list[int]:
    checksum = 0
    with path.open("rb") as handle:
        while block := handle.read(_BLOCK):
            checksum = zlib.crc32(block, checksum)
    return [path.stat().st_size, checksum]
