"""Budgets of a month: how much of one is spent, and what its end will bring."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

State = Literal["within", "warned", "spent"]
_SURE = timedelta(days=1)
"""Before so much of a month is over, what it cost tells little of the rest."""


def month_of(at: datetime, zone: ZoneInfo) -> date:
    """Return the first day of a moment's month, by the site's clock."""
    return at.astimezone(zone).date().replace(day=1)


def bounds(month: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the half-open time of a month, by the site's clock."""
    following = (month.replace(day=1) + timedelta(days=32)).replace(day=1)
    first, last = (datetime.combine(day, time(), zone) for day in (month, following))
    return first.astimezone(UTC), last.astimezone(UTC)


def state(spent: float, monthly: float, warn_ratio: float) -> State:
    """Return how a budget stands."""
    if spent >= monthly:
        return "spent"
    return "warned" if spent >= warn_ratio * monthly else "within"


def forecast(
    spent: float, start: datetime, at: datetime, end: datetime, since: datetime | None = None
) -> float:
    """Return what will be spent at a month's end if it goes on as since its beginning.

    Parameters
    ----------
    since
        When spending was first looked at, if that was after the month began.
    """
    seen = max(at - max(start, since or start), _SURE)
    left = max(end - at, timedelta())
    return spent + spent * (left / seen)
