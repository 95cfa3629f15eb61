"""Which files are meant: names, folders and patterns."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path

from appliance.core.errors import NotFound

TEXT = frozenset((".csv", ".tsv", ".txt", ".dat", ".data", ".asc"))
PARQUET = frozenset((".parquet", ".pq"))
PACKED = frozenset((".gz", ".zst"))


def kind_of(path: Path) -> str | None:
    """Return ``text`` or ``parquet`` by a file's name; None if it is neither."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in PACKED:
        suffixes.pop()
    last = suffixes[-1] if suffixes else ""
    return "parquet" if last in PARQUET else "text" if last in TEXT else None


def discover(given: Sequence[str | Path]) -> list[Path]:
    """Return the files that names, folders (recursively) and glob patterns stand for.

    A file named outright is taken whatever its ending; within folders only known endings are,
    and hidden files never.

    Raises
    ------
    NotFound
        Something named does not exist, or holds no file that could be read.
    """
    found: dict[Path, None] = {}
    for entry in given:
        path = Path(entry).expanduser()
        if path.is_file():
            members = [path]
        elif path.is_dir():
            members = _within(path)
        else:
            members = [
                member
                for match in sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207
                for member in ([Path(match)] if Path(match).is_file() else _within(Path(match)))
            ]
        if not members:
            raise NotFound(
                f"{entry}: no file there that could be read.",
                remedy="Name CSV or Parquet files, a folder that holds some, or a pattern.",
            )
        found |= dict.fromkeys(member.resolve() for member in members)
    return list(found)


def _within(folder: Path) -> list[Path]:
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and kind_of(path) is not None
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
