"""Scorecards: what a fleet's alarms were worth, by what people said of them."""

from __future__ import annotations

from pydantic import AwareDatetime

from appliance.schemas.base import FleetName, Schema


class Estimate(Schema):
    """A figure from few cases, with the 95 % interval that it may lie in.

    Attributes
    ----------
    value
        None where there is nothing to count among.
    low, high
        Wilson's interval of a share; the score interval of a rate, which is its counterpart,
        None where it has no end.
    """

    value: float | None
    low: float
    high: float | None


class LeadTime(Schema):
    """How long before failures their first event began, in hours."""

    median: float
    lower_quartile: float
    upper_quartile: float


class ScorecardRow(Schema):
    """Figures of a model version, a month, or both.

    Attributes
    ----------
    model_version, month
        What the row is about; None: all of them.
    asset_months
        Time judged, in months of 30 days, over all assets.
    events
        Anomalies raised.
    true, false, planned, unreviewed
        How many were given which verdict, and how many none yet.
    precision
        Share of the true ones among true and false.
    false_alarms
        False ones an asset and month.
    budget
        False alarms an asset and month that were promised.
    failures, missed
        Failures in the calendar, and those that no event preceded.
    caught
        Share of those that one did.
    lead_hours
        None without a failure that was caught.
    """

    model_version: int | None = None
    month: str | None = None
    asset_months: float
    events: int
    true: int
    false: int
    planned: int
    unreviewed: int
    precision: Estimate
    false_alarms: Estimate
    budget: float
    failures: int
    missed: int
    caught: Estimate
    lead_hours: LeadTime | None = None


class MissedFailure(Schema):
    """A failure that no event preceded."""

    asset: str
    start: AwareDatetime
    title: str


class Scorecard(Schema):
    """What a fleet's alarms were worth.

    Attributes
    ----------
    total
        Of the events as they stand, whichever version raised them.
    versions, months, rows
        By model version, by month, and by both.
    missed
        Failures that no event of the fleet preceded.
    look_back_days
        An event that ended longer before a failure was no sign of it.
    """

    fleet: FleetName
    total: ScorecardRow
    versions: tuple[ScorecardRow, ...] = ()
    months: tuple[ScorecardRow, ...] = ()
    rows: tuple[ScorecardRow, ...] = ()
    missed: tuple[MissedFailure, ...] = ()
    look_back_days: float


class FleetTotal(Schema):
    """What the alarms of one fleet of several were worth.

    Attributes
    ----------
    missed
        Failures that no event of the fleet preceded.
    """

    fleet: FleetName
    total: ScorecardRow
    missed: int
