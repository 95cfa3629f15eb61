"""How long a machine lasts, and by what that is told, in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from appliance.schemas.history import RemainingLife
from appliance.schemas.manifest import TimeKind
from ui import formats
from ui.text import t

_CYCLES_A_DAY = 24
_SHORT = 2.0
"""Days under which hours are told."""
_HOURS = 24
_When = Callable[[float], str]
"""The day that lies so many days ahead, in words."""


@dataclass(frozen=True)
class LifeWords:
    """What is left, and how sure that is."""

    head: str
    below: str


def life_words(told: RemainingLife, zone: ZoneInfo) -> LifeWords | None:
    """Return what is to be said of a machine's remaining life; nothing without wear."""
    if not told.wear or told.since is None:
        return None
    when = partial(_when, told.since, told.time_kind, zone)
    if told.method == "lives":
        head, below = _by_lives(told, when)
        by = t("asset.life_by_lives", n=formats.number(told.lives))
    else:
        head, below = _by_health(told, when)
        by = t("asset.life_by_health")
    return LifeWords(head, f"{below} {by}")


def no_wear_words(told: RemainingLife) -> str:
    """Return that machines that failed tell of no wear here; empty where they cannot tell."""
    if told.method != "lives" or told.wear:
        return ""
    return t("asset.life_no_wear", n=formats.number(told.lives))


def _by_lives(told: RemainingLife, when: _When) -> tuple[str, str]:
    if not told.days:
        return t("asset.life_due"), t("asset.life_due_text")
    head = t("asset.life_fails", n=_length(told.days, told.time_kind))
    if told.high is not None:
        return head, _between("asset.life_as_others", told, when)
    if not told.low:
        return head, t("asset.life_open")
    low, share = _length(told.low, told.time_kind), formats.share(told.coverage)
    return head, t("asset.life_least_as_others", low=low, share=share)


def _by_health(told: RemainingLife, when: _When) -> tuple[str, str]:
    if told.days is None:
        below = t("asset.life_far_text") if told.low is None else _least(told.low, told)
        return t("asset.life_far"), below
    limit = formats.number(told.limit)
    if told.days == 0:
        return t("asset.life_reached", limit=limit), t("asset.life_reached_text")
    head = t("asset.life", n=_length(told.days, told.time_kind), limit=limit)
    if told.low is None or told.high is None:
        return head, _least(told.low or 0.0, told)
    return head, _between("asset.life_between", told, when)


def _between(key: str, told: RemainingLife, when: _When) -> str:
    """Return the bounds, as lengths and as days."""
    low, middle, high = told.low or 0.0, told.days or 0.0, told.high or 0.0
    first, day, last = (when(n) for n in (low, middle, high))
    return t(
        key,
        low=_length(low, told.time_kind),
        high=_length(high, told.time_kind),
        share=formats.share(told.coverage),
        day=day,
        first=first,
        last=last,
    )


def _least(low: float, told: RemainingLife) -> str:
    return t(
        "asset.life_least",
        low=_length(low, told.time_kind),
        share=formats.share((1 + told.coverage) / 2),
    )


def _length(days: float, kind: TimeKind) -> str:
    if kind == "cycle":
        return t("asset.life_cycles", n=formats.number(days * _CYCLES_A_DAY))
    if days < _SHORT:
        return t("asset.life_hours", n=formats.number(days * _HOURS))
    return t("asset.life_days", n=formats.number(days))


def _when(since: datetime, kind: TimeKind, zone: ZoneInfo, days: float) -> str:
    there = since + timedelta(days=days)
    return formats.moment(there, zone, kind) if kind == "cycle" else formats.day(there, zone)
