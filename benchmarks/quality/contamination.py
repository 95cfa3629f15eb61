"""``python -m benchmarks.quality.contamination``: what faults among the training rows cost.

The first faulty rows of each series, at most half of them, are put into the middle of its
training rows until they are the share asked for, and are never judged.  VUS-PR of the rest, by
the detector that learns all rows it is given; by the platform's training, which leaves out what
looks like a fault; and by the same with the averages that it puts beside the detector by
default.  A row stands for a minute.  Sets are read from the data folder (``KIZASHI_DATA``, or
``../shared/data``).
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

import appliance as kizashi
from appliance.core.errors import InvalidRequest
from appliance.fleet.recipe import resolve
from benchmarks.harness.sets import add_data, add_every, add_sets, known, numbers
from benchmarks.quality import loaders
from benchmarks.quality.judging import from_zero, period_of
from detectors import catalog, metrics
from detectors.errors import InvalidInput
from detectors.spans import span_scores

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.quality.loaders import Matrix, Series
    from detectors.validation import FloatVector

WAYS = ("all_learned", "protected", "default")
_START = datetime(2026, 1, 1, tzinfo=UTC)
_LATER = timedelta(days=365)
_STEP = timedelta(minutes=1)


def main(argv: Sequence[str]) -> int:
    """Print a line a set and share."""
    options = _parser().parse_args(argv)
    if not known(options.sets, loaders.SETS):
        return 2
    for line in lines(options.sets, options.data, options.shares, options.every):
        print(json.dumps(line) if options.json else _shown(line), flush=True)
    return 0


def lines(
    sets: Sequence[str], folder: Path, shares: Sequence[float], every: int = 1
) -> Iterator[dict[str, Any]]:
    """Yield the mean VUS-PR of each set by share of faulty rows among the training rows.

    Series that cannot be learned at one of the shares are left out of all, and counted.
    """
    for name in sets:
        found: list[list[tuple[float, ...]]] = []
        refused = 0
        for series in loaders.load(name, folder, every):
            try:
                found.append([judged(series, share, max(shares)) for share in shares])
            except (InvalidInput, InvalidRequest):
                refused += 1
        for place, share in enumerate(shares):
            held, *by_way = np.mean([one[place] for one in found], axis=0)
            yield {
                "set": name,
                "share": share,
                "series": len(found),
                "refused": refused,
                "held": round(float(held), 3),
            } | {way: round(float(value), 4) for way, value in zip(WAYS, by_way, strict=True)}


def judged(series: Series, share: float, most: float) -> tuple[float, ...]:
    """Return the share of faulty rows that was reached, and VUS-PR by each of `WAYS`."""
    faulty = np.flatnonzero(series.labels)
    taken = faulty[: min(_needed(series, most), len(faulty) // 2)]
    kept = np.ones(len(series.labels), bool)
    kept[taken] = False
    test, labels = series.test[kept], series.labels[kept]
    mixed = taken[: _needed(series, share)]
    middle = len(series.train) // 2
    parts = (series.train[:middle], series.test[mixed], series.train[middle:])
    train = np.concatenate(parts)
    window = period_of(test, series.train)
    detector = catalog.make("auto").fit(train)
    fading = detector.fading_rows() or 0.0
    scores = (
        from_zero(detector.score(test)),
        _by_platform(train, test, 0.0),
        _by_platform(train, test, None),
    )
    by_way = (metrics.vus_pr(labels, span_scores(one, fading), window) for one in scores)
    return len(mixed) / len(train), *by_way


def _needed(series: Series, share: float) -> int:
    return int(share * len(series.train) / (1 - share))


def _by_platform(train: Matrix, test: Matrix, hours: float | None) -> FloatVector:
    """Return the surprise of rows by the platform's own training; 0 where not judged."""
    model = kizashi.fit(
        loaders.timed(train, _START, _STEP),
        asset="asset",
        time="time",
        context=[],
        recipe=resolve("auto").model_copy(update={"sustained_hours": hours}),
        engine="local",
    )
    scores: pl.DataFrame = model.score(loaders.timed(test, _START + _LATER, _STEP))
    return np.asarray(np.nan_to_num(scores["surprise"].to_numpy().astype(np.float64)))


def _shown(line: dict[str, Any]) -> str:
    return (
        f"{line['set']:<5} {line['share']:>4.0%} faulty ({line['held']:.1%} reached) "
        f"{line['series']:>3} series: " + ", ".join(f"{way} {line[way]:.3f}" for way in WAYS)
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality.contamination", description=__doc__
    )
    add_data(parser)
    add_sets(parser, ("asd", "skab", "smap", "tep"))
    add_every(parser)
    parser.add_argument(
        "--shares", type=numbers, default=[0.0, 0.05, 0.1, 0.2], metavar="X,Y,…"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
