"""The sensors of fleets: what people say of them wins over what files say."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Sequence
from contextlib import nullcontext

from sqlalchemy import select, update

from appliance.access.store.audit import Change
from appliance.core.db import Database
from appliance.core.errors import NotFound, Outdated
from appliance.intake.store.tables import FleetRow, LevelRow, SensorRow, insert
from appliance.schemas.sensor import RunValues, Sensor, SensorRole

MAX_LEVELS = 200


class SensorStore:
    """The columns of each fleet's readings."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, fleet: str) -> builtins.list[Sensor]:
        """Return the sensors of a fleet."""
        query = select(SensorRow).where(SensorRow.fleet == fleet)
        words = select(LevelRow).where(LevelRow.fleet == fleet).order_by(LevelRow.number)
        with self._database.session() as session:
            levels: dict[str, builtins.list[str]] = {}
            for level in session.scalars(words):
                levels.setdefault(level.name, []).append(level.word)
            return [
                _sensor(row, tuple(levels.get(row.name, ()))) for row in session.scalars(query)
            ]

    def add(self, fleet: str, found: Sequence[Sensor], context: Iterable[str]) -> None:
        """Add sensors that are new; fill in units; make columns context that are asked for.

        What people edited stays as they left it.
        """
        rows = [
            {**entry.model_dump(exclude={"levels"}), "fleet": fleet, "edited": False}
            for entry in found
        ]
        mine = (SensorRow.fleet == fleet, SensorRow.edited.is_(False))
        with self._database.session() as session:
            insert(session, SensorRow, rows)
            for entry in found:
                if entry.unit:
                    session.execute(
                        update(SensorRow)
                        .where(*mine, SensorRow.name == entry.name, SensorRow.unit == "")
                        .values(unit=entry.unit)
                    )
            session.execute(
                update(SensorRow)
                .where(*mine, SensorRow.name.in_(list(context)))
                .values(role=SensorRole.CONTEXT.value)
            )

    def edit(
        self,
        fleet: str,
        sensor: Sensor,
        *,
        revision: int | None = None,
        change: Change | None = None,
    ) -> Sensor:
        """Keep a person's word on a sensor.

        Parameters
        ----------
        revision
            The one that the person saw; any if not given.
        change
            Its transaction is taken, so that the edit and its entry stand or fall together.

        Raises
        ------
        NotFound
            The fleet has no sensor of that name.
        Outdated
            It changed since that revision.
        """
        values = sensor.model_dump(exclude={"name", "levels", "revision"})
        mine = (SensorRow.fleet == fleet, SensorRow.name == sensor.name)
        seen = () if revision is None else (SensorRow.revision == revision,)
        edit = (
            update(SensorRow)
            .where(*mine, *seen)
            .values(**values, edited=True, revision=SensorRow.revision + 1)
            .returning(SensorRow.revision)
        )
        own = self._database.session() if change is None else nullcontext(change.session)
        with own as session:
            made = session.scalar(edit)
            if made is None and session.scalar(select(SensorRow.name).where(*mine)) is None:
                raise NotFound(f"fleet {fleet} has no sensor {sensor.name}.")
            if made is None:
                raise Outdated(
                    f"sensor {sensor.name} of {fleet} changed since revision {revision}.",
                    remedy="Look at it again, then decide.",
                )
        return sensor.model_copy(update={"revision": made})

    def levels(self, fleet: str, name: str, words: Sequence[str]) -> dict[str, float]:
        """Return the numbers of a context column's words, giving new words the next ones.

        Beyond `MAX_LEVELS` words get none.
        """
        mine = select(LevelRow).where(LevelRow.fleet == fleet, LevelRow.name == name)
        with self._database.session() as session:
            # On PostgreSQL the fleet's row is the lock; on SQLite the first insert is.
            session.scalar(select(FleetRow).where(FleetRow.fleet == fleet).with_for_update())
            known = {row.word: row.number for row in session.scalars(mine)}
            new = [word for word in words if word not in known]
            if new:
                key = {"fleet": fleet, "name": name, "number": -1}
                insert(session, LevelRow, [{**key, "word": word} for word in new])
                session.expire_all()
                rows = {row.word: row for row in session.scalars(mine)}
                following = max(row.number for row in rows.values()) + 1
                for word in new:
                    if rows[word].number < 0:
                        rows[word].number = following
                        following += 1
                known = {word: row.number for word, row in rows.items()}
        return {word: float(n) for word, n in known.items() if n < MAX_LEVELS}


def _sensor(row: SensorRow, levels: tuple[str, ...]) -> Sensor:
    run_state = None if row.run_state is None else RunValues.model_validate(row.run_state)
    return Sensor(
        name=row.name,
        unit=row.unit,
        role=SensorRole(row.role),
        lower=row.lower,
        upper=row.upper,
        label=row.label,
        run_state=run_state,
        levels=levels,
        revision=row.revision,
    )
