"""Charts as SVG text: axes, traces that lose no spike, and the heat map."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from appliance.events.words import cycle_of, moment_of
from appliance.report.model import HeatRow, Trace

LABEL_WIDTH = 170
"""Pixels left of a plot for the name and the axis."""
_NAME_CELLS = 18
_HALF_LABEL = 24
_LEVELS = (0.5, 0.8, 1.0, 1.5)
"""Surprise / threshold at which the heat map's colour steps up."""


@dataclass(frozen=True)
class Axis:
    """A linear map from data to pixels."""

    low: float
    high: float
    start: float
    stop: float

    def __call__(self, value: float) -> float:
        """Return the pixel of a value."""
        span = self.high - self.low or 1.0
        return self.start + (value - self.low) / span * (self.stop - self.start)


def nice_ticks(low: float, high: float, count: int = 3) -> list[float]:
    """Return round numbers within [low, high], about `count` of them."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return [low] if math.isfinite(low) else []
    raw = (high - low) / max(count, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(s * power for s in (1, 2, 2.5, 5, 10) if s * power >= raw)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]


_STEPS = tuple(
    timedelta(seconds=s)
    for s in (
        *(1, 5, 15, 30, 60, 300, 900, 1800, 3600, 10_800, 21_600, 43_200),
        *(86_400 * d for d in (1, 2, 7, 14, 30, 90, 365, 1825)),
    )
)


def time_ticks(
    start: datetime, end: datetime, zone: ZoneInfo | None, count: int = 7
) -> list[tuple[datetime, str]]:
    """Return moments and labels at round local times, or cycles, from `start` to `end`."""
    if zone is None:
        numbers = nice_ticks(float(cycle_of(start)), float(cycle_of(end)), count)
        return [(moment_of(number), f"{number:.10g}") for number in numbers]
    span = end - start
    step = next((s for s in _STEPS if span / s <= count), _STEPS[-1])
    local = start.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    ticks = []
    moment = midnight + (local - midnight) // step * step
    while moment <= end:
        if moment >= start:
            if step >= timedelta(days=1) or moment.time() == midnight.time():
                label = f"{moment:%m-%d}"
            elif step >= timedelta(minutes=1):
                label = f"{moment:%H:%M}"
            else:
                label = f"{moment:%H:%M:%S}"
            ticks.append((moment, label))
        moment += step
    return ticks


def short_number(value: float) -> str:
    """Return a number in at most about six characters."""
    if value == 0:
        return "0"
    if abs(value) >= 1e5 or abs(value) < 1e-3:
        return f"{value:.1e}"
    return f"{value:.4g}"


def shortened(name: str, cells: int = _NAME_CELLS) -> str:
    """Cut a name to so many cells; a full-width letter, as in Japanese, takes two."""
    widths = [2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in name]
    if sum(widths) <= cells:
        return name
    used, kept = 1, 0
    while used + widths[kept] <= cells:
        used += widths[kept]
        kept += 1
    return name[:kept] + "…"


def envelope(
    times: NDArray[np.float64], values: NDArray[np.float64], pixels: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Thin a series to its lowest and highest value a pixel column, in time order.

    No spike is lost, and at most two points a column remain.
    """
    keep = np.isfinite(values)
    times, values = times[keep], values[keep]
    if len(times) <= 2 * pixels:
        return times, values
    column = ((times - times[0]) / (times[-1] - times[0]) * (pixels - 1e-6)).astype(np.int64)
    order = np.lexsort((values, column))
    ordered = column[order]
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    last = np.r_[first[1:] - 1, len(ordered) - 1]
    chosen = np.unique(np.r_[order[first], order[last]])
    return times[chosen], values[chosen]


def _path(trace: Trace, across: Axis, up: Axis, pixels: int) -> str:
    """Draw a trace; it is broken where readings are missing for long."""
    times, values = envelope(trace.times, trace.values, pixels)
    if len(times) < 2:  # one reading is no line
        return ""
    steps = np.diff(times)
    hole = max(8 * float(np.median(steps)), (across.high - across.low) / pixels * 4)
    parts = []
    for i, (moment, value) in enumerate(zip(times, values, strict=True)):
        verb = "M" if i == 0 or steps[i - 1] > hole else "L"
        parts.append(f"{verb}{across(moment):.1f} {up(value):.1f}")
    return "".join(parts)


def _lane(
    trace: Trace, span: tuple[float, float], top: float, width: int, height: int, kind: str
) -> str:
    finite = trace.values[np.isfinite(trace.values)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    if trace.limit is not None:
        low, high = min(low, 0.0), max(high, trace.limit * 1.1)
    pad = (high - low) * 0.06 or abs(high) * 0.05 or 1.0
    up = Axis(low - pad, high + pad, top + height - 6, top + 6)
    across = Axis(*span, LABEL_WIDTH, width - 8)
    name = shortened(trace.name)
    share = "" if trace.share is None else f"{trace.share:.0%}"
    out = [
        (
            f'<text class="name" x="0" y="{top + 20:.0f}">{escape(name)}'
            f"<title>{escape(trace.name)}</title></text>"
        ),
        (
            f'<text class="unit" x="0" y="{top + 36:.0f}">{escape(trace.unit)}'
            f'<tspan class="share" dx="{8 if trace.unit else 0}">{share}</tspan></text>'
        ),
    ]
    for tick in nice_ticks(low, high, 2):
        y = up(tick)
        out.append(
            f'<line class="grid" x1="{LABEL_WIDTH}" x2="{width - 8}" y1="{y:.1f}" '
            f'y2="{y:.1f}"/><text class="tick" text-anchor="end" x="{LABEL_WIDTH - 6}" '
            f'y="{y + 3.5:.1f}">{short_number(tick)}</text>'
        )
    if trace.limit is not None:
        y = up(trace.limit)
        out.append(
            f'<line class="limit" x1="{LABEL_WIDTH}" x2="{width - 8}" y1="{y:.1f}" '
            f'y2="{y:.1f}"/>'
        )
    out.append(f'<path class="{kind}" d="{_path(trace, across, up, width - LABEL_WIDTH)}"/>')
    return "".join(out)


def stacked(
    traces: Sequence[Trace],
    window: tuple[datetime, datetime],
    band: tuple[datetime, datetime],
    zone: ZoneInfo | None,
    alternative: str,
    width: int = 760,
) -> str:
    """Draw traces below each other on one time axis, with the event as a band.

    Parameters
    ----------
    traces
        From top to bottom; the last one with a `limit` is the surprise.
    window, band
        What the axis shows, and the event within it.
    alternative
        What a person who cannot see the picture should know.
    """
    height = 74
    start, end = (moment.timestamp() for moment in window)
    across = Axis(start, end, LABEL_WIDTH, width - 8)
    bottom = height * len(traces)
    left, right = (across(min(max(m.timestamp(), start), end)) for m in band)
    out = [
        (
            f'<svg viewBox="0 0 {width} {bottom + 24}" role="img" '
            f'aria-label="{escape(alternative, quote=True)}">'
        ),
        (
            f'<rect class="band" x="{left:.1f}" y="0" width="{max(right - left, 2):.1f}" '
            f'height="{bottom}"/>'
        ),
    ]
    for number, trace in enumerate(traces):
        kind = "surprise" if trace.limit is not None else "trace"
        if kind == "trace" and (trace.share or 0) >= 0.15:
            kind = "trace driver"
        out.append(_lane(trace, (start, end), number * height, width, height, kind))
        out.append(
            f'<line class="rule" x1="0" x2="{width}" y1="{(number + 1) * height}" '
            f'y2="{(number + 1) * height}"/>'
        )
    for moment, label in time_ticks(*window, zone):
        x = across(moment.timestamp())
        anchor = "middle" if x < width - _HALF_LABEL else "end"
        out.append(
            f'<text class="tick" text-anchor="{anchor}" x="{x:.1f}" y="{bottom + 16}">{label}'
            "</text>"
        )
    out.append("</svg>")
    return "".join(out)


def level(peak: float) -> int:
    """Return the colour step of surprise / threshold: 0 calm … 4 far beyond the alarm."""
    return sum(peak >= edge for edge in _LEVELS)


def heat_map(
    rows: Sequence[HeatRow],
    bins: Sequence[datetime],
    zone: ZoneInfo | None,
    alternative: str,
) -> str:
    """Draw assets × time, coloured by how far surprise went towards the alarm."""
    width, cell = 1080, 18
    inner = width - LABEL_WIDTH - 50
    step = inner / max(len(bins), 1)
    out = [
        (
            f'<svg viewBox="0 0 {width} {cell * len(rows) + 24}" role="img" '
            f'aria-label="{escape(alternative, quote=True)}">'
        )
    ]
    for number, row in enumerate(rows):
        top = number * cell
        name = shortened(row.asset)
        out.append(
            f'<text class="name" x="0" y="{top + 13}">{escape(name)}'
            f"<title>{escape(row.asset)}</title></text>"
        )
        for column, peak in enumerate(row.peaks):
            x = LABEL_WIDTH + column * step
            kind = "none" if math.isnan(peak) else f"level{level(float(peak))}"
            out.append(
                f'<rect class="{kind}" x="{x:.1f}" y="{top + 1}" '
                f'width="{max(step - 0.6, 0.8):.1f}" height="{cell - 2}"/>'
            )
        if row.events:
            out.append(
                f'<text class="tick" x="{width - 42}" y="{top + 13}">{row.events}</text>'
            )
    if len(bins) > 1:
        across = Axis(bins[0].timestamp(), bins[-1].timestamp(), LABEL_WIDTH, width - 50 - step)
        for moment, label in time_ticks(bins[0], bins[-1], zone, 10):
            x = across(moment.timestamp())
            out.append(
                f'<text class="tick" x="{x:.1f}" y="{cell * len(rows) + 16}">{label}</text>'
            )
    out.append("</svg>")
    return "".join(out)
