"""A week, days beside each other and hours beneath: what is due, and what ran."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from ui import theme
from ui.components.source import joined
from ui.text import language, t

_component = st.components.v2.component(
    "kizashi_week",
    html='<div class="week"></div>',
    css=joined("week", "week.css"),
    js=joined("shared", "page.js") + joined("week", "week.js"),
)
_DAYS = 7


@dataclass(frozen=True)
class Mark:
    """Something at a time.

    Attributes
    ----------
    end
        Its own time for what takes none.
    told
        What is told when one points at it.
    address
        Where it leads within the site; nowhere if empty.
    hollow
        Whether it is drawn as an outline, as what is yet to come.
    """

    start: datetime
    end: datetime
    text: str
    told: str
    colour: str
    address: str = ""
    hollow: bool = False


@dataclass(frozen=True)
class Often:
    """What happens so often on a day that it is told above it, once.

    Attributes
    ----------
    text, told
        What is written, and what is told when one points at it.
    hollow
        Whether all of it is yet to come.
    """

    day: date
    text: str
    told: str
    colour: str
    hollow: bool = False


def week(
    marks: Sequence[Mark],
    often: Sequence[Often],
    first: date,
    zone: ZoneInfo,
    *,
    now: datetime,
    label: str,
    key: str,
) -> None:
    """Draw a week.

    Parameters
    ----------
    first
        Its first day.
    label
        What is shown, for whoever does not see it.
    """
    there = now.astimezone(zone)
    days = [first + timedelta(days=day) for day in range(_DAYS)]
    found = sorted(marks, key=lambda one: one.start)
    _component(
        data={
            "label": label,
            "days": [
                {
                    "name": t(f"schedules.day_{day:%a}".lower()),
                    "date": _short(day),
                    "today": day == there.date(),
                }
                for day in days
            ],
            "marks": [told for one in found if (told := _mark(one, first, zone)) is not None],
            "often": [
                asdict(one) | {"day": (one.day - first).days}
                for one in often
                if one.day in days
            ],
            "now": there.hour * 60 + there.minute,
            "colours": theme.tokens(),
            "words": {"nothing": t("schedules.nothing_due")},
        },
        key=key,
        height="content",
    )


def _short(day: date) -> str:
    return f"{day.month}/{day.day}" if language() == "ja" else f"{day.day} {day:%b}"


def _mark(one: Mark, first: date, zone: ZoneInfo) -> dict[str, Any] | None:
    """Return where a mark stands; None for one of another week."""
    start = one.start.astimezone(zone)
    day = (start.date() - first).days
    if not 0 <= day < _DAYS:
        return None
    return {
        "day": day,
        "at": start.hour * 60 + start.minute,
        "lasts": max((one.end - one.start).total_seconds() / 60, 0),
        "time": f"{start:%H:%M}",
        "text": one.text,
        "told": one.told,
        "colour": one.colour,
        "address": one.address,
        "hollow": one.hollow,
    }
