"""How long a machine lasts if its wear goes on, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from appliance.schemas.history import RemainingLife
from appliance.schemas.manifest import TimeKind
from ui import formats
from ui.text import t

_CYCLES_A_DAY = 24
_SHORT = 2.0
"""Days under which hours are told."""
_HOURS = 24


@dataclass(frozen=True)
class LifeWords:
    """What is left, and how sure that is."""

    head: str
    below: str


def life_words(told: RemainingLife, zone: ZoneInfo) -> LifeWords | None:
    """Return what is to be said of a machine's remaining life; nothing without wear."""
    if told.trend != "falling" or told.since is None:
        return None
    if told.days is None:
        below = t("asset.life_far_text") if told.low is None else _least(told.low, told)
        return LifeWords(t("asset.life_far"), below)
    limit = formats.number(told.limit)
    if told.days == 0:
        return LifeWords(t("asset.life_reached", limit=limit), t("asset.life_reached_text"))
    head = t("asset.life", n=_length(told.days, told.time_kind), limit=limit)
    if told.low is None or told.high is None:
        return LifeWords(head, _least(told.low or 0.0, told))
    first, middle, last = (
        _when(told.since, days, told.time_kind, zone)
        for days in (told.low, told.days, told.high)
    )
    below = t(
        "asset.life_between",
        low=_length(told.low, told.time_kind),
        high=_length(told.high, told.time_kind),
        share=formats.share(told.coverage),
        day=middle,
        first=first,
        last=last,
    )
    return LifeWords(head, below)


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


def _when(since: datetime, days: float, kind: TimeKind, zone: ZoneInfo) -> str:
    there = since + timedelta(days=days)
    return formats.moment(there, zone, kind) if kind == "cycle" else formats.day(there, zone)
