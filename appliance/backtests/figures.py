"""From events that a model would have raised to what they would have been worth; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from appliance.events.scorecard import Alarm, Failure, Watched, heralds, make_scorecard, rate
from appliance.schemas.backtest import (
    BacktestEvent,
    BacktestSide,
    BudgetEvent,
    Figures,
    OtherBudget,
    Replay,
    Side,
    Worth,
)
from appliance.schemas.event import Event, EventDraft, Severity
from appliance.schemas.scorecard import Scorecard

_MONTH = timedelta(days=30)
_ONLY = 1
"""Number of the only model version that a scorecard made here knows."""
_SEVERITIES = tuple(Severity)
_VERDICTS = ("true", "planned", "false")
"""Of several events that one would have been, the first of these counts."""


@dataclass(frozen=True)
class Known:
    """What is known today of a fleet's time range.

    Attributes
    ----------
    events
        The fleet's anomalies there.
    failures
        Those that could have been told of.
    around
        Those and the ones before and after the range, as far as an event may precede one.
    """

    fleet: str
    events: Sequence[Event]
    failures: Sequence[Failure]
    around: Sequence[Failure]
    zone: ZoneInfo
    look_back: timedelta


@dataclass(frozen=True)
class Judged:
    """An event with its worth."""

    draft: EventDraft
    worth: Worth
    known: str | None


def judge(drafts: Sequence[EventDraft], known: Known) -> list[Judged]:
    """Say what each event was: by the verdict on it, else by the failure that followed."""
    standing: dict[str, list[Event]] = {}
    for event in known.events:
        standing.setdefault(event.asset, []).append(event)
    own = [_met(draft, standing.get(draft.asset, ())) for draft in drafts]
    verdicts = [_verdict(met) for met in own]
    alarms = [_alarm(draft, None) for draft in drafts]
    signs = heralds(alarms, known.around, known.look_back)
    judged = []
    for number, (draft, met, verdict) in enumerate(zip(drafts, own, verdicts, strict=True)):
        worth = Worth(verdict) if verdict else Worth.UNKNOWN
        if worth is Worth.UNKNOWN and number in signs:
            worth = Worth.FAILURE
        judged.append(Judged(draft, worth, met[0].id if met else None))
    return judged


def _met(draft: EventDraft, events: Iterable[Event]) -> list[Event]:
    found = [event for event in events if overlap(draft, event)]
    return sorted(found, key=lambda event: (_rank(event.verdict), event.start))


def overlap(one: EventDraft, other: EventDraft) -> bool:
    """Whether two events share a moment of the same asset."""
    return one.asset == other.asset and one.start <= other.end and one.end >= other.start


def _rank(verdict: str | None) -> int:
    return _VERDICTS.index(verdict) if verdict in _VERDICTS else len(_VERDICTS)


def _verdict(met: Sequence[Event]) -> str | None:
    return met[0].verdict if met and met[0].verdict in _VERDICTS else None


def _alarm(draft: EventDraft, verdict: str | None) -> Alarm:
    return Alarm(draft.asset, draft.start, draft.end, verdict, frozenset({_ONLY}))


# ---------------------------------------------------------------- one model
def figures(
    drafts: Sequence[EventDraft], replays: Iterable[Replay], budget: float, known: Known
) -> tuple[Figures, Scorecard]:
    """Return what events would have been worth, and the scorecard that says so."""
    judged = judge(drafts, known)
    watch = {
        (_ONLY, one.asset): Watched(
            one.first,
            one.last,
            {m: timedelta(seconds=s) / _MONTH for m, s in one.seconds.items()},
        )
        for one in replays
        if one.first is not None and one.last is not None
    }
    alarms = [
        _alarm(j.draft, {Worth.FAILURE: None, Worth.UNKNOWN: None}.get(j.worth, j.worth.value))
        for j in judged
    ]
    card = make_scorecard(
        known.fleet,
        alarms,
        known.failures,
        watch,
        {_ONLY: budget},
        _ONLY,
        known.zone,
        known.look_back,
    )
    count = [one.worth for one in judged].count
    wrong = sum(one.worth.false_alarm for one in judged)
    total = card.total
    return Figures(
        budget=budget,
        asset_months=total.asset_months,
        events=len(judged),
        right=count(Worth.FAILURE) + count(Worth.TRUE),
        planned=count(Worth.PLANNED),
        false=count(Worth.FALSE),
        unknown=count(Worth.UNKNOWN),
        false_alarms=rate(wrong, total.asset_months),
        failures=total.failures,
        missed=total.missed,
        caught=total.caught,
        lead_hours=total.lead_hours,
    ), card


@dataclass(frozen=True)
class Subject:
    """A model of a backtest, before its events are judged.

    Attributes
    ----------
    learned
        Ends of what it was learned from.
    """

    model_version: int | None
    recipe: str
    budget: float
    learned: tuple[datetime, datetime]
    replays: Sequence[Replay]

    @property
    def drafts(self) -> list[EventDraft]:
        """Its events."""
        return [draft for one in self.replays for draft in one.events]

    @property
    def under_others(self) -> list[tuple[float, list[EventDraft]]]:
        """Its events under other budgets, by rising budget."""
        found: dict[float, list[EventDraft]] = {}
        for one in self.replays:
            for budget, drafts in one.others:
                found.setdefault(budget, []).extend(drafts)
        return sorted(found.items())


def make_side(subject: Subject, known: Known) -> BacktestSide:
    """Return the figures of one model."""
    own, card = figures(subject.drafts, subject.replays, subject.budget, known)
    confirmed = [event for event in known.events if event.verdict == "true"]
    return BacktestSide(
        model_version=subject.model_version,
        recipe=subject.recipe,
        learned_from=subject.learned[0],
        learned_until=subject.learned[1],
        seen=_seen(subject.replays),
        assets=sum(one.learned_from is not None for one in subject.replays),
        unknown=tuple(one.asset for one in subject.replays if one.learned_from is None),
        figures=own,
        confirmed=len(confirmed),
        lost=_lost(confirmed, subject.drafts),
        missed=card.missed,
        budgets=tuple(
            figures(drafts, subject.replays, budget, known)[0]
            for budget, drafts in subject.under_others
        ),
    )


def other_budgets(subject: Subject, known: Known, most: int) -> tuple[OtherBudget, ...]:
    """Return what a model would have shown under other budgets.

    Parameters
    ----------
    most
        Events to return of each; the gravest first.
    """
    return tuple(
        OtherBudget(budget=budget, events=tuple(map(_plain, _gravest(drafts, known)[:most])))
        for budget, drafts in subject.under_others
    )


def _gravest(drafts: Sequence[EventDraft], known: Known) -> list[Judged]:
    return sorted(judge(drafts, known), key=lambda one: _gravity(one.draft))


def _plain(one: Judged) -> BudgetEvent:
    draft = one.draft
    return BudgetEvent(
        asset=draft.asset,
        start=draft.start,
        end=draft.end,
        peak=draft.peak,
        severity=draft.severity,
        worth=one.worth,
    )


def _lost(confirmed: Sequence[Event], drafts: Sequence[EventDraft]) -> tuple[str, ...]:
    by_asset: dict[str, list[EventDraft]] = {}
    for draft in drafts:
        by_asset.setdefault(draft.asset, []).append(draft)
    return tuple(
        event.id
        for event in confirmed
        if not any(overlap(event, draft) for draft in by_asset.get(event.asset, ()))
    )


def _seen(replays: Iterable[Replay]) -> float:
    """Return the share of the time judged that lies within what was learned from."""
    within = whole = 0.0
    for one in replays:
        if not (one.first and one.last and one.learned_from and one.learned_until):
            continue
        judged, length = sum(one.seconds.values()), (one.last - one.first).total_seconds()
        low, high = max(one.first, one.learned_from), min(one.last, one.learned_until)
        whole += judged
        if length > 0:
            within += judged * max((high - low).total_seconds(), 0.0) / length
    return within / whole if whole else 0.0


# ---------------------------------------------------------------- two models
def side_by_side(
    candidate: Sequence[EventDraft],
    champion: Sequence[EventDraft] | None,
    known: Known,
    near: Mapping[str, timedelta],
    most: int,
) -> tuple[tuple[BacktestEvent, ...], dict[Side, int]]:
    """Return the events of two models, each once, and how many both show or only one.

    Parameters
    ----------
    champion
        None where there is nobody to compare with.
    near
        By asset, the distance up to which two events are one.
    most
        Events to return; the gravest first.
    """
    if champion is None:
        told = [(one, Side.CANDIDATE) for one in judge(candidate, known)]
    else:
        ours, theirs = _by_asset(candidate), _by_asset(champion)
        told = [
            (one, Side.BOTH if _near(one.draft, theirs, near) else Side.CANDIDATE)
            for one in judge(candidate, known)
        ]
        told += [
            (one, Side.CHAMPION)
            for one in judge(champion, known)
            if not _near(one.draft, ours, near)
        ]
    counts = {side: sum(own is side for _, own in told) for side in Side}
    events = [
        BacktestEvent(facts=one.draft, side=side, worth=one.worth, known=one.known)
        for one, side in told
    ]
    return tuple(sorted(events, key=lambda one: _gravity(one.facts))[:most]), counts


def _by_asset(drafts: Iterable[EventDraft]) -> dict[str, list[EventDraft]]:
    found: dict[str, list[EventDraft]] = {}
    for draft in drafts:
        found.setdefault(draft.asset, []).append(draft)
    return found


def _near(
    draft: EventDraft,
    others: Mapping[str, Sequence[EventDraft]],
    near: Mapping[str, timedelta],
) -> bool:
    spare = near.get(draft.asset, timedelta())
    return any(
        draft.start <= other.end + spare and draft.end >= other.start - spare
        for other in others.get(draft.asset, ())
    )


def _gravity(facts: EventDraft) -> tuple[int, float, datetime]:
    grave = _SEVERITIES.index(facts.severity)
    return -grave, -facts.peak / max(facts.threshold, 1e-9), facts.start
