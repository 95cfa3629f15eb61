"""``python -m benchmarks.quality.feedback``: what verdicts on events make of the next model.

A model learns from the normal rows of a series and watches the first half of the rest.  Of what
looks like an event that nobody has answered nobody is told (`appliance.events.likes`).  Whoever
judges goes by the labels: the first events that were told, as many as asked for, are called
true if they touch a fault and false if they do not, and that is the answer to their repeats;
the others stay open.  Then the platform learns anew from all rows so far: what was called true,
or is open, is not learned from, what was called false is, however unusual.

False events that are told, and found faults, are counted in the second half: by the model as
it was, by one that learned anew without a word, by one with the verdicts, by that one without
the events that the platform mutes because they look like one called false, and by that where
verdicts go on: what is told in the second half is judged as well, until a machine has had as
many as asked for.  Last, by the fourth with planned maintenance: every third false event of the
model as it was is in the calendar, so that it is neither learned from nor judged nor in need of
a verdict.  Of faults that a way and the one without a word both find it also tells how long
after their beginning the first event begins.

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
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl

from appliance.calendar.masks import Masks
from appliance.core.errors import InvalidRequest
from appliance.core.settings import load_settings
from appliance.engine import make
from appliance.events.likes import Earlier, speaks_for, told_again_after
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
    Verdict = Literal["true", "false"]

_START = datetime(2020, 1, 1, tzinfo=UTC)
_STEP = timedelta(minutes=40)
_AGAIN = told_again_after(resolve("auto").threshold.false_alarms_per_month)
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
    """Return what a model of each of `WAYS` tells in the second half, by number of verdicts."""
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
        halves = _Halves(labels, border, events)
        unheard = [halves.seen(_events(model, frame), 0) for model in (before, silent)]
        planned = _planned(whole, labels)
        ran = frame.filter(~np.isin(np.arange(len(frame)), planned))
        known = ran.filter(pl.col("time") < _time(border))
        unplanned = _Halves(labels, border, [e for e in events if e.start not in planned])
        told = []
        for count in verdicts:
            model = _learned(frame[:border], halves.guide(count), folder / f"{count}", engine)
            later = _events(model, frame)
            ways = [halves.seen(later, count, likes=False), halves.seen(later, count)]
            ways.append(halves.seen(later, count, going_on=True))
            guide = unplanned.guide(count)
            model = _learned(known, guide, folder / f"planned{count}", engine)
            ways.append(unplanned.seen(_events(model, ran), count))
            told.append([*unheard, *ways])
    return told


def _planned(events: Sequence[Found], labels: Flags) -> NDArray[np.int64]:
    """Return the rows of planned maintenance: a part of the events that touch no fault."""
    false = [one for one in events if not labels[one.start : one.stop].any()]
    spans = [np.arange(one.start, one.stop) for one in false[::_PLANNED_EVERY]]
    return np.concatenate([np.empty(0, np.int64), *spans])


class _Halves:
    """What was told in the first half, and what is in the second.

    Parameters
    ----------
    labels, border
        Of all rows, and where the second half begins.
    events
        Of the first half, in time.
    """

    def __init__(self, labels: Flags, border: int, events: Sequence[Found]) -> None:
        self._labels, self._border, self._events = labels, border, events
        self._told: list[Found] = []
        self._repeats: dict[int, int] = {}
        for one in events:
            speaks = speaks_for(one.draft, map(_unanswered, self._told), _AGAIN)
            if speaks is None:
                self._told.append(one)
            else:
                self._repeats[one.start] = int(speaks.event)

    def guide(self, verdicts: int) -> Guide:
        """Return what people said: nothing is learned from what is true or still open."""
        said = self._answers(verdicts)
        spans = [(one.start, one.stop, said.get(one.start)) for one in self._events]
        false = [(start, stop) for start, stop, verdict in spans if verdict == "false"]
        held = [(start, stop) for start, stop, verdict in spans if verdict != "false"]
        return Guide(held=(("events", _masks(held)),), vouched=_masks(false))

    def seen(
        self,
        events: Sequence[Found],
        verdicts: int,
        *,
        likes: bool = True,
        going_on: bool = False,
    ) -> Seen:
        """Return what is told in the second half after so many verdicts on the first.

        Parameters
        ----------
        likes
            What was called false speaks for events like it.
        going_on
            What is told there is judged as well, as long as there are verdicts left.
        """
        said = self._answers(verdicts)
        known = [
            Earlier(str(one.start), one.draft, said.get(one.start))
            for one in self._events
            if (likes if one.start in said else one.start not in self._repeats)
        ]
        left = verdicts - len(self._told[:verdicts]) if going_on else 0
        told = []
        for one in events:
            if one.start < self._border or speaks_for(one.draft, known, _AGAIN) is not None:
                continue
            told.append(one)
            verdict = self._verdict(one) if left > 0 else None
            known.append(Earlier(str(one.start), one.draft, verdict))
            left -= 1
        return _counted(told, self._labels, self._border)

    def _answers(self, verdicts: int) -> dict[int, Verdict]:
        """Return the verdicts on events by their start; an answer is that of its repeats."""
        said = {one.start: self._verdict(one) for one in self._told[:verdicts]}
        repeats = {one: said[first] for one, first in self._repeats.items() if first in said}
        return said | repeats

    def _verdict(self, one: Found) -> Verdict:
        return "true" if self._labels[one.start : one.stop].any() else "false"


def _unanswered(one: Found) -> Earlier:
    return Earlier(str(one.start), one.draft, None)


def _learned(known: pl.DataFrame, guide: Guide, folder: Path, engine: Engine) -> FleetModel:
    layout = frames.guess(known, "asset", "time", [])
    rows = frames.normalise(known, layout)
    report = fit_fleet(cut(rows, 1), resolve("auto"), layout, folder, engine, guide=guide)
    return FleetModel(report.folder)


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
