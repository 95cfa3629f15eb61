"""The folder of each analyst's notebooks, with the examples as they were shipped."""

from __future__ import annotations

import os
import shutil
from importlib.resources import as_file, files
from pathlib import Path

from appliance.core.errors import StorageError

EXAMPLES = "examples"


def folder_of(home: Path, user: str) -> Path:
    """Return where somebody's notebooks are: closed to other users of the machine."""
    return home / "notebooks" / user


def prepare(folder: Path) -> None:
    """Make an analyst's folder, with the newest examples in it.

    The examples are read-only: a changed one is saved under another name, so that the next
    release may bring others.

    Raises
    ------
    StorageError
        It cannot be written.
    """
    try:
        for one in (folder.parent, folder):
            one.mkdir(mode=0o700, parents=True, exist_ok=True)
            one.chmod(0o700)
        place = folder / EXAMPLES
        if place.is_symlink():
            place.unlink()
        place.mkdir(mode=0o700, exist_ok=True)
        with as_file(files("appliance.notebooks").joinpath(EXAMPLES)) as shipped:
            for example in sorted(shipped.glob("*.ipynb")):
                _copy(example, place / example.name)
    except OSError as error:
        raise StorageError(
            f"the folder {folder} of the notebooks cannot be written: {error}.",
            remedy="Check its owner and the free disk space.",
        ) from error


def _copy(shipped: Path, target: Path) -> None:
    # What stands there may be a link that the analyst made: it is replaced, never followed.
    draft = target.with_name(f".{target.name}.new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    with os.fdopen(handle, "wb") as out, shipped.open("rb") as source:
        shutil.copyfileobj(source, out)
    draft.replace(target)
