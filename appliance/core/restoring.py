"""A home that is being put in its place by a restore: nobody may open it in between."""

from __future__ import annotations

from pathlib import Path

from appliance.core.errors import StorageError

CLEARING = ".restore-clearing"
PLACING = ".restore-placing"
"""Folders in the home: the old is being moved aside; the new is being moved in."""


def refuse_half(home: Path) -> None:
    """Refuse a home whose restore was cut off between the old and the new.

    Raises
    ------
    StorageError
        It is neither.
    """
    if any((home / name).exists() for name in (CLEARING, PLACING)):
        raise StorageError(
            f"a restore of {home} is going on, or was cut off at its last step.",
            remedy="Repeat `kizashi restore`: it completes at once.",
        )
