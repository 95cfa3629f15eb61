"""Backtests: what a model would have told of a time range, beside the champion."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import AwareDatetime, Field

from appliance.schemas.base import FleetName, Schema
from appliance.schemas.event import Event, EventDraft, Severity
from appliance.schemas.scorecard import Estimate, LeadTime, MissedFailure


class Replay(Schema):
    """One asset over a time range, as a model would have judged it.

    Attributes
    ----------
    first, last
        First and last reading judged; None where none could be.
    seconds
        Time judged by calendar month such as ``2026-10``.
    learned_from, learned_until
        Ends of what the asset's model was learned from; None for one that has none.
    others
        Events under other budgets; empty where the model keeps no levels.
    """

    asset: str
    events: tuple[EventDraft, ...] = ()
    first: datetime | None = None
    last: datetime | None = None
    seconds: dict[str, float] = Field(default_factory=dict)
    learned_from: datetime | None = None
    learned_until: datetime | None = None
    others: tuple[tuple[float, tuple[EventDraft, ...]], ...] = ()


class Worth(StrEnum):
    """What an event of a backtest was, by what is known of the time since."""

    FAILURE = "failure"
    """It preceded a failure in the calendar, or fell into one."""
    TRUE = "true"
    """People called the event that stands there true."""
    PLANNED = "planned"
    FALSE = "false"
    UNKNOWN = "unknown"
    """Nothing is known of it; it counts as a false alarm."""

    @property
    def false_alarm(self) -> bool:
        """Whether it counts as a false alarm."""
        return self in {Worth.FALSE, Worth.UNKNOWN}


class Side(StrEnum):
    """Who showed an event of a backtest."""

    BOTH = "both"
    CANDIDATE = "candidate"
    CHAMPION = "champion"


class BacktestEvent(Schema):
    """An event of a backtest.

    Attributes
    ----------
    facts
        As the candidate shows it, or the champion where only that does.
    known
        The fleet's own event in the same place.
    """

    facts: EventDraft
    side: Side
    worth: Worth
    known: str | None = None


class Figures(Schema):
    """What a model would have been worth under a budget.

    Attributes
    ----------
    budget
        False alarms promised for each asset and month of 30 days.
    asset_months
        Time judged, over all assets.
    events
        Anomalies, and among them those that were signs of failures or called true, and those
        of planned work; the others count as false alarms.
    false_alarms
        For each asset and month: at most so many, as what nobody knows of counts as one.
    failures, missed
        Failures in the calendar, and those that no event preceded.
    caught
        Share of those that one did.
    lead_hours
        From the beginning of the first event to the failure.
    """

    budget: float
    asset_months: float
    events: int
    right: int
    planned: int
    false: int
    unknown: int
    false_alarms: Estimate
    failures: int
    missed: int
    caught: Estimate
    lead_hours: LeadTime | None = None


class BacktestSide(Schema):
    """One model of a backtest.

    Attributes
    ----------
    model_version
        None for a recipe that was learned for the backtest only.
    learned_from, learned_until
        Ends of what it was learned from.
    seen
        Share of the time judged that it had learned from: figures of time seen before
        flatter a model.
    assets
        Machines that it judged; `unknown` those with readings that it does not know.
    confirmed, lost
        Events that people called true, and those of them that it does not show.
    missed
        Failures that it would not have told of.
    budgets
        What other budgets would have meant; empty where the model keeps no levels.
    """

    model_version: int | None
    recipe: str
    learned_from: AwareDatetime
    learned_until: AwareDatetime
    seen: float
    assets: int
    unknown: tuple[str, ...] = ()
    figures: Figures
    confirmed: int = 0
    lost: tuple[str, ...] = ()
    missed: tuple[MissedFailure, ...] = ()
    budgets: tuple[Figures, ...] = ()


class BudgetEvent(Schema):
    """An event that the candidate would show under another budget."""

    asset: str
    start: AwareDatetime
    end: AwareDatetime
    peak: float
    severity: Severity
    worth: Worth


class OtherBudget(Schema):
    """What the candidate would show under another budget.

    Attributes
    ----------
    budget
        False alarms promised for each asset and month.
    events
        At most so many as are worth looking at, the gravest first.
    """

    budget: float
    events: tuple[BudgetEvent, ...]


class Backtest(Schema):
    """What a model would have told of a time range.

    Attributes
    ----------
    start, end
        Half-open.
    candidate, champion
        The model asked about, and the champion; None where that is the one asked about.
    events
        Those of both, the gravest first; at most so many as are worth looking at.
    sides
        How many events both show, and only one.
    others
        The candidate's events under other budgets; its figures under them are among
        `candidate`'s.
    look_back_days
        An event that ended longer before a failure was no sign of it.
    """

    id: str
    fleet: FleetName
    start: AwareDatetime
    end: AwareDatetime
    created: AwareDatetime
    by: str
    candidate: BacktestSide
    champion: BacktestSide | None = None
    events: tuple[BacktestEvent, ...] = ()
    sides: dict[Side, int] = Field(default_factory=dict)
    others: tuple[OtherBudget, ...] = ()
    look_back_days: float


class VerdictPreview(Schema):
    """What verdicts would do to a fleet's events if they fed the next training.

    Attributes
    ----------
    events
        Those that the verdict is for; repeats that nobody has answered among them.
    verdict
        What they would be called.
    rows
        Readings that training would learn from beside those that it does now, or fewer.
    removed
        Events that would not be raised any more.
    lost
        Those among them that people called true or that preceded a failure.
    kept
        Events that would still be raised, those that the verdict is for among them.
    gone
        Events that the next training would no longer raise in any case.
    added
        Events that would be raised beside them.
    failures
        Why an asset could not be learned: it would keep the model that it has.
    """

    fleet: FleetName
    events: tuple[str, ...]
    verdict: str
    rows: int = 0
    removed: tuple[Event, ...] = ()
    lost: tuple[Event, ...] = ()
    kept: tuple[Event, ...] = ()
    gone: tuple[Event, ...] = ()
    added: tuple[EventDraft, ...] = ()
    failures: dict[str, str] = Field(default_factory=dict)
