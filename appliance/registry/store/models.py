"""Model versions, promotions and score batches: each change in one transaction."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from appliance.access.person import Person, known
from appliance.access.seen import Seen
from appliance.access.store.audit import AuditLog, Change
from appliance.core.clock import now
from appliance.core.db import Database, inserting, utc
from appliance.core.errors import Conflict, NotFound, TryAgain
from appliance.registry.champions import champions
from appliance.registry.store.tables import (
    MirrorRow,
    PromotionRow,
    ScoreBatchRow,
    VersionRow,
    promotion_of,
    score_batch_of,
    versions_of,
)
from appliance.schemas.model import Judged, Lineage, ModelVersion, Promotion, ScoreBatch

_FIRST_BY = "kizashi"
"""Who made a fleet's first version its champion."""


class ModelStore:
    """Reads and writes the registry's tables."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._log = AuditLog(database)

    # ------------------------------------------------------------------ versions
    def add(self, fleet: str, path: str, digest: str, lineage: Lineage) -> ModelVersion:
        """Give a training run its version number; the same run twice gets the same one.

        The first version of a fleet becomes its champion in the same transaction.

        Raises
        ------
        TryAgain
            Another process added a version of this fleet at the same moment.
        """
        try:
            with self._database.session() as session:
                row = session.scalar(select(VersionRow).where(VersionRow.run == lineage.run))
                if row is None:
                    last = select(func.max(VersionRow.version)).where(VersionRow.fleet == fleet)
                    row = VersionRow(
                        fleet=fleet,
                        version=(session.scalar(last) or 0) + 1,
                        run=lineage.run,
                        path=path,
                        digest=digest,
                        created=now(),
                        lineage=lineage.model_dump(mode="json"),
                    )
                    session.add(row)
                    session.flush()
                    if row.version == 1:
                        session.add(_promotion(fleet, 1, None, _FIRST_BY, "first"))
                    _changed(session, fleet)
        except IntegrityError as error:
            raise TryAgain(
                f"another training of {fleet} was registered at the same moment."
            ) from error
        return self.get(fleet, row.version)

    def versions(self, fleet: str) -> list[ModelVersion]:
        """Return all versions of a fleet, newest first, but those that were deleted."""
        query = (
            select(VersionRow)
            .where(VersionRow.fleet == fleet, VersionRow.deleted.is_(None))
            .order_by(VersionRow.version.desc())
        )
        with self._database.session() as session:
            rows = session.scalars(query).all()
            newest = rows[0].version if rows else None
            return versions_of(rows, _champion(session, fleet), newest)

    def page(self, fleet: str, before: int | None, limit: int) -> list[ModelVersion]:
        """Return so many versions of a fleet, newest first: those before a number."""
        kept = VersionRow.fleet == fleet, VersionRow.deleted.is_(None)
        query = select(VersionRow).where(*kept).order_by(VersionRow.version.desc())
        if before is not None:
            query = query.where(VersionRow.version < before)
        with self._database.session() as session:
            newest = session.scalar(select(func.max(VersionRow.version)).where(*kept))
            rows = session.scalars(query.limit(limit)).all()
            return versions_of(rows, _champion(session, fleet), newest)

    def get(self, fleet: str, version: int) -> ModelVersion:
        """Return one version; raises `NotFound` if there is none."""
        for candidate in self.versions(fleet):
            if candidate.version == version:
                return candidate
        raise _missing(fleet, version)

    def fleets(self) -> list[str]:
        """Return the fleets that have a model."""
        query = select(VersionRow.fleet).where(VersionRow.deleted.is_(None)).distinct()
        with self._database.session() as session:
            return list(session.scalars(query))

    def champions(self, fleets: Collection[str]) -> dict[str, int]:
        """Return the champion of each of some fleets that has one."""
        latest = (
            select(func.max(PromotionRow.id))
            .where(PromotionRow.fleet.in_(fleets))
            .group_by(PromotionRow.fleet)
        )
        query = select(PromotionRow.fleet, PromotionRow.version).where(
            PromotionRow.id.in_(latest)
        )
        with self._database.session() as session:
            return {row.fleet: row.version for row in session.execute(query)}

    def known_runs(self, fleet: str) -> set[str]:
        """Return the training runs that became versions and are kept."""
        query = select(VersionRow.run).where(
            VersionRow.fleet == fleet, VersionRow.deleted.is_(None)
        )
        with self._database.session() as session:
            return set(session.scalars(query))

    def remove(self, by: Person, fleet: str, version: int) -> ModelVersion:
        """Delete a version; its number, its lineage and its promotions stay.

        Raises
        ------
        NotFound
            There is no such version.
        Conflict
            It is the champion, or the one that a rollback goes back to.
        """
        with self._log.change(by) as change:
            found = self._kept(change.session, fleet, version)
            stack = _champions(change.session, fleet)
            for place, what in ((-1, "the champion"), (-2, "what a rollback goes back to")):
                if stack[place:][:1] == [version]:
                    raise Conflict(
                        f"version {version} of {fleet} is {what}.",
                        remedy="Promote another one first.",
                    )
            (gone,) = versions_of([found], None, None)
            found.deleted = change.at
            told = {"run": found.run, "recipe": gone.lineage.recipe.name}
            change.note("model.deleted", f"model:{fleet}/{version}", told)
            _changed(change.session, fleet)
            return gone

    # ------------------------------------------------------------------ promotions
    def promote(self, fleet: str, version: int, by: Person | str) -> bool:
        """Make a version the champion; False if it is already; raises `NotFound`."""
        with self._log.change(known(by)) as change:
            self._kept(change.session, fleet, version)
            current = _champion(change.session, fleet)
            if current == version:
                return False
            _promoted(change, fleet, version, current, "promote")
        return True

    def roll_back(self, fleet: str, by: Person | str) -> int:
        """Go back to the champion before this one; return its version.

        Raises
        ------
        NotFound
            The fleet has no model.
        Conflict
            There was no champion before.
        """
        with self._log.change(known(by)) as change:
            stack = _champions(change.session, fleet)
            if not stack:
                raise NotFound(
                    f"fleet {fleet} has no model yet.",
                    remedy=f"Train one: `kizashi train {fleet}`.",
                )
            if len(stack) < 2:
                raise Conflict(
                    f"version {stack[-1]} is the first champion of {fleet}: "
                    "there is nothing to roll back to."
                )
            _promoted(change, fleet, stack[-2], stack[-1], "rollback")
            return stack[-2]

    def promotions(self, fleet: str) -> list[Promotion]:
        """Return every change of champion, oldest first."""
        with self._database.session() as session:
            return _promotions(session, fleet)

    def promoted_since(self, seen: Seen, moment: datetime, limit: int) -> list[Promotion]:
        """Return so many changes of champion after a moment, the latest first."""
        query = select(PromotionRow).where(PromotionRow.at > moment.astimezone(UTC))
        if seen.only is not None:
            query = query.where(PromotionRow.fleet.in_(seen.only))
        elif seen.but:
            query = query.where(PromotionRow.fleet.not_in(seen.but))
        query = query.order_by(PromotionRow.id.desc()).limit(limit)
        with self._database.session() as session:
            return [promotion_of(row) for row in session.scalars(query)]

    @staticmethod
    def _kept(session: Session, fleet: str, version: int) -> VersionRow:
        row = session.get(VersionRow, (fleet, version))
        if row is None or row.deleted is not None:
            raise _missing(fleet, version)
        return row

    # ------------------------------------------------------------------ the mirror
    def changes(self, fleet: str) -> int:
        """Return how often a fleet's versions changed."""
        with self._database.session() as session:
            row = session.get(MirrorRow, fleet)
            return 0 if row is None else row.changed

    def shown(self, fleet: str, change: int) -> None:
        """Note down that MLflow shows a fleet as it was after a change."""
        with self._database.session() as session:
            row = session.get(MirrorRow, fleet, with_for_update=True)
            if row is not None and row.shown < change:
                row.shown = change

    def unshown(self) -> list[str]:
        """Return the fleets that changed since MLflow was shown them."""
        query = select(MirrorRow.fleet).where(MirrorRow.shown < MirrorRow.changed)
        with self._database.session() as session:
            return list(session.scalars(query.order_by(MirrorRow.fleet)))

    def show_anew(self) -> None:
        """Note down that MLflow was shown nothing: it is another one."""
        with self._database.session() as session:
            session.execute(update(MirrorRow).values(shown=0))

    # ------------------------------------------------------------------ score batches
    def add_score_batch(self, batch: ScoreBatch) -> None:
        """Record a finished scoring run; the same one again changes nothing."""
        with self._database.session() as session:
            if session.get(ScoreBatchRow, batch.id) is None:
                session.add(
                    ScoreBatchRow(**{**batch.model_dump(), "batches": list(batch.batches)})
                )

    def covered(self, fleet: str, model_version: int) -> set[str]:
        """Return the ingested batches that a model version has judged."""
        query = select(ScoreBatchRow.batches).where(
            ScoreBatchRow.fleet == fleet, ScoreBatchRow.model_version == model_version
        )
        with self._database.session() as session:
            return {batch for batches in session.scalars(query) for batch in batches}

    def score_batch(self, batch: str) -> ScoreBatch | None:
        """Return one scoring run; None if there is none."""
        with self._database.session() as session:
            row = session.get(ScoreBatchRow, batch)
            return None if row is None else score_batch_of(row)

    def judged(self, fleet: str, model_version: int) -> Judged:
        """Return what a version has judged so far."""
        row = ScoreBatchRow
        query = select(
            func.count(),
            func.coalesce(func.sum(row.rows), 0),
            func.coalesce(func.sum(row.judged), 0),
            func.coalesce(func.sum(row.alarms), 0),
            func.max(row.at),
        ).where(row.fleet == fleet, row.model_version == model_version)
        with self._database.session() as session:
            runs, rows, judged, alarms, last = session.execute(query).one()
            return Judged(
                runs=runs,
                rows=int(rows),
                judged=int(judged),
                alarms=int(alarms),
                last=utc(last) if runs else None,
            )

    def score_batches(self, fleet: str) -> list[ScoreBatch]:
        """Return the finished scoring runs of a fleet, oldest first."""
        query = (
            select(ScoreBatchRow).where(ScoreBatchRow.fleet == fleet).order_by(ScoreBatchRow.at)
        )
        with self._database.session() as session:
            return [score_batch_of(row) for row in session.scalars(query)]


# ---------------------------------------------------------------- in a change under way
def _promoted(change: Change, fleet: str, version: int, current: int | None, kind: str) -> None:
    change.session.add(_promotion(fleet, version, current, change.by.name, kind))
    told = {"champion": current}, {"champion": version, "kind": kind}
    change.note("model.promoted", f"fleet:{fleet}", *told)
    _changed(change.session, fleet)


def _promotion(
    fleet: str, version: int, previous: int | None, by: str, kind: str
) -> PromotionRow:
    return PromotionRow(
        fleet=fleet, version=version, previous=previous, by=by, at=now(), kind=kind
    )


def _changed(session: Session, fleet: str) -> None:
    counted = inserting(session, MirrorRow).values(fleet=fleet, changed=1, shown=0)
    session.execute(
        counted.on_conflict_do_update(
            index_elements=[MirrorRow.fleet], set_={"changed": MirrorRow.changed + 1}
        )
    )


def _champion(session: Session, fleet: str) -> int | None:
    return session.scalar(
        select(PromotionRow.version)
        .where(PromotionRow.fleet == fleet)
        .order_by(PromotionRow.id.desc())
        .limit(1)
    )


def _champions(session: Session, fleet: str) -> list[int]:
    gone = select(VersionRow.version).where(
        VersionRow.fleet == fleet, VersionRow.deleted.is_not(None)
    )
    return champions(_promotions(session, fleet), session.scalars(gone))


def _promotions(session: Session, fleet: str) -> list[Promotion]:
    query = select(PromotionRow).where(PromotionRow.fleet == fleet).order_by(PromotionRow.id)
    return [promotion_of(row) for row in session.scalars(query)]


def _missing(fleet: str, version: int) -> NotFound:
    return NotFound(
        f"fleet {fleet} has no model version {version}.",
        remedy=f"`kizashi models {fleet}` lists those it has.",
    )
