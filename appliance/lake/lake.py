"""A site's tables, by fleet."""

from __future__ import annotations

from pathlib import Path

from appliance.core.errors import InvalidRequest
from appliance.lake.quarantine import Quarantine
from appliance.lake.readings import Readings
from appliance.lake.scores import Scores
from appliance.schemas.base import fleet_name


class Lake:
    """The Delta tables under one folder.

    Parameters
    ----------
    root
        The folder.
    """

    def __init__(self, root: str) -> None:
        if "://" in root:
            raise InvalidRequest(f"the lake {root} is not a folder.")
        self._root = Path(root)

    def fleets(self) -> list[str]:
        """Return the fleets that have readings."""
        folder = self._root / "readings"
        if not folder.is_dir():
            return []
        return sorted(path.name for path in folder.iterdir() if Readings(path).exists())

    def readings(self, fleet: str) -> Readings:
        """Return a fleet's readings; raises `InvalidRequest` on a name that is none."""
        return Readings(self._root / "readings" / fleet_name(fleet))

    def scores(self, fleet: str) -> Scores:
        """Return a fleet's scores."""
        return Scores(self._root / "scores" / fleet_name(fleet))

    def quarantine(self, fleet: str) -> Quarantine:
        """Return what was refused of a fleet's files."""
        return Quarantine(self._root / "quarantine" / fleet_name(fleet))

    def clean(self, fleet: str, older_than_hours: float = 168) -> list[str]:
        """Delete files that no snapshot of that age refers to; return their paths."""
        return [
            *self.readings(fleet).clean(older_than_hours),
            *self.scores(fleet).clean(older_than_hours),
        ]
