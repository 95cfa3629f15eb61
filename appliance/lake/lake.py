"""A site's tables, by fleet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from appliance.lake.place import each
from appliance.lake.places import place
from appliance.lake.quarantine import Quarantine
from appliance.lake.readings import Readings
from appliance.lake.scores import Scores
from appliance.lake.soundness import Soundness, look
from appliance.lake.table import Snapshot, Table, standing
from appliance.lake.upkeep import Compacted, Dropped, compact, count_before, drop_before
from appliance.schemas.base import fleet_name


@dataclass(frozen=True, slots=True)
class Size:
    """How large tables are.

    Attributes
    ----------
    files, size_bytes
        That their newest versions name.
    commits
        That were ever made to them.
    """

    files: int = 0
    size_bytes: int = 0
    commits: int = 0

    @classmethod
    def of(cls, snapshot: Snapshot) -> Size:
        """Return how large one table is."""
        files = snapshot.files
        return cls(len(files), sum(file.size for file in files), snapshot.version + 1)

    def __add__(self, other: Size) -> Size:
        """Return how large both are."""
        return Size(
            self.files + other.files,
            self.size_bytes + other.size_bytes,
            self.commits + other.commits,
        )


class Lake:
    """The Delta tables of one place.

    Parameters
    ----------
    root
        A folder, or ``s3://BUCKET/PREFIX``, which the AWS_* environment says how to reach.

    Raises
    ------
    InvalidRequest
        It is neither.
    """

    def __init__(self, root: str) -> None:
        self._root = place(root)

    def fleets(self) -> list[str]:
        """Return the fleets that have readings."""
        found = self._root.below("readings")
        names = found.folders()
        known = each(names, lambda name: found.below(name).has_log(), found.url)
        return [name for name, there in zip(names, known, strict=True) if there]

    def readings(self, fleet: str) -> Readings:
        """Return a fleet's readings; raises `InvalidRequest` on a name that is none."""
        return Readings(self._root.below("readings", fleet_name(fleet)))

    def scores(self, fleet: str) -> Scores:
        """Return a fleet's scores."""
        return Scores(self._root.below("scores", fleet_name(fleet)))

    def quarantine(self, fleet: str) -> Quarantine:
        """Return what was refused of a fleet's files."""
        return Quarantine(self._root.below("quarantine", fleet_name(fleet)))

    def drop_before(
        self, fleet: str, moment: datetime, *, run: str, dry_run: bool = False
    ) -> tuple[Dropped, Dropped]:
        """Take out readings and scores before a moment, once for a run; return both counts.

        Parameters
        ----------
        dry_run
            Only count them.
        """
        scores, readings = self._tables(fleet)
        # Scores first: there are never scores without the readings that they speak of.
        if dry_run:
            gone = count_before(scores, moment)
            return count_before(readings, moment), gone
        gone = drop_before(scores, moment, run=run)
        return drop_before(readings, moment, run=run), gone

    def compact(self, fleet: str, *, run: str) -> tuple[Compacted, Compacted]:
        """Put small files of readings and of scores together; return both counts."""
        scores, readings = self._tables(fleet)
        return compact(readings, run=run), compact(scores, run=run)

    def size(self, fleet: str) -> int:
        """Return the bytes of all files of a fleet's readings and scores, old ones too."""
        return sum(
            size for table in self._tables(fleet) for size in table.place.parquet().values()
        )

    def sizes(self) -> dict[str, Size]:
        """Return how large the tables of all fleets are now, by what they hold.

        Raises
        ------
        StorageError
            One of them cannot be opened.
        """
        kinds = {kind: self._root.below(kind) for kind in ("readings", "scores", "quarantine")}
        return {
            kind: sum(
                (Size.of(Table(held.below(name), {}).opened()) for name in held.folders()),
                Size(),
            )
            for kind, held in kinds.items()
        }

    def soundness(self, fleet: str) -> Soundness:
        """Return what is wrong with a fleet's readings and scores.

        Raises
        ------
        StorageError
            One of the tables cannot be opened.
        """
        found = [look(table) for table in self._tables(fleet)]
        return Soundness(
            tuple(path for one in found for path in one.missing),
            tuple(path for one in found for path in one.unnamed),
        )

    def _tables(self, fleet: str) -> tuple[Table, Table]:
        name = fleet_name(fleet)
        scores, readings = (self._root.below(kind, name) for kind in ("scores", "readings"))
        return standing(scores), standing(readings)

    def clean(self, fleet: str, older_than_hours: float = 168) -> list[str]:
        """Delete files that no snapshot of that age refers to; return their paths."""
        return [
            *self.readings(fleet).clean(older_than_hours),
            *self.scores(fleet).clean(older_than_hours),
        ]
