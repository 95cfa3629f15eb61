"""Numbers, times and spans as people at the site read them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from typing import Literal
from zoneinfo import ZoneInfo

from appliance.schemas.cost import money as written
from ui.text import language, t

_SIGNS = re.compile(r"[\\`*_{}\[\]()<>#+\-.!|~$]")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_FIRST_CYCLE = datetime(2000, 1, 1, tzinfo=UTC)
"""Cycle n is kept as this moment plus n hours."""
_LONG = 14 * _DAY
"""From here on hours say nothing."""


def plain(text: str) -> str:
    """Return a text from the data for a place that reads Markdown: nothing in it is a sign."""
    return _SIGNS.sub(r"\\\g<0>", text)


def number(value: float | None, digits: int = 0) -> str:
    """Return a number with its thousands apart; a dash for none."""
    return "–" if value is None else f"{value:,.{digits}f}"


def share(value: float | None, digits: int = 0) -> str:
    """Return a share of one as a percentage; a dash for none."""
    return "–" if value is None else f"{value * 100:.{digits}f}%"


def at(moment: datetime | None, zone: ZoneInfo) -> str:
    """Return a time in the site's zone; a dash for none."""
    if moment is None:
        return "–"
    there = moment.astimezone(zone)
    if language() == "ja":
        return f"{there.year}年{there.month}月{there.day}日 {there:%H:%M}"
    return f"{there.day} {there:%b %Y, %H:%M}"


def moment(at_: datetime | None, zone: ZoneInfo, kind: Literal["time", "cycle"]) -> str:
    """Return a time, or a cycle where times are counters; a dash for none."""
    if at_ is None or kind == "time":
        return at(at_, zone)
    cycles = (at_ - _FIRST_CYCLE).total_seconds() / _HOUR
    return t("formats.cycle", n=number(cycles))


def day(moment: datetime | None, zone: ZoneInfo) -> str:
    """Return a day in the site's zone; a dash for none."""
    return "–" if moment is None else calendar_day(moment.astimezone(zone))


def calendar_day(there: date) -> str:
    """Return a date of the calendar."""
    if language() == "ja":
        return f"{there.year}年{there.month}月{there.day}日"
    return f"{there.day} {there:%b %Y}"


def span(length: timedelta | None) -> str:
    """Return a span in the two largest units that it has, as an event's words do."""
    if length is None:
        return "–"
    seconds = int(length.total_seconds())
    if seconds < _MINUTE:
        return t("formats.seconds", n=seconds)
    if seconds >= _LONG:
        return t("formats.days", n=number(seconds // _DAY))
    counts = {
        "days": seconds // _DAY,
        "hours": seconds % _DAY // _HOUR,
        "minutes": seconds % _HOUR // _MINUTE,
    }
    parts = [t(f"formats.{unit}", n=count) for unit, count in counts.items() if count]
    return reduce(lambda one, two: t("formats.units", one=one, two=two), parts[:2])


def ago(moment: datetime | None, now: datetime) -> str:
    """Return how long ago something was; a dash for never."""
    return "–" if moment is None else t("formats.ago", span=span(now - moment))


def who(by: str) -> str:
    """Return who did something: a person, a schedule or a source."""
    for kind in ("schedule", "source"):
        if by.startswith(f"{kind}:"):
            return t(f"formats.{kind}", name=by.removeprefix(f"{kind}:"))
    return by.removeprefix("shell:") or "–"


def money(amount: float, currency: str) -> str:
    """Return an amount: yen whole from 10 on, two figures below."""
    return written(amount, currency)


def size(octets: float) -> str:
    """Return a number of bytes."""
    for unit in ("B", "kB", "MB", "GB"):
        if octets < 1000:
            return f"{octets:.0f} {unit}" if unit == "B" else f"{octets:.1f} {unit}"
        octets /= 1000
    return f"{octets:.1f} TB"


def sentences(parts: Sequence[str]) -> str:
    """Return sentences one after the other, as the language sets them apart."""
    return reduce(lambda one, two: t("formats.sentences", one=one, two=two), parts)
