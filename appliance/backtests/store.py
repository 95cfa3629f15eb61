"""Tables of backtests and approvals."""

from __future__ import annotations

import builtins
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, ForeignKey, Index, Integer, String, Text, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from appliance.access.person import Person, known
from appliance.access.seen import EVERYTHING, Seen
from appliance.access.store.audit import append
from appliance.core.clock import now
from appliance.core.db import Base, Database, utc
from appliance.core.errors import Conflict, NotFound
from appliance.core.ids import new_id
from appliance.schemas.approval import Approval, ApprovalDraft, ApprovalState
from appliance.schemas.backtest import Backtest


class BacktestRow(Base):
    """One backtest; `facts` holds all of it but its events.

    `events` holds those and the ones under other budgets; of old ones their list alone.
    """

    __tablename__ = "backtests"
    __table_args__ = (Index("ix_backtests_fleet", "fleet", "id"),)
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    fleet: Mapped[str] = mapped_column(String(63))
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    events: Mapped[dict[str, Any] | list[dict[str, Any]]] = mapped_column(JSON)


class ApprovalRow(Base):
    """One challenger that somebody is asked about."""

    __tablename__ = "approvals"
    __table_args__ = (Index("ix_approvals_fleet", "fleet", "state"),)
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    fleet: Mapped[str] = mapped_column(String(63))
    version: Mapped[int] = mapped_column(Integer)
    champion: Mapped[int] = mapped_column(Integer)
    backtest: Mapped[str] = mapped_column(String(40), ForeignKey("backtests.id"))
    checks: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(20))
    asked: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    by: Mapped[str] = mapped_column(String(200))
    answered: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    answered_by: Mapped[str | None] = mapped_column(String(200))
    note: Mapped[str] = mapped_column(Text)


class BacktestStore:
    """The backtests of a site."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, backtest: Backtest) -> Backtest:
        """Keep a backtest; keeping it again changes nothing."""
        facts = backtest.model_dump(mode="json", exclude={"events", "others"})
        events = backtest.model_dump(mode="json", include={"events", "others"})
        with self._database.session() as session:
            if session.get(BacktestRow, backtest.id) is None:
                session.add(
                    BacktestRow(
                        id=backtest.id,
                        fleet=backtest.fleet,
                        created=backtest.created.astimezone(UTC),
                        facts=facts,
                        events=events,
                    )
                )
        return backtest

    def get(self, backtest: str) -> Backtest:
        """Return a backtest with its events; raises `NotFound` if there is none."""
        with self._database.session() as session:
            row = session.get(BacktestRow, backtest)
            if row is None:
                raise NotFound(f"there is no backtest {backtest}.")
            kept = row.events
            events = kept if isinstance(kept, dict) else {"events": kept}
            return Backtest.model_validate({**row.facts, **events})

    def list(
        self, fleet: str, *, before: str | None = None, limit: int | None = None
    ) -> builtins.list[Backtest]:
        """Return the backtests of a fleet without their events, the latest first.

        Parameters
        ----------
        before
            Only those made before this one.
        """
        query = select(BacktestRow.facts).where(BacktestRow.fleet == fleet)
        if before is not None:
            query = query.where(BacktestRow.id < before)
        with self._database.session() as session:
            found = session.scalars(query.order_by(BacktestRow.id.desc()).limit(limit))
            return [Backtest.model_validate(facts) for facts in found]


class ApprovalStore:
    """Challengers that wait for somebody's word, and what became of them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ask(self, draft: ApprovalDraft) -> Approval:
        """Ask about a challenger; one of the fleet that still waited is superseded.

        Asking again about the same backtest changes nothing.
        """
        waiting = (
            update(ApprovalRow)
            .where(
                ApprovalRow.fleet == draft.fleet,
                ApprovalRow.state == ApprovalState.WAITING.value,
                ApprovalRow.backtest != draft.backtest,
            )
            .values(state=ApprovalState.SUPERSEDED.value, answered=now())
        )
        same = select(ApprovalRow).where(ApprovalRow.backtest == draft.backtest)
        with self._database.session() as session:
            session.execute(waiting)
            row = session.scalar(same)
            if row is None:
                row = ApprovalRow(
                    **draft.model_dump(mode="json"),
                    id=new_id("apr"),
                    state=ApprovalState.WAITING.value,
                    asked=now(),
                    note="",
                )
                session.add(row)
            return _approval(row)

    def answer(
        self, approval: str, by: Person | str, *, approve: bool, note: str = ""
    ) -> Approval:
        """Write down somebody's word, also in the audit log; the same again changes nothing.

        Raises
        ------
        NotFound
            There is no such approval.
        Conflict
            It was answered otherwise, or a later challenger took its place.
        """
        state = ApprovalState.APPROVED if approve else ApprovalState.REFUSED
        who, at = known(by), now()
        claim = (
            update(ApprovalRow)
            .where(ApprovalRow.id == approval, ApprovalRow.state == ApprovalState.WAITING.value)
            .values(state=state.value, answered=at, answered_by=who.name, note=note)
            .execution_options(synchronize_session=False)
        )
        with self._database.session() as session:
            claimed = session.scalars(claim.returning(ApprovalRow.id)).all()
            row = _require(session, approval)
            if row.state != state.value:
                told = f" by {row.answered_by}" if row.answered_by else ""
                raise Conflict(
                    f"approval {approval} was {row.state}{told} already.",
                    remedy=f"`kizashi approvals {row.fleet}` lists what waits.",
                )
            if claimed:
                facts = {"fleet": row.fleet, "version": row.version, "note": note}
                before = {"state": ApprovalState.WAITING.value}
                after = {"state": state.value, **facts}
                append(
                    session, who, at, "approval.answered", f"approval:{row.id}", before, after
                )
            return _approval(row)

    def get(self, approval: str) -> Approval:
        """Return one approval; raises `NotFound` if there is none."""
        with self._database.session() as session:
            return _approval(_require(session, approval))

    def list(
        self,
        fleet: str | None = None,
        *,
        states: Collection[ApprovalState] = (ApprovalState.WAITING,),
        seen: Seen = EVERYTHING,
        before: str | None = None,
        limit: int | None = None,
    ) -> builtins.list[Approval]:
        """Return approvals of a fleet or of all, the latest first.

        Parameters
        ----------
        states
            Those that wait if not given.
        seen
            Fleets that whoever asks may see.
        before
            Only those asked before this one.
        """
        query = select(ApprovalRow).where(
            ApprovalRow.state.in_([state.value for state in states]),
            ApprovalRow.fleet.not_in(seen.but),
        )
        if fleet is not None:
            query = query.where(ApprovalRow.fleet == fleet)
        if seen.only is not None:
            query = query.where(ApprovalRow.fleet.in_(seen.only))
        if before is not None:
            query = query.where(ApprovalRow.id < before)
        with self._database.session() as session:
            found = session.scalars(query.order_by(ApprovalRow.id.desc()).limit(limit))
            return [_approval(row) for row in found]


def _require(session: Session, approval: str) -> ApprovalRow:
    row = session.get(ApprovalRow, approval)
    if row is None:
        raise NotFound(f"there is no approval {approval}.")
    return row


def _approval(row: ApprovalRow) -> Approval:
    return Approval(
        id=row.id,
        fleet=row.fleet,
        version=row.version,
        champion=row.champion,
        backtest=row.backtest,
        checks=row.checks,  # type: ignore[arg-type]
        by=row.by,
        state=ApprovalState(row.state),
        asked=utc(row.asked),
        answered=None if row.answered is None else utc(row.answered),
        answered_by=row.answered_by,
        note=row.note,
    )
