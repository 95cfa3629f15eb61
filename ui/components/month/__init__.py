"""A month on a sheet: weeks below each other, and in each day what holds on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta

import streamlit as st

from ui.components.source import joined
from ui.text import language, t

_component = st.components.v2.component(
    "kizashi_month",
    html='<div class="month"></div>',
    css=joined("month", "month.css"),
    js=joined("shared", "page.js") + joined("month", "month.js"),
)
_WEEK = 7
_SHOWN = ("text", "colour", "title", "address", "chosen")
_MONDAY = date(2024, 1, 1)


@dataclass(frozen=True)
class Entry:
    """Something that holds on some days.

    Attributes
    ----------
    first, last
        The days, both among them.
    title
        What is told when one points at it.
    address
        Where it leads within the site.
    chosen
        Whether it is what is shown beside the sheet.
    """

    text: str
    first: date
    last: date
    colour: str
    title: str
    address: str
    chosen: bool = False


def days_of(first: date) -> list[date]:
    """Return the days on the sheet of a month: whole weeks from Monday on."""
    start = first - timedelta(days=first.weekday())
    following = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
    weeks = -(-(following - start).days // _WEEK)
    return [start + timedelta(days=n) for n in range(weeks * _WEEK)]


def month(
    first: date, entries: Sequence[Entry], *, today: date, label: str, key: str, adds: bool
) -> date | None:
    """Draw a month; return the day to which something is to be added, once.

    Parameters
    ----------
    first
        Its first day.
    label
        What the sheet is, for whoever does not see it.
    adds
        Whether days offer to add something.
    """
    days = days_of(first)
    lanes = slots(entries)
    answer = _component(
        data={
            "label": label,
            "weekdays": [weekday(n) for n in range(_WEEK)],
            "days": [_day(one, first, today, lanes) for one in days],
            "adds": adds,
            "words": {"add": t("month.add"), "today": t("month.today")},
        },
        key=key,
        on_day_change=lambda: None,
        height="content",
    )
    found = {one.isoformat(): one for one in days}
    return found.get(str(answer.day)) if adds else None


def slots(entries: Sequence[Entry]) -> list[list[Entry]]:
    """Return entries in as few lanes as hold them, so that each keeps its lane on all days."""
    lanes: list[list[Entry]] = []
    for entry in sorted(entries, key=lambda one: (one.first, one.first - one.last)):
        free = next((lane for lane in lanes if lane[-1].last < entry.first), None)
        if free is None:
            lanes.append([entry])
        else:
            free.append(entry)
    return lanes


def _day(
    day: date, first: date, today: date, lanes: Sequence[Sequence[Entry]]
) -> dict[str, object]:
    own = [next((e for e in lane if e.first <= day <= e.last), None) for lane in lanes]
    while own and own[-1] is None:
        own.pop()
    return {
        "day": day.isoformat(),
        "number": day.day,
        "words": named(day),
        "outside": day.month != first.month,
        "today": day == today,
        "entries": [None if entry is None else _entry(entry, day) for entry in own],
    }


def _entry(entry: Entry, day: date) -> dict[str, object]:
    facts = asdict(entry)
    return {
        **{name: facts[name] for name in _SHOWN},
        "begins": entry.first == day or day.weekday() == 0,
        "days": min((entry.last - day).days, _WEEK - 1 - day.weekday()) + 1,
        "ends": entry.last == day or day.weekday() == _WEEK - 1,
    }


def weekday(number: int) -> str:
    """Return the short name of a day of the week; Monday is 0."""
    if language() == "ja":
        return "月火水木金土日"[number]
    return f"{_MONDAY + timedelta(days=number):%a}"


def named(day: date) -> str:
    """Return a day in words."""
    if language() == "ja":
        return f"{day.month}月{day.day}日({weekday(day.weekday())})"
    return f"{day:%a} {day.day} {day:%b}"
