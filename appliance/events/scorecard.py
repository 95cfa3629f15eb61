"""From verdicts, failures and time judged to a scorecard; pure.

An event preceded a failure if it is on the same asset, began before the failure and after the
one before it had ended, ended no longer before than the look-back, and was not called false or
planned.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median, quantiles
from zoneinfo import ZoneInfo

from appliance.schemas.scorecard import (
    Estimate,
    LeadTime,
    MissedFailure,
    Scorecard,
    ScorecardRow,
)

LOOK_BACK = timedelta(days=30)
"""Without another word, an event that ended longer before a failure was no sign of it."""
_Z = 1.959963984540054


@dataclass(frozen=True)
class Alarm:
    """An anomaly that was raised.

    Attributes
    ----------
    verdict
        None while nobody said what it was.
    versions
        Model versions that showed it.
    stands
        Whether it is in sight now.
    """

    asset: str
    start: datetime
    end: datetime
    verdict: str | None
    versions: frozenset[int]
    stands: bool = True


@dataclass(frozen=True)
class Failure:
    """A failure that the calendar tells of."""

    asset: str
    start: datetime
    end: datetime
    title: str = ""


@dataclass(frozen=True)
class Watched:
    """What a model version has judged of an asset.

    Attributes
    ----------
    start, end
        First and last reading judged.
    months
        Time judged, in months of 30 days, by calendar month such as ``2026-10``.
    """

    start: datetime
    end: datetime
    months: Mapping[str, float] = field(default_factory=dict)


Watch = Mapping[tuple[int, str], Watched]
"""By model version and asset."""


def wilson(cases: int, among: int) -> Estimate:
    """Return a share with Wilson's interval."""
    if not among:
        return Estimate(value=None, low=0.0, high=1.0)
    share, spare = cases / among, _Z**2 / among
    centre = (share + spare / 2) / (1 + spare)
    half = _Z * math.sqrt(share * (1 - share) / among + spare / (4 * among)) / (1 + spare)
    return Estimate(
        value=share,
        low=min(max(centre - half, 0.0), share),
        high=max(min(centre + half, 1.0), share),
    )


def rate(cases: int, length: float) -> Estimate:
    """Return cases for each unit of length with their score interval."""
    if length <= 0:
        return Estimate(value=None, low=0.0, high=None)
    half = _Z * math.sqrt(cases + _Z**2 / 4)
    middle = cases + _Z**2 / 2
    return Estimate(
        value=cases / length,
        low=max(middle - half, 0.0) / length,
        high=(middle + half) / length,
    )


def make_scorecard(  # noqa: PLR0913 - what was raised, failed, judged and promised
    fleet: str,
    alarms: Sequence[Alarm],
    failures: Iterable[Failure],
    watch: Watch,
    budgets: Mapping[int, float],
    champion: int,
    zone: ZoneInfo,
    look_back: timedelta = LOOK_BACK,
) -> Scorecard:
    """Make a fleet's scorecard.

    Parameters
    ----------
    alarms
        Anomalies that stand or that a version has shown.
    failures
        Of any asset; those outside the time watched do not count.
    watch
        What was judged.
    budgets
        Promised false alarms an asset and month, by model version.
    champion
        Version whose budget is the fleet's.
    zone
        Of the calendar months.
    look_back
        Longest time from the end of an event to a failure that it preceded.
    """
    card = _Card(alarms, sorted(failures, key=lambda f: f.start), watch, zone, look_back)
    months = sorted({month for seen in watch.values() for month in seen.months})
    versions = sorted({version for version, _ in watch})
    return Scorecard(
        fleet=fleet,
        total=card.row(None, None, budgets[champion]),
        versions=tuple(card.row(v, None, budgets[v]) for v in versions),
        months=tuple(card.row(None, month, budgets[champion]) for month in months),
        rows=tuple(
            card.row(v, month, budgets[v])
            for v in versions
            for month in months
            if any(month in seen.months for (own, _), seen in watch.items() if own == v)
        ),
        missed=tuple(
            MissedFailure(asset=failure.asset, start=failure.start, title=failure.title)
            for failure, lead in card.leads(None)
            if lead is None
        ),
        look_back_days=look_back / timedelta(days=1),
    )


class _Card:
    def __init__(
        self,
        alarms: Sequence[Alarm],
        failures: Sequence[Failure],
        watch: Watch,
        zone: ZoneInfo,
        look_back: timedelta,
    ) -> None:
        self._alarms = alarms
        self._failures = failures
        self._watch = watch
        self._zone = zone
        self._look_back = look_back

    def row(self, version: int | None, month: str | None, budget: float) -> ScorecardRow:
        """Return the figures of a version and month."""
        alarms = [a for a in self._of(version) if self._in(a.start, month)]
        count: Callable[[str | None], int] = [alarm.verdict for alarm in alarms].count
        right, wrong, planned = count("true"), count("false"), count("planned")
        months = self._months(version, month)
        leads = [lead for f, lead in self.leads(version) if self._in(f.start, month)]
        missed = leads.count(None)
        return ScorecardRow(
            model_version=version,
            month=month,
            asset_months=months,
            events=len(alarms),
            true=right,
            false=wrong,
            planned=planned,
            unreviewed=len(alarms) - right - wrong - planned,
            precision=wilson(right, right + wrong),
            false_alarms=rate(wrong, months),
            budget=budget,
            failures=len(leads),
            missed=missed,
            caught=wilson(len(leads) - missed, len(leads)),
            lead_hours=_lead_time([lead for lead in leads if lead is not None]),
        )

    def leads(self, version: int | None) -> list[tuple[Failure, timedelta | None]]:
        """Return the failures that a version could have told of, and how early it did."""
        found: list[tuple[Failure, timedelta | None]] = []
        ended: dict[str, datetime] = {}
        alarms = [a for a in self._of(version) if a.verdict not in ("false", "planned")]
        for failure in self._failures:
            after = ended.get(failure.asset)
            ended[failure.asset] = max(failure.end, after or failure.end)
            if not self._watched(failure, version):
                continue
            starts = [
                alarm.start
                for alarm in alarms
                if _precedes(alarm, failure, after, self._look_back)
            ]
            found.append((failure, failure.start - min(starts) if starts else None))
        return found

    def _of(self, version: int | None) -> list[Alarm]:
        if version is None:
            return [alarm for alarm in self._alarms if alarm.stands]
        return [alarm for alarm in self._alarms if version in alarm.versions]

    def _in(self, moment: datetime, month: str | None) -> bool:
        return month is None or f"{moment.astimezone(self._zone):%Y-%m}" == month

    def _watched(self, failure: Failure, version: int | None) -> bool:
        # A machine that fails sends nothing any more: its last reading lies before.
        return any(
            asset == failure.asset
            and version in (None, own)
            and seen.start < failure.start <= seen.end + self._look_back
            for (own, asset), seen in self._watch.items()
        )

    def _months(self, version: int | None, month: str | None) -> float:
        """Return asset-months; of time that several versions judged, the longest counts."""
        longest: dict[tuple[str, str], float] = {}
        for (own, asset), seen in self._watch.items():
            if version not in (None, own):
                continue
            for name, length in seen.months.items():
                if month in (None, name):
                    longest[asset, name] = max(length, longest.get((asset, name), 0.0))
        return math.fsum(longest.values())


def _precedes(
    alarm: Alarm, failure: Failure, after: datetime | None, look_back: timedelta
) -> bool:
    """Whether an alarm is a sign of a failure; `after` the failure before had ended."""
    return (
        alarm.asset == failure.asset
        and alarm.start < failure.start
        and alarm.end >= failure.start - look_back
        and (after is None or alarm.start >= after)
    )


def heralds(
    alarms: Sequence[Alarm], failures: Iterable[Failure], look_back: timedelta = LOOK_BACK
) -> set[int]:
    """Return the places of the alarms that preceded a failure, or began within one."""
    places: dict[str, list[int]] = {}
    for number, alarm in enumerate(alarms):
        places.setdefault(alarm.asset, []).append(number)
    found: set[int] = set()
    ended: dict[str, datetime] = {}
    for failure in sorted(failures, key=lambda one: one.start):
        after = ended.get(failure.asset)
        ended[failure.asset] = max(failure.end, after or failure.end)
        found.update(
            number
            for number in places.get(failure.asset, ())
            if _precedes(alarms[number], failure, after, look_back)
            or failure.start <= alarms[number].start < failure.end
        )
    return found


def _lead_time(leads: Sequence[timedelta]) -> LeadTime | None:
    if not leads:
        return None
    hours = [lead / timedelta(hours=1) for lead in leads]
    # Quartiles need two values; of one, all are that one.
    lower, _, upper = quantiles(hours * 2 if len(hours) == 1 else hours, method="inclusive")
    return LeadTime(median=median(hours), lower_quartile=lower, upper_quartile=upper)
