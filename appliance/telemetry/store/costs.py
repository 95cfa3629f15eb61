"""What runs, machines and storage cost, as rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from appliance.core.db import Database, inserting, utc
from appliance.engine.meter import Used
from appliance.telemetry.cost.allocation import Expected, MachineHour, Run, Stored
from appliance.telemetry.store.tables import CostHourRow, CostRunRow, CostStorageRow

_MOST_RUNS = 200_000
_SUMS = ("seconds", "cpu_seconds", "joules", "measured_joules", "fixed_amount", "power_amount")


@dataclass(frozen=True)
class StoredNow:
    """What a fleet takes on the disk now, for how long, and what that costs."""

    day: date
    fleet: str
    project: str
    currency: str
    size_bytes: int
    byte_seconds: float
    amount: float


class CostStore:
    """What a site's runs and machines cost."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # ------------------------------------------------------------------ written
    def keep(self, run: Run) -> None:
        """Keep what an attempt of a run used so far; what was kept of it before is replaced."""
        with self._database.session() as session:
            session.merge(_row(run))

    def add(self, hour: MachineHour) -> None:
        """Add what a machine cost to what it cost in the same hour before."""
        values = {
            "hour": hour.hour.astimezone(UTC),
            "machine": hour.machine[:120],
            "currency": hour.currency,
            **{name: getattr(hour, name) for name in _SUMS},
        }
        with self._database.session() as session:
            insert: Any = inserting(session, CostHourRow).values(values)
            more = {name: getattr(CostHourRow, name) + insert.excluded[name] for name in _SUMS}
            session.execute(
                insert.on_conflict_do_update(
                    index_elements=["hour", "machine", "currency"], set_=more
                )
            )

    def add_stored(self, stored: Iterable[StoredNow]) -> None:
        """Add what fleets took on the disk to what they took on the same day before."""
        with self._database.session() as session:
            for one in stored:
                values = {
                    "day": one.day,
                    "fleet": one.fleet,
                    "currency": one.currency,
                    "project": one.project,
                    "bytes": one.size_bytes,
                    "byte_seconds": one.byte_seconds,
                    "amount": one.amount,
                }
                insert: Any = inserting(session, CostStorageRow).values(values)
                told = insert.excluded
                more = {
                    "project": told.project,
                    "bytes": told.bytes,
                    "byte_seconds": CostStorageRow.byte_seconds + told.byte_seconds,
                    "amount": CostStorageRow.amount + told.amount,
                }
                session.execute(
                    insert.on_conflict_do_update(
                        index_elements=["day", "fleet", "currency"], set_=more
                    )
                )

    # ------------------------------------------------------------------ read
    def attempts(self, run: str) -> list[Run]:
        """Return what each attempt of a run used."""
        query = select(CostRunRow).where(CostRunRow.run == run).order_by(CostRunRow.attempt)
        with self._database.session() as session:
            return [_run(row) for row in session.scalars(query)]

    def runs(
        self, projects: Collection[str] | None, start: datetime, end: datetime
    ) -> list[Run]:
        """Return the runs that reach into a half-open time, the latest first.

        Parameters
        ----------
        projects
            Only of these; of all, and of the whole site, if not given.
        """
        query = (
            select(CostRunRow)
            .where(
                CostRunRow.until >= start.astimezone(UTC),
                CostRunRow.started < end.astimezone(UTC),
            )
            .order_by(CostRunRow.until.desc())
            .limit(_MOST_RUNS)
        )
        if projects is not None:
            query = query.where(CostRunRow.project.in_(projects))
        with self._database.session() as session:
            return [_run(row) for row in session.scalars(query)]

    def past(
        self, pipeline: str, most: int, before: datetime, fleet: str | None = None
    ) -> list[Run]:
        """Return runs of a pipeline that succeeded before a moment, the latest first.

        Parameters
        ----------
        fleet
            Only on this one; on any if not given.
        """
        query = (
            select(CostRunRow)
            .where(
                CostRunRow.pipeline == pipeline,
                CostRunRow.state == "succeeded",
                CostRunRow.until <= before.astimezone(UTC),
            )
            .order_by(CostRunRow.until.desc())
            .limit(most)
        )
        if fleet is not None:
            query = query.where(CostRunRow.fleet == fleet)
        with self._database.session() as session:
            return [_run(row) for row in session.scalars(query)]

    def hours(self, start: datetime, end: datetime, currency: str) -> list[MachineHour]:
        """Return the hours of machines that begin in a half-open time, paid in a currency."""
        query = (
            select(CostHourRow)
            .where(
                CostHourRow.hour >= start.astimezone(UTC),
                CostHourRow.hour < end.astimezone(UTC),
                CostHourRow.currency == currency,
            )
            .order_by(CostHourRow.hour)
        )
        with self._database.session() as session:
            return [
                MachineHour(
                    hour=utc(row.hour),
                    machine=row.machine,
                    currency=row.currency,
                    **{name: getattr(row, name) for name in _SUMS},
                )
                for row in session.scalars(query)
            ]

    def stored(
        self, projects: Collection[str] | None, first: date, last: date, currency: str
    ) -> list[Stored]:
        """Return what fleets took on the disk, by day; both days are meant too."""
        query = (
            select(CostStorageRow)
            .where(
                CostStorageRow.day >= first,
                CostStorageRow.day <= last,
                CostStorageRow.currency == currency,
            )
            .order_by(CostStorageRow.day)
        )
        if projects is not None:
            query = query.where(CostStorageRow.project.in_(projects))
        with self._database.session() as session:
            return [
                Stored(row.day, row.fleet, row.project, row.amount)
                for row in session.scalars(query)
            ]

    # ------------------------------------------------------------------ summed up
    def cumulative(self, currency: str) -> dict[tuple[str, str], float]:
        """Return what was ever paid for runs and storage, by project and pipeline.

        Storage is told as the pipeline ``storage``.
        """
        runs = select(CostRunRow.project, CostRunRow.pipeline, func.sum(CostRunRow.amount))
        runs = runs.where(CostRunRow.currency == currency)
        stored = select(CostStorageRow.project, func.sum(CostStorageRow.amount))
        stored = stored.where(CostStorageRow.currency == currency)
        with self._database.session() as session:
            found = {
                (project, pipeline): float(amount)
                for project, pipeline, amount in session.execute(
                    runs.group_by(CostRunRow.project, CostRunRow.pipeline)
                )
            }
            for project, amount in session.execute(stored.group_by(CostStorageRow.project)):
                if amount:
                    found[project, "storage"] = float(amount)
        return found

    def machines(self, currency: str) -> float:
        """Return what machines ever cost."""
        amount = func.sum(CostHourRow.fixed_amount + CostHourRow.power_amount)
        query = select(amount).where(CostHourRow.currency == currency)
        with self._database.session() as session:
            return float(session.scalar(query) or 0.0)


def spent(
    session: Session, project: str | None, start: datetime, end: datetime, currency: str
) -> float:
    """Return what was paid for runs that ended in a half-open time, and for storage.

    Parameters
    ----------
    project
        Whose runs; those of the whole site, and what machines cost idle, if not given.
    """
    runs = select(func.sum(CostRunRow.amount)).where(
        CostRunRow.until >= start.astimezone(UTC),
        CostRunRow.until < end.astimezone(UTC),
        CostRunRow.currency == currency,
    )
    stored = select(func.sum(CostStorageRow.amount)).where(
        CostStorageRow.day >= start.date(),
        CostStorageRow.day < end.date(),
        CostStorageRow.currency == currency,
    )
    if project is not None:
        runs = runs.where(CostRunRow.project == project)
        stored = stored.where(CostStorageRow.project == project)
    paid = float(session.scalar(runs) or 0.0)
    if project is None:
        hours = func.sum(CostHourRow.fixed_amount + CostHourRow.power_amount)
        machines = session.scalar(
            select(hours).where(
                CostHourRow.hour >= start.astimezone(UTC),
                CostHourRow.hour < end.astimezone(UTC),
                CostHourRow.currency == currency,
            )
        )
        paid = max(paid, float(machines or 0.0))
    return paid + float(session.scalar(stored) or 0.0)


def _row(run: Run) -> CostRunRow:
    used, expected = run.used, run.expected
    return CostRunRow(
        run=run.run,
        attempt=run.attempt,
        pipeline=run.pipeline,
        fleet=run.fleet,
        project=run.project,
        by=run.by[:200],
        state=run.state,
        started=run.started.astimezone(UTC),
        until=run.until.astimezone(UTC),
        rows=run.rows,
        sensors=run.sensors,
        assets=run.assets,
        wall_seconds=run.wall_seconds,
        cpu_seconds=used.cpu_seconds,
        reserved_seconds=used.reserved_seconds,
        core_seconds=used.core_seconds,
        byte_seconds=used.byte_seconds,
        peak_bytes=used.peak_bytes,
        tasks=used.tasks,
        amount=run.amount,
        currency=run.currency,
        estimated_seconds=None if expected is None else expected.seconds,
        estimated_amount=None if expected is None else expected.amount,
        estimated_by="" if expected is None else expected.by,
    )


def _run(row: CostRunRow) -> Run:
    seconds, amount = row.estimated_seconds, row.estimated_amount
    return Run(
        run=row.run,
        attempt=row.attempt,
        pipeline=row.pipeline,
        fleet=row.fleet,
        project=row.project,
        by=row.by,
        state=row.state,
        started=utc(row.started),
        until=utc(row.until),
        used=Used(
            row.cpu_seconds,
            row.reserved_seconds,
            row.core_seconds,
            row.byte_seconds,
            row.peak_bytes,
            row.tasks,
        ),
        wall_seconds=row.wall_seconds,
        amount=row.amount,
        currency=row.currency,
        rows=row.rows,
        sensors=row.sensors,
        assets=row.assets,
        expected=None
        if seconds is None or amount is None
        else Expected(seconds, amount, row.estimated_by),
    )
