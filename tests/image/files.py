"""Gathers programs of this machine with the libraries that they need, for an image of its kind.

An image for tests then costs no download: what runs in it is what is installed here.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

_LIBRARY = re.compile(r"=> (/\S+) \(0x")


def gather(paths: Iterable[Path], root: Path, but: Sequence[str] = ()) -> None:
    """Copy files and folders to the same places below a folder, with their libraries.

    Parameters
    ----------
    but
        Beginnings of names that are left out.
    """
    for path in paths:
        target = root / path.relative_to("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            left_out = shutil.ignore_patterns(*(f"{name}*" for name in but))
            shutil.copytree(path, target, dirs_exist_ok=True, ignore=left_out)
        else:
            shutil.copy2(path, target)
        programs = [path] if path.is_file() else [*filter(Path.is_file, path.iterdir())]
        programs = [one for one in programs if not one.name.startswith(tuple(but))]
        for library in {found for one in programs for found in libraries(one)}:
            # /lib is a link into /usr, which a folder must not replace.
            real = (
                Path("/usr") / library.relative_to("/")
                if library.parts[1] == "lib"
                else library
            )
            place = root / real.relative_to("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(library.resolve(), place)


def libraries(program: Path) -> set[Path]:
    """Return the shared libraries of a program; none of a script."""
    told = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    return {Path(found) for found in _LIBRARY.findall(told.stdout)}
