"""What people keep in a home themselves: notebooks, in folders that they change at any time.

They run what they like in there, also while a backup is made, and may read less than the
appliance may: a link put where a file just was must not lead a backup to what is not theirs.
So each folder on the way is opened by itself, and no link is ever followed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pydantic import ValidationError

from appliance.schemas.backup import BackupFile

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
_NOBODYS = "0" * 64


@dataclass(frozen=True)
class OwnFile:
    """A file in a folder that somebody else may change.

    Attributes
    ----------
    root
        The folder, which nobody else may replace.
    path
        The file's path in it.
    """

    root: Path
    path: str

    def open(self) -> BinaryIO:
        """Open it.

        Raises
        ------
        FileNotFoundError
            There is none (any more).
        OSError
            It is no plain file, or may not be read.
        """
        *folders, name = self.path.split("/")
        at = os.open(self.root, _FOLDER)
        for folder in folders:
            at = _next(at, folder, _FOLDER)
        handle = _next(at, name, _FILE)
        reader = open(handle, "rb")  # noqa: PTH123, SIM115 - a handle; whoever asked closes it
        if stat.S_ISREG(os.fstat(handle).st_mode):
            return reader
        reader.close()
        raise OSError(f"{self.path} is no plain file")


def _next(at: int, name: str, flags: int) -> int:
    """Open what is in an open folder, which is closed."""
    try:
        return os.open(name, flags, dir_fd=at)
    finally:
        os.close(at)


def own_files(home: Path, folder: str) -> tuple[dict[str, OwnFile], tuple[str, ...]]:
    """Return the files of a folder of a home, and those whose names no backup can hold.

    What begins with a point is left out, as what programs keep for themselves.
    """
    root, found, refused = home / folder, {}, []
    for path in _walked(root):
        full = f"{folder}/{path}"
        if _is_name(full):
            found[full] = OwnFile(root, path)
        else:
            refused.append(ascii(full)[1:-1])
    return found, tuple(refused)


def _walked(root: Path) -> Iterator[str]:
    for at, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(at, name)
            if not name.startswith(".") and not path.is_symlink():
                yield path.relative_to(root).as_posix()


def _is_name(path: str) -> bool:
    try:
        BackupFile(path=path, size=0, sha256=_NOBODYS, modified=0)
    except ValidationError:
        return False
    return True
