"""``python -m benchmarks.quality.repeats``: what is left to tell where nobody answers.

A model learns the normal rows of a labelled series and judges the rest.  By budget: events that
are raised and those of them that are told, which no earlier event of the machine speaks for
(`appliance.events.likes`), as nobody answers any; of either the false ones, which touch no
fault, and the labelled faults that one touches.  An event counts as it is when it has ended.

A row stands for 43.2 minutes, so that a month holds `PER_ROWS` of them.  Sets are read from the
data folder (``KIZASHI_DATA``, or ``../shared/data``).
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

from appliance.core.errors import InvalidRequest
from appliance.core.settings import load_settings
from appliance.engine import make
from appliance.events.likes import Earlier, speaks_for, told_again_after
from appliance.fleet import Artifact, FrameChunk, frames, resolve
from appliance.fleet.chunks import cut
from appliance.fleet.replaying import Period, replay_fleet
from appliance.fleet.training import fit_fleet
from benchmarks.harness.sets import add_data, add_every, add_sets, known, numbers
from benchmarks.quality import loaders
from benchmarks.quality.clean import PER_ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from appliance.engine import Engine
    from appliance.schemas.event import EventDraft
    from benchmarks.quality.loaders import Series

    Flags = NDArray[np.bool_]

_START = datetime(2020, 1, 1, tzinfo=UTC)
_STEP = timedelta(days=30) / PER_ROWS
_COUNTS = ("events", "false", "found")


@dataclass(frozen=True)
class Counted:
    """Some events of a series beside its labels.

    Attributes
    ----------
    false
        Those of `events` that touch no fault.
    found
        Labelled faults that one touches, of `faults`.
    """

    events: int
    false: int
    found: int
    faults: int


@dataclass(frozen=True)
class Seen:
    """What a budget makes of a series: all that is raised, and what is told of it."""

    raised: Counted
    told: Counted


def main(argv: Sequence[str]) -> int:
    """Print a line a set and budget, and one a budget over all."""
    options = _parser().parse_args(argv)
    if not known(options.sets, loaders.SETS):
        return 2
    for line in lines(options.sets, options.data, options.budgets, options.every):
        print(json.dumps(line) if options.json else _shown(line), flush=True)
    return 0


def lines(
    sets: Sequence[str], folder: Path, budgets: Sequence[float], every: int = 1
) -> Iterator[dict[str, Any]]:
    """Yield a line a set and budget, summed over its series, and one a budget over all.

    Parameters
    ----------
    budgets
        Events for `PER_ROWS` rows.
    """
    whole: list[dict[float, Seen]] = []
    lost = 0
    with make("local", load_settings()) as engine:
        for name in sets:
            found: list[dict[float, Seen]] = []
            refused = 0
            for series in loaders.load(name, folder, every):
                try:
                    found.append(judged(series, budgets, engine))
                except InvalidRequest:
                    refused += 1
            yield from _summed(name, found, budgets, refused)
            whole += found
            lost += refused
    yield from _summed("all", whole, budgets, lost)


def judged(series: Series, budgets: Sequence[float], engine: Engine) -> dict[float, Seen]:
    """Return what a model that knows the normal rows of a series says of the others.

    Raises
    ------
    InvalidRequest
        Nothing can be learned from them.
    """
    first = len(series.train)
    frame = loaders.timed(np.concatenate([series.train, series.test]), _START, _STEP)
    layout = frames.guess(frame, "asset", "time", [])
    rows = frames.normalise(frame, layout)
    with tempfile.TemporaryDirectory(prefix="kizashi-") as scratch:
        folder = Path(scratch) / "model"
        fit_fleet(cut(rows[:first], 1), resolve("auto"), layout, folder, engine)
        entry = Artifact(folder).manifest.assets[loaders.ASSET]
        around = rows[max(first - entry.warm_rows, 0) :]
        period = Period((_time(first), _time(len(rows))))
        [replay] = replay_fleet([FrameChunk(around)], folder, period, engine, budgets=budgets)
    labels = np.concatenate([np.zeros(first, bool), series.labels])
    return {
        budget: Seen(
            _counted(events, labels),
            _counted(told(events, told_again_after(budget)), labels),
        )
        for budget, events in replay.others
    }


def told(events: Sequence[EventDraft], again: timedelta) -> list[EventDraft]:
    """Return the events of a machine that somebody is told of where nobody answers any.

    Parameters
    ----------
    again
        For how long one that was told speaks for its repeats.
    """
    found: list[EventDraft] = []
    for one in sorted(events, key=lambda event: event.start):
        earlier = (Earlier(str(n), other, None) for n, other in enumerate(found))
        if speaks_for(one, earlier, again) is None:
            found.append(one)
    return found


def _counted(events: Sequence[EventDraft], labels: Flags) -> Counted:
    spans = [(_row(one.start), _row(one.end) + 1) for one in events]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], labels.view(np.int8), [0]])))
    faults = edges.reshape(-1, 2)
    return Counted(
        events=len(events),
        false=sum(not labels[slice(*span)].any() for span in spans),
        found=sum(any(a < stop and start < b for a, b in spans) for start, stop in faults),
        faults=len(faults),
    )


def _time(row: int) -> datetime:
    return _START + row * _STEP


def _row(moment: datetime) -> int:
    return round((moment - _START) / _STEP)


def _summed(
    name: str, found: Sequence[dict[float, Seen]], budgets: Sequence[float], refused: int
) -> Iterator[dict[str, Any]]:
    for budget in budgets:
        seen = [one[budget] for one in found]
        yield {
            "set": name,
            "budget": budget,
            "series": len(found),
            "refused": refused,
            "faults": sum(one.raised.faults for one in seen),
            "raised": {key: sum(getattr(one.raised, key) for one in seen) for key in _COUNTS},
            "told": {key: sum(getattr(one.told, key) for one in seen) for key in _COUNTS},
        }


def _shown(line: dict[str, Any]) -> str:
    of = "; ".join(
        f"{what} {line[what]['events']} events, {line[what]['false']} false, "
        f"{line[what]['found']} faults found"
        for what in ("raised", "told")
    )
    return (
        f"{line['set']:<5} {line['budget']:>4g} of {PER_ROWS} rows {line['series']:>3} series, "
        f"{line['faults']:>3} faults: {of}"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality.repeats", description=__doc__
    )
    add_data(parser)
    add_sets(parser, ("asd", "nab", "smd"))
    add_every(parser)
    parser.add_argument(
        "--budgets",
        type=numbers,
        default=[1.0, 0.3],
        metavar="N,…",
        help=f"events for {PER_ROWS} rows",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
