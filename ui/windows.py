"""Windows of the calendar in words and colours, and their rules as people choose them; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from appliance.schemas.calendar import WindowDraft, WindowKind
from ui import formats, theme
from ui.components.month import weekday
from ui.text import t

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
REPEATS = ("once", "daily", "weekly", "monthly", "own")
_UNTIL = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T\d{6}Z?)?")


@dataclass(frozen=True)
class Repeat:
    """When a window returns, as it is chosen.

    Attributes
    ----------
    days
        Of the week, for those that return weekly; that of the first time if empty.
    until
        Last day; none if it never ends.
    own
        A rule that is none of the others, as iCalendar writes it.
    """

    how: str = "once"
    days: tuple[str, ...] = ()
    until: date | None = None
    own: str = ""


def rule_of(repeat: Repeat) -> str:
    """Return a choice as an iCalendar rule; empty for a window that holds once."""
    if repeat.how in ("once", "own"):
        return repeat.own.strip() if repeat.how == "own" else ""
    parts = [f"FREQ={repeat.how.upper()}"]
    if repeat.how == "weekly" and repeat.days:
        parts.append(f"BYDAY={','.join(day for day in DAYS if day in repeat.days)}")
    if repeat.until is not None:
        parts.append(f"UNTIL={repeat.until:%Y%m%d}")
    return ";".join(parts)


def repeat_of(rule: str) -> Repeat:
    """Return an iCalendar rule as a choice."""
    if not rule:
        return Repeat()
    parts = dict(part.split("=", 1) for part in rule.split(";") if "=" in part)
    how = parts.pop("FREQ", "").lower()
    days = tuple(day for day in parts.pop("BYDAY", "").split(",") if day)
    until = _UNTIL.fullmatch(parts.pop("UNTIL", ""))
    plain = how in ("daily", "weekly", "monthly") and set(days) <= set(DAYS)
    if not plain or (days and how != "weekly") or set(parts) - {"WKST"}:
        return Repeat("own", own=rule)
    last = date(*map(int, until.groups())) if until else None
    return Repeat(how, days, last)


def returns(rule: str) -> str:
    """Return when a window returns, in words."""
    found = repeat_of(rule)
    if found.how == "own":
        return t("calendar.by_rule", rule=rule)
    words = t(f"calendar.repeat_{found.how}")
    if found.days:
        names = [weekday(DAYS.index(day)) for day in found.days]
        words = t("calendar.on_days", days=t("calendar.comma").join(names))
    if found.until is not None:
        words = t("calendar.until", repeat=words, day=formats.calendar_day(found.until))
    return words


def colour_of(kind: WindowKind) -> str:
    """Return the colour that a kind of window has everywhere."""
    if kind is WindowKind.FAILURE:
        return theme.tokens()["act"]
    return _COLOURS[kind]


_COLOURS = {
    WindowKind.MAINTENANCE: theme.CATEGORIES[0],
    WindowKind.PLANNED_STOP: theme.CATEGORIES[4],
    WindowKind.TEST_RUN: theme.CATEGORIES[2],
    WindowKind.OTHER: theme.CATEGORIES[3],
    WindowKind.NORMAL: theme.CATEGORIES[5],
}


def name_of(kind: WindowKind, title: str) -> str:
    """Return what a window is called: its title, or its kind."""
    return title or t(f"calendar.kind_{kind.value}")


def place_of(fleet: str | None, asset: str | None) -> str:
    """Return what a window holds for."""
    if fleet is None:
        return t("calendar.whole_site")
    return t("calendar.whole_fleet", fleet=fleet) if asset is None else f"{fleet} · {asset}"


def when(window: WindowDraft, zone: ZoneInfo) -> str:
    """Return from when until when a window holds, at first."""
    return f"{formats.at(window.start, zone)} – {formats.at(window.end, zone)}"


def differences(before: WindowDraft, after: WindowDraft) -> Sequence[str]:
    """Return what was changed of a window, in words."""
    names = ("title", "kind", "fleet", "asset", "start", "end", "rule")
    changed = {n for n in names if getattr(before, n) != getattr(after, n)}
    told = {
        "title": {"title"},
        "kind": {"kind"},
        "place": {"fleet", "asset"},
        "times": {"start", "end"},
        "rule": {"rule"},
    }
    return [t(f"calendar.changed_{word}") for word, own in told.items() if own & changed]
