"""A comparison as a slider shows it: figures and machines under each budget; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from appliance.schemas.approval import Check
from appliance.schemas.backtest import Backtest, BacktestSide, Figures, Side, Worth
from appliance.schemas.event import Severity
from appliance.schemas.scorecard import Estimate
from ui import formats, theme
from ui.components.budgets import Level, Mark, Measure
from ui.components.timeline import Span, Track
from ui.learning.deeds import place
from ui.text import t

FLATTERS = 0.01
"""Share of time learned from, beyond which figures are better than they will be."""
_MOST_TRACKS = 40


@dataclass(frozen=True)
class _Shown:
    """One event on the time line."""

    asset: str
    start: datetime
    end: datetime
    severity: Severity
    worth: Worth
    ours: bool


def colours() -> dict[Worth, str]:
    """Return the colours of what events were."""
    told, hues = theme.tokens(), theme.CATEGORIES
    return {
        Worth.FAILURE: hues[2],
        Worth.TRUE: hues[2],
        Worth.PLANNED: hues[5],
        Worth.FALSE: hues[1],
        Worth.UNKNOWN: told["quiet"],
    }


def marks(found: Backtest) -> list[Mark]:
    """Return what the colours stand for, those that occur and the other model's outline."""
    shown = [*_own(found), *_theirs(found)]
    shown += [one for events in _others(found).values() for one in events]
    seen = {colours()[one.worth]: one.worth for one in shown}
    kept = [Mark(t(f"backtest.worth_{worth.value}"), colour) for colour, worth in seen.items()]
    if found.champion is not None:
        kept.append(Mark(t("backtest.outline"), theme.tokens()["muted"], hollow=True))
    return kept


# ---------------------------------------------------------------- levels
def levels(found: Backtest) -> list[Level]:
    """Return the candidate's own budget and all that the comparison kept, rising."""
    theirs = _theirs(found)
    by_budget = _others(found)
    own = found.candidate.figures.budget
    by_budget[own] = _own(found)
    names = _names([*theirs, *(one for events in by_budget.values() for one in events)])
    return [
        Level(
            budget,
            f"{budget:g}",
            budget == own,
            _tracks(found, names, [*by_budget[budget], *theirs]),
        )
        for budget in sorted(by_budget)
    ]


def _own(found: Backtest) -> list[_Shown]:
    return [
        _Shown(
            one.facts.asset,
            one.facts.start,
            one.facts.end,
            one.facts.severity,
            one.worth,
            ours=True,
        )
        for one in found.events
        if one.side is not Side.CHAMPION
    ]


def _theirs(found: Backtest) -> list[_Shown]:
    """Return the champion's events; of those that both show the candidate's facts are known."""
    return [
        _Shown(
            one.facts.asset,
            one.facts.start,
            one.facts.end,
            one.facts.severity,
            one.worth,
            ours=False,
        )
        for one in found.events
        if one.side is not Side.CANDIDATE and found.champion is not None
    ]


def _others(found: Backtest) -> dict[float, list[_Shown]]:
    return {
        other.budget: [
            _Shown(one.asset, one.start, one.end, one.severity, one.worth, ours=True)
            for one in other.events
        ]
        for other in found.others
    }


def _names(shown: Iterable[_Shown]) -> list[str]:
    """Return the machines that have events, those with most first."""
    counts: dict[str, int] = {}
    for one in shown:
        counts[one.asset] = counts.get(one.asset, 0) + 1
    ordered = sorted(counts, key=lambda name: (-counts[name], name))
    return sorted(ordered[:_MOST_TRACKS])


def _tracks(found: Backtest, names: Sequence[str], shown: Sequence[_Shown]) -> list[Track]:
    spans: dict[str, list[Span]] = {name: [] for name in names}
    for one in shown:
        if one.asset in spans:
            spans[one.asset].append(_span(found.fleet, one))
    return [Track(name, spans[name]) for name in names]


def _span(fleet: str, one: _Shown) -> Span:
    who = t("backtest.side_candidate") if one.ours else t("backtest.side_champion")
    severity = t(f"severity.{one.severity.value}")
    return Span(
        one.start,
        one.end,
        colours()[one.worth],
        f"{who} · {severity} · {t(f'backtest.worth_{one.worth.value}')}",
        address=place(fleet, one.asset, one.start, one.end),
        hollow=not one.ours,
    )


# ---------------------------------------------------------------- figures
def measures(found: Backtest) -> list[Measure]:
    """Return the figures of both models: the candidate's under each budget."""
    by_budget = {one.budget: one for one in found.candidate.budgets}
    by_budget[found.candidate.figures.budget] = found.candidate.figures
    kept = {one.budget for one in found.others} | {found.candidate.figures.budget}
    ours = [by_budget[budget] for budget in sorted(kept)]
    theirs = None if found.champion is None else found.champion.figures
    shown: list[tuple[str, Callable[[Figures], str]]] = [
        ("rate", lambda one: _rate(one.false_alarms)),
        ("events", lambda one: formats.number(one.events)),
        ("right", lambda one: formats.number(one.right)),
        ("wrong", lambda one: formats.number(one.false + one.unknown)),
        ("caught", _caught),
        ("lead", _lead),
    ]
    return [
        Measure(
            t(f"backtest.measure_{name}"),
            [say(one) for one in ours],
            "" if theirs is None else say(theirs),
            t(f"backtest.measure_{name}_help"),
        )
        for name, say in shown
    ]


def _rate(rate: Estimate) -> str:
    return formats.number(rate.value, 2)


def _caught(one: Figures) -> str:
    if not one.failures:
        return t("backtest.no_failures")
    caught = formats.number(one.failures - one.missed)
    return t("backtest.caught", n=caught, of=formats.number(one.failures))


def _lead(one: Figures) -> str:
    if one.lead_hours is None:
        return "–"
    return formats.span(timedelta(hours=one.lead_hours.median))


# ---------------------------------------------------------------- conditions
def why(check: Check, found: Backtest) -> str:
    """Return what a condition for promotion rests on, in the reader's language.

    Empty for one that these pages do not know.
    """
    ours, theirs = found.candidate, found.champion
    if theirs is None:
        return ""
    mine, other = ours.figures, theirs.figures
    told: dict[str, Callable[[], str]] = {
        "unseen time": lambda: t(
            "backtest.why_unseen_time",
            months=formats.number(mine.asset_months, 1),
            share=formats.share(ours.seen),
        ),
        "machines": lambda: t(
            "backtest.why_machines", n=formats.number(ours.assets), lost=len(ours.unknown)
        ),
        "failures": lambda: t(
            "backtest.why_failures", ours=_caught(mine), theirs=_caught(other)
        ),
        "confirmed events": lambda: t(
            "backtest.why_confirmed", n=ours.confirmed - len(ours.lost), of=ours.confirmed
        ),
        "false alarms": lambda: t(
            "backtest.why_false_alarms",
            ours=_rate(mine.false_alarms),
            theirs=_rate(other.false_alarms),
        ),
        "budget": lambda: t(
            "backtest.why_budget", ours=_rate(mine.false_alarms), budget=f"{mine.budget:g}"
        ),
        "worth it": lambda: _worth_it(check, ours, theirs),
    }
    say = told.get(check.name)
    return "" if say is None else say()


def _worth_it(check: Check, ours: BacktestSide, theirs: BacktestSide) -> str:
    if ours.learned_until > theirs.learned_until:
        return t("backtest.why_later")
    return t("backtest.why_better") if check.passed else t("backtest.why_nothing")
