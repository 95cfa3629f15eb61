"""The series that TSB-AD publishes scores of, with its own split, beside every method there.

A detector learns the first rows of a series, as many as the file's name says, and is judged on
all of it.  Series are found among the other sets by the data folder's map.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from benchmarks.quality import loaders
from benchmarks.quality.loaders import Series

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

TRACKS = {"tsbad-u": ("U", "uni"), "tsbad-m": ("M", "multi")}
GOAL = 1.1
"""Times the best single method on the same series."""
_WHOLE_FILES = {"NAB", "UCR"}
_NEXT = 4


class Published(NamedTuple):
    """A series, and the VUS-PR of each published method on it."""

    series: Series
    scores: Mapping[str, float]


def load(name: str, folder: Path, every: int = 1) -> Iterator[Published]:
    """Yield every `every`-th mapped series of a track that has published scores."""
    track, table = TRACKS[name]
    scores = _scores(folder, table)
    known = pl.read_csv(folder / "tsbad" / "tsbad_map.csv").filter(
        (pl.col("track") == track) & pl.col("tsbad_file").is_in(list(scores))
    )
    for source in known["source"].unique(maintain_order=True):
        own = known.filter(pl.col("source") == source)
        there = {series.name: series for series in loaders.SETS[source.lower()](folder)}
        for file, local in own.select("tsbad_file", "local").gather_every(every).iter_rows():
            yield Published(_resplit(file, there[local], source, track), scores[file])


def best(found: Sequence[Published]) -> dict[str, float]:
    """Return the means of the methods that are best on these series, the best first."""
    means = {
        method: float(np.mean([one.scores[method] for one in found]))
        for method in found[0].scores
    }
    first = sorted(means, key=lambda method: -means[method])[: 1 + _NEXT]
    return {method: round(means[method], 4) for method in first}


def _scores(folder: Path, table: str) -> dict[str, dict[str, float]]:
    """Return by file the published score of each method; 0 where it gave none."""
    results = folder / "tsbad" / "benchmark_exp" / "benchmark_eval_results"
    frame = pl.read_csv(results / f"{table}_mergedTable_VUS-PR.csv")
    methods = frame.columns[1 : frame.columns.index("ts_len")]
    rows = frame.select("file", *methods).fill_null(0.0).iter_rows(named=True)
    return {row.pop("file"): row for row in rows}


def _resplit(file: str, series: Series, source: str, track: str) -> Series:
    """Return the series as TSB-AD has it: learned from its first rows, judged on all."""
    values, labels = series.test, series.labels
    if source in _WHOLE_FILES:
        values = np.concatenate([series.train, values])
        labels = np.concatenate([np.zeros(len(series.train), bool), labels])
    if track == "U":
        values = values[:, :1]
    learned = re.search(r"_tr_(\d+)_", file)
    if learned is None:
        raise ValueError(f"{file} does not say how many rows to learn from")
    return Series(file, values[: int(learned[1])], values, labels)
