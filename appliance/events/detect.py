"""From one asset's scores to events, and from sensor faults to events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from appliance.schemas.event import EventDraft, EventKind, SensorShare, Severity
from appliance.schemas.recipe import Threshold
from appliance.schemas.score import share_column
from detectors.thresholds import HOLD, find_stretches

NEAR = timedelta(hours=1)
"""Faults of the same kind on the same sensor that are no further apart are one event."""
FAR = 1.5
"""Peak / threshold from which an event lies far beyond the alarm."""
LONG = 10
"""Times the rule's `minimum_rows` at or above the threshold that make an event a long one."""
LASTING = timedelta(days=1)
"""A sensor fault that lasts this long is to be planned for, not just watched."""
_WORTH_NAMING = 0.01
_MOST_NAMED = 20
_MOST_PARTS = 48
"""Parts of an event's course, as many as a small picture can show."""
_MICRO = 1_000_000


@dataclass(frozen=True)
class _Cells:
    """Rows on their asset's grid.

    Attributes
    ----------
    first
        First row of each cell, and one past the last row.
    positions
        Rising numbers of the cells; a number that is left out is a hole.
    surprise
        Highest of each cell; NaN where no row was judged.
    """

    first: NDArray[np.int64]
    positions: NDArray[np.int64]
    surprise: NDArray[np.float64]


def find_events(
    frame: pl.DataFrame,
    threshold: float,
    rule: Threshold,
    interval_seconds: float,
    sensors: Sequence[str],
    breaks: Sequence[tuple[datetime, datetime]] = (),
) -> list[EventDraft]:
    """Find the events in one asset's scores.

    Parameters
    ----------
    frame
        The columns of `schemas.score.FIXED` and shares named by `share_column`, in time
        order.  Rows that are not judged have no surprise.  It should hold its events whole:
        what lies before its first row is not known, and where it ends, the data end.
    threshold
        Surprise at which an event begins.
    rule
        When an event ends, and how short an excursion is none.
    interval_seconds
        Grid that the rule counts its rows on; rows that are missing count as not judged.
    sensors
        Sensors that may have a share.
    breaks
        Half-open time ranges, in order, that no event begins in or goes on over.

    Returns
    -------
    list of EventDraft
        In time order.  Sensors have no direction yet.
    """
    last = frame["time"][-1] if frame.height else None
    drafts: list[EventDraft] = []
    for piece in _pieces(frame, breaks):
        found = _found_in(piece, threshold, rule, interval_seconds, sensors)
        if piece["time"][-1] != last:
            # What ended it is known: the break.
            found = [draft.model_copy(update={"ongoing": False}) for draft in found]
        drafts += found
    return drafts


def _pieces(
    frame: pl.DataFrame, breaks: Sequence[tuple[datetime, datetime]]
) -> Iterator[pl.DataFrame]:
    """Yield the rows between breaks, without those inside them."""
    times, first = frame["time"], 0
    for start, end in breaks:
        stop = int(times.search_sorted(start, side="left"))
        if stop > first:
            yield frame[first:stop]
        first = max(first, int(times.search_sorted(end, side="left")))
    if first < frame.height:
        yield frame[first:]


def _found_in(
    frame: pl.DataFrame,
    threshold: float,
    rule: Threshold,
    interval_seconds: float,
    sensors: Sequence[str],
) -> list[EventDraft]:
    cells = _cells(frame, interval_seconds)
    found = find_stretches(
        cells.surprise,
        threshold,
        rule.release,
        rule.merge_rows,
        rule.minimum_rows,
        positions=cells.positions,
    )
    asset = str(frame["asset"][0])
    drafts = []
    for start, stop in found:
        inside = cells.surprise[start:stop]
        rows = frame[int(cells.first[start]) : int(cells.first[stop])]
        peak = float(np.nanmax(inside))
        drafts.append(
            EventDraft(
                asset=asset,
                start=rows["time"][0],
                end=rows["time"][-1],
                peak=peak,
                peak_time=rows["time"][int(np.nanargmax(_surprise(rows)))],
                threshold=threshold,
                severity=severity_of(
                    peak, threshold, int((inside >= threshold).sum()), rule.minimum_rows
                ),
                sensors=_ranked(rows, sensors),
                ongoing=_stands(cells, int(stop), rule),
                course=_course(cells.positions[start:stop], inside),
            )
        )
    return drafts


def severity_of(peak: float, threshold: float, rows: int, minimum_rows: int) -> Severity:
    """Say what to do about an anomaly: *far* and *long* each raise it by one step.

    Parameters
    ----------
    peak, threshold
        Far: the peak is at least `FAR` times the threshold.
    rows, minimum_rows
        Long: at least ``LONG * minimum_rows`` rows lay at or above the threshold.
    """
    steps = (peak >= FAR * threshold) + (rows >= LONG * minimum_rows)
    return (Severity.WATCH, Severity.PLAN, Severity.ACT)[steps]


def _course(
    positions: NDArray[np.int64], surprise: NDArray[np.float64]
) -> tuple[float | None, ...]:
    """Return the highest surprise of equal parts of a stretch; None where nothing is judged."""
    places = positions - positions[0]
    span = int(places[-1]) + 1
    highest = np.full(min(span, _MOST_PARTS), np.nan)
    np.fmax.at(highest, places * len(highest) // span, surprise)
    return tuple(None if np.isnan(one) else round(float(one), 2) for one in highest)


def _surprise(frame: pl.DataFrame) -> NDArray[np.float64]:
    return frame["surprise"].cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _cells(frame: pl.DataFrame, interval_seconds: float) -> _Cells:
    times = frame["time"].dt.epoch("us").to_numpy()
    places = np.floor((times - times[0]) / (interval_seconds * _MICRO) + 0.5).astype(np.int64)
    first = np.flatnonzero(np.diff(places, prepend=places[0] - 1))
    return _Cells(
        first=np.append(first, len(places)),
        positions=places[first],
        surprise=np.fmax.reduceat(_surprise(frame), first),
    )


def _stands(cells: _Cells, stop: int, rule: Threshold) -> bool:
    """Whether nothing after a stretch has ended it yet."""
    after = cells.surprise[stop:]
    calm = int((~np.isnan(after)).sum())
    silent = int(cells.positions[-1] - cells.positions[stop - 1]) - calm
    return calm <= rule.merge_rows and silent <= HOLD * rule.merge_rows


def _ranked(rows: pl.DataFrame, sensors: Sequence[str]) -> tuple[SensorShare, ...]:
    """Return the sensors' shares, weighted with the surprise that they are shares of."""
    named = [name for name in sensors if share_column(name) in rows.columns]
    if not named:
        return ()
    shares = rows.select(pl.col(share_column(name)).cast(pl.Float64) for name in named)
    weights = np.nan_to_num(_surprise(rows), nan=0.0)
    totals = weights @ np.nan_to_num(shares.fill_null(0.0).to_numpy(), nan=0.0)
    whole = float(totals.sum())
    if whole <= 0:
        return ()
    order = np.argsort(-totals, kind="stable")[:_MOST_NAMED]
    kept = [i for i in order if totals[i] >= _WORTH_NAMING * whole] or [order[0]]
    named_total = float(totals[kept].sum())
    return tuple(
        SensorShare(name=named[i], share=min(float(totals[i]) / named_total, 1.0)) for i in kept
    )


# ---------------------------------------------------------------- sensor faults
def fault_events(
    faults: pl.DataFrame, data_end: Mapping[str, datetime] | None = None
) -> list[EventDraft]:
    """Turn sensor faults into events, one for faults that nearly touch.

    Parameters
    ----------
    faults
        Columns asset, sensor, kind, start and end, in any order; the same fault may be told
        more than once, or in pieces.
    data_end
        Time of the last reading by asset; a fault within `NEAR` of it still stands.

    Returns
    -------
    list of EventDraft
        By asset and time.  Surprise plays no part: peak and threshold are 0.
    """
    drafts: list[EventDraft] = []
    columns = ("asset", "sensor", "kind", "start", "end")
    ordered = faults.select(columns).sort(columns)
    for (asset, sensor, kind), own in ordered.group_by(columns[:3], maintain_order=True):
        last = (data_end or {}).get(str(asset))
        for start, end in _touching(own["start"].to_list(), own["end"].to_list()):
            drafts.append(
                EventDraft(
                    asset=str(asset),
                    kind=EventKind.SENSOR_FAULT,
                    start=start,
                    end=end,
                    peak=0.0,
                    peak_time=start,
                    threshold=0.0,
                    severity=Severity.PLAN if end - start >= LASTING else Severity.WATCH,
                    sensors=(SensorShare(name=str(sensor), share=1.0, note=str(kind)),),
                    ongoing=last is not None and last - end <= NEAR,
                )
            )
    return sorted(drafts, key=lambda d: (d.asset, d.start, d.sensors[0].name))


def _touching(
    starts: Sequence[datetime], ends: Sequence[datetime]
) -> list[tuple[datetime, datetime]]:
    joined: list[tuple[datetime, datetime]] = []
    for start, end in zip(starts, ends, strict=True):
        if joined and start - joined[-1][1] <= NEAR:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined
