"""A chart in words, for whoever does not see it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from ui import formats
from ui.text import t

_Values = Sequence[float | None]


def said(
    x: Sequence[datetime] | Sequence[float],
    curves: Sequence[tuple[str, _Values]],
    unit: str,
    zone: ZoneInfo,
) -> list[str]:
    """Return a sentence on each curve: its first, last, least and most value, and where."""
    return [_curve(x, name, values, unit, zone) for name, values in curves]


def _curve(
    x: Sequence[datetime] | Sequence[float],
    name: str,
    values: _Values,
    unit: str,
    zone: ZoneInfo,
) -> str:
    places: list[datetime | float] = [*x]
    there = [(value, at) for at, value in zip(places, values, strict=True) if value is not None]
    if not there:
        return t("plot.said_none", name=name)
    first, last, least, most = (
        t("plot.at", value=_number(value, unit), at=_place(at, zone))
        for value, at in (
            there[0],
            there[-1],
            min(there, key=lambda pair: pair[0]),
            max(there, key=lambda pair: pair[0]),
        )
    )
    return t("plot.said", name=name, first=first, last=last, least=least, most=most)


def _number(value: float, unit: str) -> str:
    return f"{value:,.4g} {unit}".strip()


def _place(at: datetime | float, zone: ZoneInfo) -> str:
    return formats.at(at, zone) if isinstance(at, datetime) else f"{at:,.6g}"
