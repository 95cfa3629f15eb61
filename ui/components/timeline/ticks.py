"""Moments at which a time axis is marked: whole hours, days or months of the site."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

_MOST = 12
_STEPS = tuple(
    timedelta(minutes=minutes)
    for minutes in (1, 5, 15, 30, 60, 180, 360, 720, 1440, 2880, 10080)
)
_DAY = timedelta(days=1)
_MONTHS = (1, 3, 6, 12, 60)


class Tick(NamedTuple):
    """A moment and what is written at it."""

    at: datetime
    text: str


def ticks(start: datetime, end: datetime, zone: ZoneInfo, language: str) -> list[Tick]:
    """Return the marks of an axis, at most a dozen.

    A mark at midnight tells the day, one at New Year the year where marks are months.
    """
    first, length = start.astimezone(zone), end - start
    if length <= timedelta(0):
        return []
    step = next((one for one in _STEPS if length / one <= _MOST), None)
    if step is None:
        months = length / (30 * _DAY)
        every = next((one for one in _MONTHS if months / one <= _MOST), _MONTHS[-1])
        found = _months(first, every)
    else:
        found = _steps(first, step)
    texts = []
    for moment in found:
        if moment > end:
            break
        if moment >= start:
            texts.append(Tick(moment, _text(moment, language, months=step is None)))
    return texts


def _steps(first: datetime, step: timedelta) -> Iterator[datetime]:
    """Yield each step from midnight, by the clock of the site; weeks begin on Monday."""
    moment = first.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if step > 2 * _DAY:
        moment -= moment.weekday() * _DAY
    while True:
        yield moment
        moment += step


def _months(first: datetime, every: int) -> Iterator[datetime]:
    """Yield the first day of months, counted from January."""
    number = first.year * 12 + (first.month - 1)
    number -= number % every
    while True:
        yield datetime(number // 12, number % 12 + 1, 1, tzinfo=first.tzinfo)
        number += every


def _text(moment: datetime, language: str, *, months: bool) -> str:
    if moment.hour or moment.minute:
        return f"{moment:%H:%M}"
    if months and moment.month == 1:
        return f"{moment.year}年" if language == "ja" else f"{moment.year}"
    if months:
        return f"{moment.month}月" if language == "ja" else f"{moment:%b}"
    return (
        f"{moment.month}月{moment.day}日" if language == "ja" else f"{moment.day} {moment:%b}"
    )
