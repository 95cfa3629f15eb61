"""Tables in a folder: files opened by paths, and flushed to the disk before they count."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from appliance.core.disk import to_disk
from appliance.lake.place import LOG, commit_name
from appliance.lake.told import storage_errors


@dataclass(frozen=True)
class Folder:
    """A folder of this machine, or of a disk that machines share."""

    path: Path

    @property
    def url(self) -> str:
        """The path."""
        return str(self.path)

    @property
    def name(self) -> str:
        """The last part of it."""
        return self.path.name

    @property
    def options(self) -> dict[str, str] | None:
        """None: a path says all."""
        return None

    def below(self, *names: str) -> Folder:
        """Return a folder below this one."""
        return Folder(self.path.joinpath(*names))

    def folders(self) -> list[str]:
        """Return the names of the folders directly below, sorted."""
        return sorted(path.name for path in self.path.glob("*/"))

    def located(self, key: str) -> str:
        """Return a file's full path."""
        return str(self.path / key)

    def parquet(self) -> dict[str, int]:
        """Return the bytes of all Parquet files below, by key."""
        found = {}
        for path in self.path.rglob("*.parquet"):
            size = _size(path)
            if size is not None:  # another process has cleaned up
                found[path.relative_to(self.path).as_posix()] = size
        return found

    def missing(self, keys: Sequence[str]) -> list[str]:
        """Return the keys of which there is no file."""
        return [key for key in keys if not (self.path / key).is_file()]

    @contextmanager
    def incoming(self, key: str) -> Iterator[Path]:
        """Give the file's own path; what fails leaves nothing there."""
        target = self.path / key
        with storage_errors(str(target)):
            target.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield target
        except BaseException:
            target.unlink(missing_ok=True)
            raise

    def remove(self, keys: Iterable[str]) -> None:
        """Delete files; one that is not there is no error."""
        for key in keys:
            (self.path / key).unlink(missing_ok=True)

    def doubt(self, keys: Iterable[str]) -> None:
        """Do nothing: on a disk a commit that failed never comes to stand."""

    def settle(self, keys: Sequence[str]) -> None:
        """Wait until files and their folders' lists of names have reached the disk."""
        paths = [self.path / key for key in keys]
        to_disk([*paths, *{path.parent for path in paths}])

    def settle_log(self, version: int) -> None:
        """Wait until a version's log has reached the disk."""
        log = self.path / LOG
        to_disk([*log.glob(f"{version:020}.*"), log])

    def log_files(self) -> dict[str, int]:
        """Return the bytes of the log's files, by name."""
        log = self.path / LOG
        if not log.is_dir():
            return {}
        sizes = {path.name: _size(path) for path in log.iterdir()}
        return {name: size for name, size in sorted(sizes.items()) if size is not None}

    def has_log(self) -> bool:
        """Whether there is a table."""
        log = self.path / LOG
        return any(log.glob("*.json")) or any(log.glob("*.parquet"))

    def log_mark(self) -> Hashable:
        """Return the state of the log's folder."""
        return _state(self.path / LOG)

    def commit_mark(self, version: int) -> Hashable | None:
        """Return the state of a version's log; None if it is gone or not the newest."""
        # Commits are numbered without gaps, so a look at one name tells.
        if (self.path / LOG / commit_name(version + 1)).exists():
            return None
        return _state(self.path / LOG / commit_name(version))

    def ready(self) -> None:
        """Make the folder; a file system lets only one writer make a file."""
        with storage_errors(self.url):
            self.path.mkdir(parents=True, exist_ok=True)


def _state(path: Path) -> Hashable | None:
    """Return what tells one state of a file or folder from another; None if it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
