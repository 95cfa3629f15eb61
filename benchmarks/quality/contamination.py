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
from benchmarks.quality import loaders
from benchmarks.quality.judging import complete
from benchmarks.quality.run import DATA
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


def main(argv: Sequence[str]) -> int:
    """Print a line a set and share."""
    options = _parser().parse_args(argv)
    unknown = [name for name in options.sets if name not in loaders.SETS]
    if unknown:
        print(f"no such set: {', '.join(unknown)}", file=sys.stderr)
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
    window = metrics.dominant_period(complete(test[:, :1], series.train[:, :1])[:, 0])
    detector = catalog.make("auto").fit(train)
    fading = detector.fading_rows() or 0.0
    scores = (
        _from_zero(detector.score(test)),
        _by_platform(train, test, 0.0),
        _by_platform(train, test, None),
    )
    by_way = (metrics.vus_pr(labels, span_scores(one, fading), window) for one in scores)
    return len(mixed) / len(train), *by_way


def _needed(series: Series, share: float) -> int:
    return int(share * len(series.train) / (1 - share))


def _from_zero(scores: FloatVector) -> FloatVector:
    return np.asarray(scores - min(scores.min(), 0.0))


def _by_platform(train: Matrix, test: Matrix, hours: float | None) -> FloatVector:
    """Return the surprise of rows by the platform's own training; 0 where not judged."""
    model = kizashi.fit(
        _frame(train, _START),
        asset="asset",
        time="time",
        context=[],
        recipe=resolve("auto").model_copy(update={"sustained_hours": hours}),
        engine="local",
    )
    scores: pl.DataFrame = model.score(_frame(test, _START + _LATER))
    return np.asarray(np.nan_to_num(scores["surprise"].to_numpy().astype(np.float64)))


def _frame(values: Matrix, start: datetime) -> pl.DataFrame:
    rows = len(values)
    columns = {f"s{place:02d}": column for place, column in enumerate(values.T)}
    moments = [start + row * timedelta(minutes=1) for row in range(rows)]
    return pl.DataFrame({"asset": ["A"] * rows, "time": moments, **columns})


def _shown(line: dict[str, Any]) -> str:
    return (
        f"{line['set']:<5} {line['share']:>4.0%} faulty ({line['held']:.1%} reached) "
        f"{line['series']:>3} series: " + ", ".join(f"{way} {line[way]:.3f}" for way in WAYS)
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality.contamination", description=__doc__
    )
    parser.add_argument("--json", action="store_true", help="print an object a line")
    parser.add_argument(
        "--sets", type=_names, default=["asd", "skab", "smap", "tep"], metavar="A,B,…"
    )
    parser.add_argument(
        "--shares", type=_shares, default=[0.0, 0.05, 0.1, 0.2], metavar="X,Y,…"
    )
    parser.add_argument("--every", type=int, default=1, help="only every n-th series")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the sets")
    return parser


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _shares(text: str) -> list[float]:
    return [float(part) for part in _names(text)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
