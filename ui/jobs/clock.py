"""When schedules are due, in words and back: every hour, day, week or month, or as cron."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import time
from typing import Literal

from ui.text import t

Rhythm = Literal["hourly", "daily", "weekly", "monthly", "cron"]
RHYTHMS: tuple[Rhythm, ...] = ("hourly", "daily", "weekly", "monthly", "cron")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NUMBERS = {"0": 6, "7": 6} | {str(n): n - 1 for n in range(1, 7)}
_LAST_DAY = 28
"""That every month has; later ones are left to cron."""
_NUMBER = re.compile(r"\d{1,2}")


@dataclass(frozen=True)
class Times:
    """When something is due.

    Attributes
    ----------
    at
        Time of the day; of an hourly one the minute alone counts.
    every
        Hours from one to the next of an hourly one.
    days
        Of a weekly one: 0 is Monday.
    day
        Of a monthly one.
    cron
        As it was written.
    """

    rhythm: Rhythm = "daily"
    at: time = time(6)
    every: int = 1
    days: tuple[int, ...] = (0,)
    day: int = 1
    cron: str = "0 6 * * *"

    def written(self) -> str:
        """Return it as a cron expression."""
        minute, hour = self.at.minute, self.at.hour
        if self.rhythm == "hourly":
            return f"{minute} {'*' if self.every == 1 else f'*/{self.every}'} * * *"
        if self.rhythm == "daily":
            return f"{minute} {hour} * * *"
        if self.rhythm == "weekly":
            days = ",".join(DAYS[day] for day in sorted(self.days))
            return f"{minute} {hour} * * {days}"
        if self.rhythm == "monthly":
            return f"{minute} {hour} {self.day} * *"
        return " ".join(self.cron.split())

    def told(self) -> str:
        """Return it in words."""
        clock = f"{self.at:%H:%M}"
        if self.rhythm == "hourly":
            if self.every == 1:
                return t("schedules.every_hour", minute=f"{self.at.minute:02}")
            return t("schedules.every_hours", n=self.every, minute=f"{self.at.minute:02}")
        if self.rhythm == "daily":
            return t("schedules.every_day", at=clock)
        if self.rhythm == "weekly":
            if self.days == tuple(range(5)):
                return t("schedules.every_workday", at=clock)
            days = t("schedules.between").join(weekday(day) for day in self.days)
            return t("schedules.every_week", days=days, at=clock)
        if self.rhythm == "monthly":
            return t("schedules.every_month", day=self.day, at=clock)
        return t("schedules.as_cron", cron=self.written())


def weekday(day: int) -> str:
    """Return the name of a day; 0 is Monday."""
    return t(f"schedules.day_{DAYS[day]}")


def read(cron: str) -> Times:
    """Return when a cron expression is due; as cron where there is no simpler word for it."""
    fields = cron.split()
    other = Times(rhythm="cron", cron=cron)
    if len(fields) != 5 or not _NUMBER.fullmatch(fields[0]):
        return other
    minute, hour, day, month, days = fields
    if month != "*" or int(minute) > 59:
        return other
    if day == "*" and days == "*" and (every := _every(hour)):
        return replace(other, rhythm="hourly", at=time(0, int(minute)), every=every)
    if not _NUMBER.fullmatch(hour) or int(hour) > 23:
        return other
    at = time(int(hour), int(minute))
    if day == "*" and days == "*":
        return replace(other, rhythm="daily", at=at)
    if day == "*" and (found := _days(days.lower().split(","))):
        return replace(other, rhythm="weekly", at=at, days=found)
    if days == "*" and _NUMBER.fullmatch(day) and 1 <= int(day) <= _LAST_DAY:
        return replace(other, rhythm="monthly", at=at, day=int(day))
    return other


def _every(hour: str) -> int:
    """Return how many hours lie between; 0 where that is not always the same."""
    if hour == "*":
        return 1
    head, _, tail = hour.partition("/")
    if head != "*" or not _NUMBER.fullmatch(tail):
        return 0
    return int(tail) if int(tail) in (1, 2, 3, 4, 6, 8, 12) else 0


def _days(words: Sequence[str]) -> tuple[int, ...]:
    found: set[int] = set()
    for word in words:
        first, dash, last = word.partition("-")
        begin, end = _day(first), _day(last if dash else first)
        if begin is None or end is None or end < begin:
            return ()
        found |= set(range(begin, end + 1))
    return tuple(sorted(found))


def _day(word: str) -> int | None:
    return DAYS.index(word) if word in DAYS else _NUMBERS.get(word)
