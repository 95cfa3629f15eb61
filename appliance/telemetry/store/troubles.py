"""Troubles that stand: noted when they begin, and when they are over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, DateTime, Index, String, Text, delete, or_, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from appliance.core.db import Base, Database, inserting, utc
from appliance.core.ids import new_id
from appliance.schemas.platform import Trouble

OVER_AFTER = timedelta(minutes=30)
"""How long a trouble must be away to be over: one that comes and goes is one, not many."""
_STANDING = text("ended IS NULL")
_KEPT = timedelta(days=400)
_WHEN = DateTime(timezone=True)


class TroubleRow(Base):
    """One trouble from its beginning to its end.

    `gone` says since when it was not found any more; a while later it has `ended`.
    """

    __tablename__ = "troubles"
    __table_args__ = (
        Index(
            "ix_troubles_standing",
            "code",
            "subject",
            unique=True,
            sqlite_where=_STANDING,
            postgresql_where=_STANDING,
        ),
        Index("ix_troubles_ended", "ended"),
    )
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    code: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(400))
    severity: Mapped[str] = mapped_column(String(20))
    values: Mapped[dict[str, Any]] = mapped_column(JSON)
    text: Mapped[str] = mapped_column(Text)
    remedy: Mapped[str] = mapped_column(Text)
    began: Mapped[datetime] = mapped_column(_WHEN)
    gone: Mapped[datetime | None] = mapped_column(_WHEN)
    ended: Mapped[datetime | None] = mapped_column(_WHEN)


@dataclass(frozen=True)
class Standing:
    """A trouble and its life.

    Attributes
    ----------
    gone
        Since when it is not found any more, though it may come back.
    ended
        When it was over for good.
    """

    id: str
    trouble: Trouble
    began: datetime
    gone: datetime | None = None
    ended: datetime | None = None


class TroubleStore:
    """The troubles of a site."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, found: Iterable[Trouble], at: datetime) -> None:
        """Note what needs care now; of processes that note the same, each trouble is one."""
        moment = at.astimezone(UTC)
        now = {(one.code, one.subject[:400]): one for one in found}
        with self._database.session() as session:
            query = select(TroubleRow).where(TroubleRow.ended.is_(None))
            known = {(row.code, row.subject): row for row in session.scalars(query)}
            for key, one in now.items():
                if key in known:
                    row = known[key]
                    row.gone = None
                    row.severity, row.values = one.severity, one.values
                    row.text, row.remedy = one.text, one.remedy
                else:
                    _begin(session, one, moment)
            for key, row in known.items():
                if key in now:
                    continue
                row.gone = row.gone or moment
                if moment - utc(row.gone) >= OVER_AFTER:
                    row.ended = utc(row.gone).astimezone(UTC)
            session.execute(delete(TroubleRow).where(TroubleRow.ended < moment - _KEPT))

    def standing(self) -> list[Standing]:
        """Return what needed care when it was last looked."""
        return self._read(TroubleRow.ended.is_(None), TroubleRow.gone.is_(None))

    def since(self, moment: datetime) -> list[Standing]:
        """Return what is not over, and what ended since a moment."""
        ended = TroubleRow.ended >= moment.astimezone(UTC)
        return self._read(or_(TroubleRow.ended.is_(None), ended))

    def get(self, trouble: str) -> Standing | None:
        """Return one; None if it is not known any more."""
        found = self._read(TroubleRow.id == trouble)
        return found[0] if found else None

    def _read(self, *which: Any) -> list[Standing]:
        query = select(TroubleRow).where(*which).order_by(TroubleRow.id)
        with self._database.session() as session:
            return [_standing(row) for row in session.scalars(query)]


def _begin(session: Session, one: Trouble, at: datetime) -> None:
    values = {
        "id": new_id("trb"),
        "code": one.code,
        "subject": one.subject[:400],
        "severity": one.severity,
        "values": one.values,
        "text": one.text,
        "remedy": one.remedy,
        "began": at,
    }
    made = inserting(session, TroubleRow).values(**values)
    session.execute(
        made.on_conflict_do_nothing(index_elements=["code", "subject"], index_where=_STANDING)
    )


def _standing(row: TroubleRow) -> Standing:
    facts = ("code", "severity", "subject", "values", "text", "remedy")
    told = Trouble.model_validate({name: getattr(row, name) for name in facts})
    return Standing(
        row.id,
        told,
        utc(row.began),
        utc(row.gone) if row.gone else None,
        utc(row.ended) if row.ended else None,
    )
