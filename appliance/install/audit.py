"""Whether installed packages are as pip wrote them."""

from __future__ import annotations

import base64
import csv
import hashlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

_SHA256 = "sha256="


def site_packages(environment: Path) -> Path | None:
    """Return where an environment keeps its packages; None if it has no one such place."""
    found = list(environment.glob("lib/python3.*/site-packages"))
    return found[0] if len(found) == 1 else None


def name_of(package: Path) -> str:
    """Return the normalised name of an installed package from its ``.dist-info`` folder."""
    return re.sub(r"[-_.]+", "-", package.name.partition("-")[0]).lower()


def installed(site: Path) -> list[Path]:
    """Return the ``.dist-info`` folders of all packages."""
    return sorted(site.glob("*.dist-info"))


def is_whole(package: Path, since: float) -> bool:
    """Whether every file that a package brought is there, with its size.

    Parameters
    ----------
    package
        Its ``.dist-info`` folder.
    since
        Files changed after this moment (seconds of the epoch) are read and their hash is
        compared as well; reading all would take too long for a run that has nothing to do.
    """
    try:
        return all(_matches(*entry, since) for entry in _record(package))
    except (OSError, ValueError, csv.Error):
        return False


def remove(package: Path) -> None:
    """Remove a package that pip could no longer uninstall."""
    try:
        files = [path for path, _, _ in _record(package)]
    except (OSError, ValueError, csv.Error):
        files = []
    for path in files:
        if path.resolve().is_relative_to(package.parent.resolve()):
            path.unlink(missing_ok=True)
    shutil.rmtree(package)


def remove_leavings(site: Path) -> None:
    """Remove what a pip that was cut off had set aside: it is named with a tilde."""
    for path in site.glob("~*"):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _record(package: Path) -> Iterator[tuple[Path, str, str]]:
    """Yield file, hash and size; pip writes this list last, so that a cut leaves none."""
    with (package / "RECORD").open(encoding="utf-8", newline="") as lines:
        for name, digest, size in csv.reader(lines):
            yield package.parent / name, digest, size


def _matches(path: Path, digest: str, size: str, since: float) -> bool:
    if not size:
        return True  # compiled files and the list itself, which carry no size
    found = path.stat()
    if found.st_size != int(size):
        return False
    if found.st_ctime <= since or not digest.startswith(_SHA256):
        return True
    own = hashlib.sha256(path.read_bytes()).digest()
    return base64.urlsafe_b64encode(own).rstrip(b"=").decode() == digest[len(_SHA256) :]
