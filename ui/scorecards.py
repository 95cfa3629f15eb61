"""What a scorecard says, in words, colours and lines of a table; pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from appliance.schemas.scorecard import Estimate, FleetTotal, LeadTime, Scorecard, ScorecardRow
from ui import formats
from ui.text import t

FEW = 10
"""Cases below which a share says little, and is told to."""
_COLUMNS = (
    "fleet",
    "model_version",
    "month",
    "asset_months",
    "events",
    "true",
    "false",
    "planned",
    "unreviewed",
    "precision",
    "precision_low",
    "precision_high",
    "false_alarms_per_asset_month",
    "false_alarms_low",
    "false_alarms_high",
    "budget",
    "failures",
    "missed",
    "lead_hours_median",
)


def judged(row: ScorecardRow) -> int:
    """Return how many alarms count for the precision."""
    return row.true + row.false


def precision(row: ScorecardRow) -> str:
    """Return how sure the share of right alarms is."""
    if row.precision.value is None:
        return t("scorecard.none_judged")
    words = {"n": formats.number(judged(row)), "range": between(row.precision)}
    if judged(row) < FEW:
        return t("scorecard.of_few", **words)
    return t("scorecard.of_judged", **words)


def between(one: Estimate) -> str:
    """Return the interval that a share may lie in."""
    return f"{formats.share(one.low)}–{formats.share(one.high)}"


def rate(value: float | None) -> str:
    """Return false alarms a machine and month: small ones are not rounded to nothing."""
    return formats.number(value, 1 if value is None or value >= 0.995 or value == 0 else 2)


def rates(one: Estimate) -> str:
    """Return the interval that a rate may lie in."""
    high = "∞" if one.high is None else rate(one.high)
    return f"{rate(one.low)}–{high}"


def lead(told: LeadTime | None) -> str:
    """Return how long before failures the first alarm came."""
    return formats.span(None if told is None else timedelta(hours=told.median))


def lead_range(told: LeadTime | None) -> str:
    """Return between what the middle half of the lead times lie."""
    if told is None:
        return t("scorecard.no_lead")
    if told.lower_quartile == told.upper_quartile:
        return t("scorecard.lead_half")
    low, high = (
        formats.span(timedelta(hours=hours))
        for hours in (told.lower_quartile, told.upper_quartile)
    )
    return t("scorecard.lead_range", low=low, high=high)


def keeps_budget(row: ScorecardRow) -> bool:
    """Whether false alarms are within what was promised."""
    return row.false_alarms.value is None or row.false_alarms.value <= row.budget


def state(card: Scorecard) -> str:
    """Return how a fleet's alarms do, in sentences."""
    row = card.total
    return formats.sentences([_alarms(row), *_budget(row), _failures(row)])


def state_of_all(found: Sequence[FleetTotal]) -> str:
    """Return how the alarms of several fleets do, in sentences."""
    kept = sum(keeps_budget(one.total) for one in found)
    failures = sum(one.total.failures for one in found)
    parts = [t("scorecard.all_budget", kept=formats.number(kept), n=formats.number(len(found)))]
    if failures:
        missed = sum(one.total.missed for one in found)
        words = {"missed": formats.number(missed), "n": formats.number(failures)}
        parts.append(t("scorecard.all_failures", **words))
    if waiting := sum(one.total.unreviewed for one in found):
        parts.append(t("scorecard.all_waiting", n=formats.number(waiting)))
    return formats.sentences(parts)


def _alarms(row: ScorecardRow) -> str:
    if not row.events:
        return t("scorecard.no_alarms")
    if not judged(row):
        return t("scorecard.nobody_said", n=formats.number(row.events))
    words = {"right": formats.number(row.true), "n": formats.number(judged(row))}
    told = t("scorecard.right", **words)
    if judged(row) < FEW:
        low, high = formats.share(row.precision.low), formats.share(row.precision.high)
        told = formats.sentences([told, t("scorecard.few", low=low, high=high)])
    return told


def _budget(row: ScorecardRow) -> list[str]:
    found = row.false_alarms
    if found.value is None or not row.events or not judged(row):
        return []
    words = {"rate": rate(found.value), "budget": rate(row.budget)}
    if found.value <= row.budget:
        sure = found.high is not None and found.high <= row.budget
        return [t("scorecard.within" if sure else "scorecard.within_so_far", **words)]
    sure = found.low > row.budget
    return [t("scorecard.above" if sure else "scorecard.above_so_far", **words)]


def _failures(row: ScorecardRow) -> str:
    if not row.failures:
        return t("scorecard.no_failures")
    if not row.missed:
        words = {"n": formats.number(row.failures), "lead": lead(row.lead_hours)}
        return t("scorecard.all_caught", **words)
    words = {"missed": formats.number(row.missed), "n": formats.number(row.failures)}
    return t("scorecard.some_missed", **words)


def month(name: str, zone: ZoneInfo) -> datetime:
    """Return when a month such as ``2026-10`` begins."""
    year, number = name.split("-")
    return datetime(int(year), int(number), 1, tzinfo=zone)


def table_of(fleet: str, rows: Sequence[ScorecardRow]) -> str:
    """Return figures as a CSV file."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    for row in rows:
        writer.writerow(["" if v is None else v for v in (fleet, *_values(row))])
    return out.getvalue()


def _values(row: ScorecardRow) -> tuple[object, ...]:
    return (
        row.model_version,
        row.month,
        round(row.asset_months, 6),
        row.events,
        row.true,
        row.false,
        row.planned,
        row.unreviewed,
        row.precision.value,
        row.precision.low,
        row.precision.high,
        row.false_alarms.value,
        row.false_alarms.low,
        row.false_alarms.high,
        row.budget,
        row.failures,
        row.missed,
        None if row.lead_hours is None else row.lead_hours.median,
    )
