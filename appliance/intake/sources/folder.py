"""A folder that files are put into: each is taken once it is at rest."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from appliance.core.clock import now
from appliance.core.errors import SourceError
from appliance.core.settings import Settings
from appliance.intake.sources.files.discover import kind_of
from appliance.intake.sources.live import Cursor, Pulled
from appliance.schemas.source import Folder

MOST_FILES = 20_000
"""Of a folder: what is known of each is kept with the source."""
_AT_ONCE_FILES, _AT_ONCE_BYTES = 50, 256 * 2**20
_Mark = list[int]
"""Size of a file and its time of change in nanoseconds."""


class FolderSource:
    """Takes files from a folder, the oldest first.

    The cursor holds the mark of each file that was taken or refused: one that changes is taken
    again.

    Parameters
    ----------
    origin
        What was asked for.
    settings
        Say below which folders files may be taken.
    """

    def __init__(self, origin: Folder, settings: Settings) -> None:
        self._origin = origin
        self._settings = settings
        self._folder = self._found()

    def pull(self, cursor: Cursor) -> Pulled | None:
        """Return the oldest files that are new."""
        taken: dict[str, _Mark] = dict(cursor.get("taken", {}))
        refused: dict[str, _Mark] = dict(cursor.get("refused", {}))
        there = self._files()
        if self._origin.after == "remove":
            self._remove(there, taken)
        known = {name: mark for name, mark in {**taken, **refused}.items() if name in there}
        rest = (now().timestamp() - self._origin.settled) * 1e9
        fresh = sorted(
            (mark[1], name)
            for name, (_, mark) in there.items()
            if known.get(name) != mark and mark[1] <= rest
        )
        chosen: list[str] = []
        weight = 0
        for _, name in fresh[:_AT_ONCE_FILES]:
            weight += there[name][1][0]
            if chosen and weight > _AT_ONCE_BYTES:
                break
            chosen.append(name)
        if not chosen:
            return None
        after = {
            "taken": {n: m for n, m in taken.items() if n in there}
            | {name: there[name][1] for name in chosen},
            "refused": {
                n: m for n, m in refused.items() if n in there and n not in set(chosen)
            },
        }
        paths = tuple(there[name][0] for name in chosen)
        return Pulled(paths, after, more=len(fresh) > len(chosen))

    def without(self, pulled: Pulled, refused: Mapping[Path, str]) -> Cursor:
        """Leave files that were refused where they are, until they change."""
        names = {path.relative_to(self._folder).as_posix() for path in refused}
        taken: dict[str, _Mark] = pulled.cursor["taken"]
        return {
            "taken": {name: mark for name, mark in taken.items() if name not in names},
            "refused": pulled.cursor["refused"]
            | {name: mark for name, mark in taken.items() if name in names},
        }

    def settle(self, _pulled: Pulled) -> None:
        """Leave the files: the next look removes them, if that is wanted."""

    def sample(self, _rows: int) -> Pulled:
        """Return the oldest file."""
        there = self._files()
        if not there:
            raise SourceError(
                f"there is no file {self._origin.pattern!r} in {self._origin.path!r} yet.",
                remedy="Put CSV or Parquet files there, or change the pattern.",
            )
        first = min(there, key=lambda name: (there[name][1][1], name))
        return Pulled((there[first][0],), {})

    def close(self) -> None:
        """Do nothing: a folder is never open."""

    def retire(self) -> None:
        """Do nothing: a folder knows nothing of who looks at it."""

    # ------------------------------------------------------------------ files
    def _found(self) -> Path:
        told = Path(self._origin.path)
        for base in self._settings.imports:
            path = (base / told).resolve()
            if ".." not in told.parts and path.is_relative_to(base.resolve()) and path.is_dir():
                return path
        shown = ", ".join(str(base) for base in self._settings.imports)
        raise SourceError(
            f"there is no folder {self._origin.path!r} below the import folders.",
            remedy=f"Make it below one of these (setting import_folders): {shown}.",
        )

    def _files(self) -> dict[str, tuple[Path, _Mark]]:
        """Return by name the files there are, with their marks."""
        found: dict[str, tuple[Path, _Mark]] = {}
        try:
            if not self._folder.is_dir():
                raise FileNotFoundError(2, "it is gone")
            for path in self._folder.glob(self._origin.pattern):
                if self._is_meant(path):
                    told = path.stat()
                    name = path.relative_to(self._folder).as_posix()
                    found[name] = path, [told.st_size, told.st_mtime_ns]
        except (OSError, ValueError, NotImplementedError) as error:
            raise SourceError(f"the folder {self._folder} cannot be read: {error}.") from error
        if len(found) > MOST_FILES:
            raise SourceError(
                f"there are {len(found):,} files in {self._origin.path!r}, "
                f"{MOST_FILES:,} are allowed.",
                remedy="Let files be removed once they are in, or move old ones away.",
            )
        return found

    def _is_meant(self, path: Path) -> bool:
        """Whether it is a file that can be read, and none that lies elsewhere."""
        if kind_of(path) is None or ".." in path.parts or path.is_symlink():
            return False
        within = path.relative_to(self._folder)
        hidden = any(part.startswith(".") for part in within.parts)
        return not hidden and path.is_file() and path.resolve().is_relative_to(self._folder)

    def _remove(self, there: dict[str, tuple[Path, _Mark]], taken: dict[str, _Mark]) -> None:
        """Remove files that were taken and have not changed since."""
        for name in [name for name, (_, mark) in there.items() if taken.get(name) == mark]:
            try:
                there.pop(name)[0].unlink(missing_ok=True)
            except OSError as error:
                raise SourceError(f"{name} cannot be removed: {error.strerror}.") from error
