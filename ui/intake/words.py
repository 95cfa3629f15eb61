"""What intake finds, in the reader's words."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from appliance.schemas.manifest import TimeKind
from ui import formats
from ui.text import known, t

_SIGNS = re.compile(r"[^a-z0-9]+")
_ORIGIN = datetime(2000, 1, 1, tzinfo=UTC)
_HOUR = timedelta(hours=1)
_WIDTH = re.compile(r"(\d+) columns where (\d+) are due")


def reason(text: str) -> str:
    """Return why something was refused; as the site says it where no words are known."""
    if width := _WIDTH.fullmatch(text):
        return t("refused.width", count=width[1], due=width[2])
    key = f"refused.{_SIGNS.sub('_', text.lower()).strip('_')}"
    return t(key) if known(key) else text


def moment(at: datetime | None, kind: TimeKind, zone: ZoneInfo) -> str:
    """Return a time of readings: of a clock, or of a counter."""
    if at is None or kind == "time":
        return formats.at(at, zone)
    return t("data.cycle", n=formats.number(round((at - _ORIGIN) / _HOUR)))


def spell(start: datetime | None, end: datetime | None, kind: TimeKind, zone: ZoneInfo) -> str:
    """Return from when until when."""
    if start is None or end is None:
        return "–"
    return f"{moment(start, kind, zone)} – {moment(end, kind, zone)}"
