"""A chart of curves that are given whole; those of the server, zoomed, are `traces`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from ui import theme
from ui.components.plot.said import said
from ui.components.source import joined
from ui.text import language, t

_component = st.components.v2.component(
    "kizashi_plot",
    html='<div class="plot"></div>',
    css=joined("plot", "plot.css") + joined("../static", "uplot.css"),
    js=joined("shared", "page.js", "charts.js") + joined("plot", "plot.js"),
)


@dataclass(frozen=True)
class Curve:
    """One curve.

    Attributes
    ----------
    values
        One for each x; a gap where there is none.
    colour
        The next of the theme's categories if empty.
    fill
        Whether the area below is filled.
    bars
        Whether it is bars in place of a line.
    """

    name: str
    values: Sequence[float | None]
    colour: str = ""
    dashed: bool = False
    fill: bool = False
    bars: bool = False


@dataclass(frozen=True)
class Band:
    """A stretch along x behind the curves: seconds since 1970 where x is times."""

    start: float
    end: float
    colour: str
    title: str


def plot(  # noqa: PLR0913 - what a chart is drawn with
    x: Sequence[datetime] | Sequence[float],
    curves: Sequence[Curve],
    *,
    label: str,
    key: str,
    unit: str = "",
    zone: ZoneInfo | None = None,
    height: int = 180,
    bands: Sequence[Band] = (),
    stacked: bool = False,
    low: float | None = None,
    high: float | None = None,
) -> None:
    """Draw curves over times or numbers.

    Parameters
    ----------
    label
        What the chart shows, for whoever does not see it.
    zone
        In which times are written; UTC if absent.
    stacked
        Whether each curve stands on the one before.
    low, high
        What the y axis reaches at least.
    """
    timed = bool(x) and isinstance(x[0], datetime)
    places = [one.timestamp() if isinstance(one, datetime) else float(one) for one in x]
    zone = zone or ZoneInfo("UTC")
    _component(
        data={
            "label": label,
            "said": said(x, [(curve.name, curve.values) for curve in curves], unit, zone),
            "x": places,
            "timed": timed,
            "curves": [_curve(curve, number) for number, curve in enumerate(curves)],
            "bands": [asdict(band) for band in bands],
            "unit": unit,
            "zone": zone.key,
            "language": language(),
            "height": height,
            "stacked": stacked,
            "low": low,
            "high": high,
            "colours": theme.tokens(),
            "words": {name: t(f"plot.{name}") for name in ("failed", "nothing", "help")},
        },
        key=key,
        height="content",
    )


def _curve(curve: Curve, number: int) -> dict[str, Any]:
    colour = curve.colour or theme.CATEGORIES[number % len(theme.CATEGORIES)]
    return {**asdict(curve), "colour": colour, "values": list(curve.values)}
