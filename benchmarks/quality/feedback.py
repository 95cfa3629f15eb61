"""``python -m benchmarks.quality.feedback``: what verdicts on events make of the next model.

A model learns from the normal rows of a series and watches the first half of the rest.  Whoever
judges goes by the labels: the first events, as many as asked for, are called true if they touch
a fault and false if they do not; those not judged stay open.  Then the platform learns anew
from all rows so far: what was called true, or is open, is not learned from, what was called
false is, however unusual.  False events and found faults are counted in the second half, by the
model as it was, by one that learned anew without a word, by one with the verdicts, by that
one without the events that the platform mutes because they look like one called false
(`appliance.events.likes`), and by that where verdicts go on: what is told in the second half is
judged as well once it has ended, until a machine has had as many as asked for.  Last, by the
fourth with planned maintenance: every third false event of the model as it was is in the
calendar, so that it is neither learned from nor judged nor in need of a verdict.  Of faults
that a way and the one without a word both find it also tells how long after their beginning the
first event begins.

A row stands for 40 minutes, so that a budget of one event a month is one in 1,080 rows.  Sets
are read from the data folder (``KIZASHI_DATA``, or ``../shared/data``).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from appliance.calendar.masks import Masks
from appliance.core.errors import InvalidRequest
from appliance.core.settings import load_settings
from appliance.engine import make
from appliance.events.likes import Earlier, speaks_for
from appliance.fleet import frames
from appliance.fleet.chunks import cut
from appliance.fleet.guide import Guide
from appliance.fleet.model import FleetModel
from appliance.fleet.recipe import resolve
from appliance.fleet.training import fit_fleet
from appliance.schemas.event import EventDraft
from benchmarks.harness.sets import add_data, add_every, add_sets, counts, known
from benchmarks.quality import loaders

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from appliance.engine import Engine
    from benchmarks.quality.loaders import Series

    Flags = NDArray[np.bool_]

_START = datetime(2020, 1, 1, tzinfo=UTC)
_STEP = timedelta(minutes=40)
WAYS = (
    "as it was",
    "learned anew",
    "with verdicts",
    "likes muted",
    "verdicts go on",
    "maintenance marked",
)
_SILENT = WAYS.index("learned anew")
_PLANNED_EVERY = 3


@dataclass(frozen=True)
class Seen:
    """What a model found in some rows.

    Attributes
    ----------
    false
        Events that touch no fault.
    after
        By labelled stretch, rows from its beginning to that of the first event that touches
        it, 0 if the event began before; None if there is none.
    """

    false: int
    after: tuple[int | None, ...]

    @property
    def faults(self) -> int:
        """How many labelled stretches there are."""
        return len(self.after)

    @property
    def found(self) -> int:
        """How many of them an event touches."""
        return sum(rows is not None for rows in self.after)


@dataclass(frozen=True)
class Found:
    """An event, its first row and one past its last."""

    start: int
    stop: int
    draft: EventDraft


def main(argv: Sequence[str]) -> int:
    """Print a line a set and number of verdicts."""
    options = _parser().parse_args(argv)
    if not known(options.sets, loaders.SETS):
        return 2
    for name in options.sets:
        for line in lines(name, options.data, options.verdicts, options.every):
            print(json.dumps(line) if options.json else _shown(line), flush=True)
    return 0


def lines(
    name: str, folder: Path, verdicts: Sequence[int], every: int = 1
) -> Iterator[dict[str, Any]]:
    """Yield what a set's second halves hold, summed over its series, by number of verdicts."""
    found: list[list[list[Seen]]] = []
    refused = 0
    with make("local", load_settings()) as engine:
        for series in loaders.load(name, folder, every):
            try:
                found.append(by_verdicts(series, verdicts, engine))
            except InvalidRequest:
                refused += 1
    for place, count in enumerate(verdicts):
        of_ways = zip(WAYS, zip(*[one[place] for one in found], strict=True), strict=True)
        yield {
            "set": name,
            "verdicts": count,
            "series": len(found),
            "refused": refused,
            "faults": sum(one[place][0].faults for one in found),
            "ways": {
                way: {
                    "false": sum(s.false for s in seen),
                    "found": sum(s.found for s in seen),
                    **_delays(seen, [one[place][_SILENT] for one in found]),
                }
                for way, seen in of_ways
            },
        }


def _delays(seen: Sequence[Seen], silent: Sequence[Seen]) -> dict[str, Any]:
    """Return how long faults took that both found, and how many took longer or less."""
    pairs = [
        (ours, theirs)
        for one, other in zip(seen, silent, strict=True)
        for ours, theirs in zip(one.after, other.after, strict=True)
        if ours is not None and theirs is not None
    ]
    hours = _STEP / timedelta(hours=1)
    ours, theirs = ([pair[side] * hours for pair in pairs] for side in (0, 1))
    return {
        "both": len(pairs),
        "hours": round(float(np.median(ours)), 1) if pairs else None,
        "hours_anew": round(float(np.median(theirs)), 1) if pairs else None,
        "earlier": sum(one < other for one, other in pairs),
        "later": sum(one > other for one, other in pairs),
    }


def by_verdicts(series: Series, verdicts: Sequence[int], engine: Engine) -> list[list[Seen]]:
    """Return what a model of each of `WAYS` finds in the second half, by number of verdicts."""
    values = np.concatenate([series.train, series.test])
    labels = np.concatenate([np.zeros(len(series.train), bool), series.labels])
    first, border = len(series.train), len(series.train) + len(series.test) // 2
    frame = loaders.timed(values, _START, _STEP)
    with tempfile.TemporaryDirectory(prefix="kizashi-") as scratch:
        folder = Path(scratch)
        before = _learned(frame[:first], Guide(), folder / "before", engine)
        whole = [one for one in _events(before, frame) if one.start >= first]
        events = [one for one in whole if one.start < border]
        silent = _learned(frame[:border], Guide(), folder / "silent", engine)
        unheard = [_counted(_events(m, frame), labels, border) for m in (before, silent)]
        planned = _planned(whole, labels)
        ran = frame.filter(~np.isin(np.arange(len(frame)), planned))
        unplanned = [one for one in events if one.start not in planned]
        told = []
        for count in verdicts:
            guide = _guide(events, labels, count)
            model = _learned(frame[:border], guide, folder / f"told{count}", engine)
            later = _events(model, frame)
            ways = [later, _heard(later, events[:count], labels)]
            ways.append(_going_on(later, events, labels, border, count))
            guide = _guide(unplanned, labels, count)
            known = ran.filter(pl.col("time") < _time(border))
            model = _learned(known, guide, folder / f"planned{count}", engine)
            ways.append(_heard(_events(model, ran), unplanned[:count], labels))
            told.append([*unheard, *(_counted(some, labels, border) for some in ways)])
    return told


def _planned(events: Sequence[Found], labels: Flags) -> NDArray[np.int64]:
    """Return the rows of planned maintenance: a part of the events that touch no fault."""
    false = [one for one in events if not labels[one.start : one.stop].any()]
    spans = [np.arange(one.start, one.stop) for one in false[::_PLANNED_EVERY]]
    return np.concatenate([np.empty(0, np.int64), *spans])


def _heard(events: Sequence[Found], judged: Sequence[Found], labels: Flags) -> list[Found]:
    return [one for one in events if not _muted(one, judged, labels)]


def _going_on(
    later: Sequence[Found], events: Sequence[Found], labels: Flags, border: int, count: int
) -> list[Found]:
    """Return what is told in the second half where that is judged as well."""
    judged, told = list(events[:count]), []
    for one in later:
        if one.start < border or _muted(one, judged, labels):
            continue
        told.append(one)
        judged += [one] * (len(judged) < count)
    return told


def _muted(event: Found, judged: Sequence[Found], labels: Flags) -> bool:
    """Whether the platform mutes an event as one more of those called false."""
    told = (
        Earlier(
            str(one.start),
            one.draft,
            "true" if labels[one.start : one.stop].any() else "false",
        )
        for one in judged
    )
    return speaks_for(event.draft, told, timedelta()) is not None


def _learned(known: pl.DataFrame, guide: Guide, folder: Path, engine: Engine) -> FleetModel:
    layout = frames.guess(known, "asset", "time", [])
    rows = frames.normalise(known, layout)
    report = fit_fleet(cut(rows, 1), resolve("auto"), layout, folder, engine, guide=guide)
    return FleetModel(report.folder)


def _guide(events: Sequence[Found], labels: Flags, verdicts: int) -> Guide:
    """Return what people said: nothing is learned from events that are true or still open."""
    spans = [(one.start, one.stop) for one in events]
    false = [span for span in spans[:verdicts] if not labels[slice(*span)].any()]
    held = [span for span in spans if span not in false]
    return Guide(held=(("events", _masks(held)),), vouched=_masks(false))


def _masks(spans: Sequence[tuple[int, int]]) -> Masks:
    return Masks(
        own={loaders.ASSET: tuple((_time(start), _time(stop)) for start, stop in spans)}
    )


def _time(row: int) -> datetime:
    return _START + row * _STEP


def _events(model: FleetModel, frame: pl.DataFrame) -> list[Found]:
    """Return the anomalies by their start."""
    found = model.events(model.score(frame)).filter(pl.col("kind") == "anomaly").sort("start")
    level = model.manifest.assets[loaders.ASSET].threshold
    return [
        Found(
            round((row["start"] - _START) / _STEP),
            round((row["end"] - _START) / _STEP) + 1,
            EventDraft.model_validate({**row, "peak_time": row["start"], "threshold": level}),
        )
        for row in found.iter_rows(named=True)
    ]


def _counted(events: Sequence[Found], labels: Flags, border: int) -> Seen:
    later = [(one.start, one.stop) for one in events if one.start >= border]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], labels[border:].view(np.int8), [0]])))
    after: list[int | None] = []
    for start, stop in border + edges.reshape(-1, 2):
        rows = [max(int(a - start), 0) for a, b in later if a < stop and start < b]
        after.append(min(rows, default=None))
    false = sum(not labels[slice(*span)].any() for span in later)
    return Seen(false, tuple(after))


def _shown(line: dict[str, Any]) -> str:
    ways = "; ".join(
        f"{way}: {one['false']} false, {one['found']} of {line['faults']} faults, "
        f"{one['earlier']} of {one['both']} earlier, {one['later']} later"
        for way, one in line["ways"].items()
    )
    return f"{line['set']:<5} {line['verdicts']:>3} verdicts, {line['series']} series: {ways}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality.feedback", description=__doc__
    )
    add_data(parser)
    add_sets(parser, ("asd", "nab", "smd"))
    add_every(parser)
    parser.add_argument("--verdicts", type=counts, default=[3, 10], metavar="N,…")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
