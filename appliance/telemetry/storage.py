"""What each part of a home takes on the disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from appliance.core.db import Database
from appliance.core.settings import Settings
from appliance.schemas.platform import PARTS, Metric
from appliance.telemetry.host import Values
from appliance.telemetry.store import database_bytes

_SIZE = {part: Metric(f"{part}_size_bytes") for part in PARTS}
_FOLDERS = {"import": "uploads", "lives": "models"} | {part: part for part in PARTS}
_SHARED = ("lake", "models", "uploads", "reports")
"""What lies on S3 where machines share it: what it takes there is the bucket's to tell."""
_DATABASES = (".db", ".db-wal", ".db-shm")


class StorageProbe:
    """Measures a home, part by part; what lies elsewhere is not looked at.

    Parameters
    ----------
    settings
        Of the home.
    database
        Gives the one that may be a server's.
    """

    def __init__(self, settings: Settings, database: Callable[[], Database]) -> None:
        self._settings = settings
        self._database = database

    def __call__(self) -> Values:
        """Measure; a lake of many files takes a moment."""
        sizes = dict.fromkeys(PARTS, 0)
        for name, size in _entries(self._settings.home):
            part = "database" if name.endswith(_DATABASES) else _FOLDERS.get(name, "other")
            sizes[part] += size
        sizes["database"] += database_bytes(self._database())
        elsewhere = _SHARED if self._settings.storage_url else ()
        return {_SIZE[p]: float(size) for p, size in sizes.items() if p not in elsewhere}


def size_of(part: str) -> Metric:
    """Return the metric of a part's size."""
    return _SIZE[part]


def _entries(home: Path) -> Iterator[tuple[str, int]]:
    """Yield the name and the size of everything that lies directly in a home."""
    with os.scandir(home) as found:
        for entry in found:
            yield entry.name, _bytes(entry)


def _bytes(entry: os.DirEntry[str]) -> int:
    """Return what a file or folder takes; what goes meanwhile takes nothing."""
    try:
        if not entry.is_dir(follow_symlinks=False):
            return entry.stat(follow_symlinks=False).st_blocks * 512
        with os.scandir(entry.path) as found:
            return sum(map(_bytes, found))
    except OSError:
        return 0
