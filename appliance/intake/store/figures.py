"""What came, counted: readings by fleet, and what each source brought."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from appliance.core.db import Database, utc
from appliance.intake.store.tables import AssetRow, FleetRow, PartRow, SourceRow


@dataclass(frozen=True, slots=True)
class FleetFigures:
    """A fleet's machines, and the time of its newest reading.

    Attributes
    ----------
    by_clock
        Whether times are such, and not counters.
    """

    assets: int
    newest: datetime
    by_clock: bool


@dataclass(frozen=True, slots=True)
class SourceFigures:
    """What a source brought.

    Attributes
    ----------
    fine
        Whether it looked, and nothing was wrong.
    latest
        Time of the newest reading that it brought.
    """

    name: str
    kind: str
    fine: bool
    latest: datetime | None
    rows: int
    refused: int


class IntakeFigures:
    """What there is to count of what came to a site."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def readings(self) -> dict[str, tuple[int, int]]:
        """Return by fleet the readings that were added, and the rows that were refused."""
        query = select(
            PartRow.fleet, func.sum(PartRow.rows), func.sum(PartRow.quarantined)
        ).group_by(PartRow.fleet)
        with self._database.session() as session:
            return {
                fleet: (int(rows), int(refused))
                for fleet, rows, refused in session.execute(query)
            }

    def fleets(self) -> dict[str, FleetFigures]:
        """Return the fleets that have readings."""
        query = (
            select(AssetRow.fleet, FleetRow.time_kind, func.count(), func.max(AssetRow.end))
            .join(FleetRow, FleetRow.fleet == AssetRow.fleet)
            .group_by(AssetRow.fleet, FleetRow.time_kind)
        )
        with self._database.session() as session:
            return {
                fleet: FleetFigures(assets, utc(newest), kind == "time")
                for fleet, kind, assets, newest in session.execute(query)
            }

    def sources(self) -> list[SourceFigures]:
        """Return the sources that are not paused."""
        query = select(
            SourceRow.name,
            SourceRow.facts,
            SourceRow.failures,
            SourceRow.looked,
            SourceRow.latest,
            SourceRow.rows,
            SourceRow.refused,
        ).where(SourceRow.paused.is_(False))
        with self._database.session() as session:
            return [
                SourceFigures(
                    name,
                    facts["origin"]["kind"],
                    looked is not None and not failures,
                    None if latest is None else utc(latest),
                    rows,
                    refused,
                )
                for name, facts, failures, looked, latest, rows, refused in session.execute(
                    query
                )
            ]
