"""What runs often is told once a day, so that a week shows what runs seldom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from ui import theme
from ui.components.week import Mark, Often
from ui.text import t

_MANY = 4
"""Times a day above which each of them is not drawn by itself."""


def gathered(marks: Sequence[Mark], zone: ZoneInfo) -> tuple[list[Mark], list[Often]]:
    """Return the marks of what runs seldom, and what runs often by day."""
    found: dict[tuple[str, date], list[Mark]] = {}
    for one in marks:
        found.setdefault((one.text, one.start.astimezone(zone).date()), []).append(one)
    many = {name for (name, _), own in found.items() if len(own) > _MANY}
    often = [
        _often(name, day, own) for (name, day), own in sorted(found.items()) if name in many
    ]
    return [one for one in marks if one.text not in many], often


def _often(name: str, day: date, own: Sequence[Mark]) -> Often:
    ran = [one for one in own if not one.hollow]
    bad = theme.tokens()["act"]
    failed = sum(one.colour == bad for one in ran)
    told = t("schedules.day_told", name=name, n=len(ran), m=failed, due=len(own) - len(ran))
    colour = bad if failed else (ran or own)[0].colour
    text = t("schedules.times", name=name, n=len(own))
    return Often(day, text, told, colour, hollow=not ran)
