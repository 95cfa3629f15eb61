"""Budgets as rows, and whether one of them is spent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from appliance.access.store.audit import Change
from appliance.core.db import Database, utc
from appliance.core.errors import NotFound
from appliance.schemas.cost import Budget, BudgetDraft
from appliance.telemetry.cost import budget as rules
from appliance.telemetry.store.costs import spent
from appliance.telemetry.store.tables import BudgetRow

SITE = ""
"""Stands for the whole site where a project is named."""


@dataclass(frozen=True)
class Spent:
    """A budget that is spent."""

    project: str | None
    monthly: float
    spent: float
    currency: str


class BudgetStore:
    """What may be paid in a month: by projects, and by the whole site.

    Parameters
    ----------
    zone
        Whose midnight ends a month.
    """

    def __init__(self, database: Database, zone: ZoneInfo) -> None:
        self._database = database
        self._zone = zone

    def list(self, at: datetime) -> list[Budget]:
        """Return the budgets as they stand, the site's first."""
        with self._database.session() as session:
            rows = session.scalars(select(BudgetRow).order_by(BudgetRow.project)).all()
            return [self._budget(session, row, at) for row in rows]

    def put(
        self,
        change: Change,
        project: str | None,
        draft: BudgetDraft,
        currency: str,
    ) -> Budget:
        """Set a budget within a change under way."""
        session = change.session
        row = session.get(BudgetRow, project or SITE)
        before = None if row is None else _told(row)
        if row is None:
            row = BudgetRow(project=project or SITE, revision=0)
            session.add(row)
        row.monthly, row.warn_ratio, row.currency = draft.monthly, draft.warn_ratio, currency
        row.revision += 1
        row.updated, row.updated_by = change.at.astimezone(UTC), change.by.name
        session.flush()
        change.note("budget.set", _object(project), before, _told(row))
        return self._budget(session, row, change.at)

    def remove(self, change: Change, project: str | None) -> None:
        """Remove a budget within a change under way; raises `NotFound` if there is none."""
        row = change.session.get(BudgetRow, project or SITE)
        if row is None:
            whose = "the site" if project is None else f"project {project}"
            raise NotFound(
                f"{whose} has no budget.", remedy="`kizashi budget show` lists them."
            )
        change.note("budget.removed", _object(project), _told(row))
        change.session.delete(row)
        change.session.flush()

    def in_the_way(self, session: Session, project: str | None, at: datetime) -> Spent | None:
        """Return the budget that is spent and that a run of a project falls under, if any."""
        names = {project or SITE, SITE}
        rows = session.scalars(select(BudgetRow).where(BudgetRow.project.in_(names)))
        start, end = rules.bounds(rules.month_of(at, self._zone), self._zone)
        for row in sorted(rows, key=lambda one: one.project, reverse=True):
            whose = row.project or None
            paid = spent(session, whose, start, end, row.currency)
            if rules.state(paid, row.monthly, row.warn_ratio) == "spent":
                return Spent(whose, row.monthly, paid, row.currency)
        return None

    def stands_in_the_way(self, project: str | None, at: datetime) -> Spent | None:
        """Return the same outside of a change."""
        with self._database.session() as session:
            return self.in_the_way(session, project, at)

    def _budget(self, session: Session, row: BudgetRow, at: datetime) -> Budget:
        month = rules.month_of(at, self._zone)
        start, end = rules.bounds(month, self._zone)
        paid = spent(session, row.project or None, start, end, row.currency)
        return Budget(
            project=row.project or None,
            monthly=row.monthly,
            warn_ratio=row.warn_ratio,
            currency=row.currency,
            month=month,
            spent=paid,
            forecast=rules.forecast(paid, start, at, end),
            state=rules.state(paid, row.monthly, row.warn_ratio),
            revision=row.revision,
            updated=utc(row.updated),
            updated_by=row.updated_by,
        )


def _object(project: str | None) -> str:
    return "budget:site" if project is None else f"budget:project:{project}"


def _told(row: BudgetRow) -> dict[str, object]:
    return {
        "monthly": row.monthly,
        "currency": row.currency,
        "warn_ratio": row.warn_ratio,
    }
