"""When a challenger is better than the champion: the rule by which one is promoted; pure.

All conditions must hold, each on the same recent time, which the challenger has not learned
from.  As good is good enough for a model that has learned from later readings; one that has
not must be better for certain.
"""

from __future__ import annotations

from appliance.schemas.approval import Check
from appliance.schemas.backtest import Backtest, BacktestSide, Figures

SIGNIFICANT = 0.05
"""Chance, if both are equally good, of a difference that counts as certain."""
_UNSEEN = 0.01


def checks(backtest: Backtest) -> tuple[Check, ...]:
    """Return the conditions and whether they hold; a backtest without a champion has none."""
    ours, theirs = backtest.candidate, backtest.champion
    if theirs is None:
        return ()
    return (
        _judged(ours),
        _machines(ours, theirs),
        _failures(ours.figures, theirs.figures),
        _confirmed(ours, theirs),
        _false_alarms(ours.figures, theirs.figures),
        _budget(ours.figures, theirs.figures),
        _worth_it(ours, theirs),
    )


def is_better(found: tuple[Check, ...]) -> bool:
    """Whether all conditions hold."""
    return all(one.passed for one in found)


def _judged(ours: BacktestSide) -> Check:
    months = ours.figures.asset_months
    return Check(
        name="unseen time",
        passed=months > 0 and ours.seen <= _UNSEEN,
        text=f"{months:.2f} machine-months judged, {ours.seen:.0%} of them learned from",
    )


def _machines(ours: BacktestSide, theirs: BacktestSide) -> Check:
    dropped = sorted(set(ours.unknown) - set(theirs.unknown))
    shown = ", ".join(dropped[:8]) + (" …" if len(dropped) > 8 else "")
    return Check(
        name="machines",
        passed=not dropped,
        text=f"no model for {shown}" if dropped else f"all {ours.assets} have a model",
    )


def _failures(ours: Figures, theirs: Figures) -> Check:
    caught, before = ours.failures - ours.missed, theirs.failures - theirs.missed
    return Check(
        name="failures",
        passed=caught >= before,
        text=f"{caught} of {ours.failures} preceded by an event, {before} by the champion's",
    )


def _confirmed(ours: BacktestSide, theirs: BacktestSide) -> Check:
    lost = sorted(set(ours.lost) - set(theirs.lost))
    return Check(
        name="confirmed events",
        passed=not lost,
        text=f"no longer shown: {', '.join(lost[:8])}"
        if lost
        else f"{ours.confirmed - len(ours.lost)} of {ours.confirmed} shown",
    )


def _false_alarms(ours: Figures, theirs: Figures) -> Check:
    chance = _chance_of_more(ours, theirs)
    return Check(
        name="false alarms",
        passed=chance >= SIGNIFICANT,
        text=f"{_rate(ours)} a machine and month, the champion {_rate(theirs)}",
    )


def _budget(ours: Figures, theirs: Figures) -> Check:
    within = ours.false_alarms.low <= ours.budget
    no_more = (ours.false_alarms.value or 0.0) <= (theirs.false_alarms.value or 0.0)
    return Check(
        name="budget",
        passed=within or no_more,
        text=f"{_rate(ours)} false alarms a machine and month, {ours.budget:g} promised",
    )


def _worth_it(ours: BacktestSide, theirs: BacktestSide) -> Check:
    later = ours.learned_until > theirs.learned_until
    mine, other = ours.figures, theirs.figures
    catches = mine.failures - mine.missed > other.failures - other.missed
    fewer = _chance_of_more(other, mine) < SIGNIFICANT
    why = (
        (later, "it has learned from later readings"),
        (catches, "it catches more failures"),
        (fewer, "it raises fewer false alarms for certain"),
    )
    said = [text for holds, text in why if holds]
    return Check(
        name="worth it",
        passed=bool(said),
        text="; ".join(said) or "nothing is better: it has not learned from later readings",
    )


def _rate(figures: Figures) -> str:
    value = figures.false_alarms.value
    return "none seen" if value is None else f"{value:.2f}"


def _chance_of_more(one: Figures, other: Figures) -> float:
    """Return the chance of so many false alarms in `one` if both had the same rate."""
    here, there = one.false + one.unknown, other.false + other.unknown
    time = one.asset_months + other.asset_months
    if not here or time <= 0:
        return 1.0
    from scipy.special import bdtrc  # a process that only shows decisions has no use for it

    share = one.asset_months / time
    return float(bdtrc(here - 1, here + there, share))
