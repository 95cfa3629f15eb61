"""Public data sets as series: normal rows to learn from, rows to score, and their labels.

Splits are those of the data folder's README ("Train parts").  Labels are for judging only.
"""

from __future__ import annotations

import ast
import csv
import gzip
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime, timedelta
    from pathlib import Path

    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

SKAB_TRAIN_ROWS = 400
NAB_TRAIN_SHARE = 0.15
TEP_FAULT_ROW = 160
WELL_BLOCK_SECONDS = 10
ASSET = "A"
"""Name of the one machine that a series is of, where a frame needs one."""


@dataclass(frozen=True, eq=False)
class Series:
    """One labelled series.

    Attributes
    ----------
    name
        Name within its set.
    train, test
        Rows × columns; NaN where a reading is missing.
    labels
        One flag per test row.
    """

    name: str
    train: Matrix
    test: Matrix
    labels: NDArray[np.bool_]


def _split(name: str, values: Matrix, labels: NDArray[np.bool_], rows: int) -> Series:
    return Series(name, values[:rows], values[rows:], labels[rows:])


def _text(path: Path, delimiter: str | None = ",") -> Matrix:
    with gzip.open(path, "rt") as file:
        return np.loadtxt(file, delimiter=delimiter, ndmin=2)


def skab_runs(folder: Path) -> Iterator[tuple[str, pl.DataFrame, Matrix]]:
    """Yield name, frame and readings of the pump loop's labelled runs."""
    for path in sorted((folder / "skab" / "data").glob("*/*.csv")):
        frame = pl.read_csv(path, separator=";")
        if "anomaly" in frame.columns:
            values = frame.drop("datetime", "anomaly", "changepoint").to_numpy().astype(float)
            yield f"{path.parent.name}/{path.stem}", frame, values


def skab(folder: Path) -> Iterator[Series]:
    """Yield the 34 labelled runs of the pump loop; the first 400 rows are normal."""
    for name, frame, values in skab_runs(folder):
        labels = frame["anomaly"].to_numpy() > 0
        yield _split(name, values, labels, SKAB_TRAIN_ROWS)


def nab_files(folder: Path) -> Iterator[tuple[str, Matrix, list[tuple[int, int]]]]:
    """Yield name, readings and labelled windows, as first and last row, of all NAB files."""
    root = folder / "nab"
    windows = json.loads((root / "labels" / "combined_windows.json").read_text())
    for name in sorted(windows):
        frame = pl.read_csv(root / "data" / name)
        times = frame["timestamp"].str.to_datetime("%Y-%m-%d %H:%M:%S")
        found = []
        for start, end in windows[name]:
            first, last = (
                pl.Series([text]).str.to_datetime("%Y-%m-%d %H:%M:%S%.f").item()
                for text in (start, end)
            )
            rows = np.flatnonzero(times.is_between(first, last).to_numpy())
            found.append((int(rows[0]), int(rows[-1])))
        yield name, frame["value"].to_numpy().astype(float)[:, None], found


def nab(folder: Path) -> Iterator[Series]:
    """Yield the NAB series with a labelled window after their first 15 %."""
    for name, values, windows in nab_files(folder):
        labels = np.zeros(len(values), dtype=bool)
        for first, last in windows:
            labels[first : last + 1] = True
        yield _split(name, values, labels, int(NAB_TRAIN_SHARE * len(values)))


def ucr(folder: Path) -> Iterator[Series]:
    """Yield the UCR archive's series; the file name holds split and anomaly (1-based)."""
    for path in sorted((folder / "ucr").glob("*.txt.gz")):
        name = path.name.removesuffix(".txt.gz")
        train, begin, end = (int(part) for part in name.split("_")[-3:])
        values = _text(path, delimiter=None).reshape(-1, 1)
        labels = np.zeros(len(values), dtype=bool)
        labels[begin - 1 : end] = True
        yield _split(name, values, labels, train)


def tep(folder: Path) -> Iterator[Series]:
    """Yield the faulty Tennessee Eastman runs, each against the normal training run."""
    root = folder / "tep"
    train = _text(root / "d00.dat.gz", delimiter=None).T
    for path in sorted(root.glob("d*_te.dat.gz")):
        if path.name.startswith("d00"):
            continue
        test = _text(path, delimiter=None)
        yield Series(path.name[:3], train, test, np.arange(len(test)) >= TEP_FAULT_ROW)


def _servers(root: Path) -> Iterator[Series]:
    for path in sorted((root / "test").glob("*.txt.gz")):
        name = path.name.removesuffix(".txt.gz")
        labels = np.loadtxt(root / "test_label" / f"{name}.txt") > 0
        yield Series(name, _text(root / "train" / path.name), _text(path), labels)


def smd(folder: Path) -> Iterator[Series]:
    """Yield the machines of the Server Machine Dataset."""
    yield from _servers(folder / "smd")


def asd(folder: Path) -> Iterator[Series]:
    """Yield the entities of the Application Server Dataset."""
    yield from _servers(folder / "asd")


def _spacecraft(folder: Path, craft: str) -> Iterator[Series]:
    root = folder / "smap_msl"
    with (root / "labeled_anomalies.csv").open() as file:
        spans = {
            row["chan_id"]: ast.literal_eval(row["anomaly_sequences"])
            for row in csv.DictReader(file)
            if row["spacecraft"] == craft
        }
    for path in sorted((root / "test").glob("*.npy.gz")):
        name = path.name.removesuffix(".npy.gz")
        if name not in spans:
            continue
        with gzip.open(path) as file, gzip.open(root / "train" / path.name) as normal:
            test, train = np.load(file), np.load(normal)
        labels = np.zeros(len(test), dtype=bool)
        for begin, end in spans[name]:
            labels[begin : end + 1] = True
        yield Series(name, train, test, labels)


def smap(folder: Path) -> Iterator[Series]:
    """Yield the SMAP channels: telemetry and one-hot commands."""
    yield from _spacecraft(folder, "SMAP")


def msl(folder: Path) -> Iterator[Series]:
    """Yield the MSL channels: telemetry and one-hot commands."""
    yield from _spacecraft(folder, "MSL")


def wells(folder: Path) -> Iterator[Series]:
    """Yield the 3W wells with a fault, as means over 10 s.

    A well is learned from its own fault-free recordings; one that has none from the first
    half of the normal rows before its fault, which are then not scored.  A block is faulty if
    any of its seconds is.
    """
    root = folder / "3w"
    recordings = _recordings(root)
    for path in sorted(root.glob("[1-8]/*.csv.gz")):
        values, classes = _well(path)
        name = f"{path.parent.name}/{path.name.removesuffix('.csv.gz')}"
        labels = np.asarray((classes > 0).any(axis=1))
        own = recordings.get(path.name.split("_")[0])
        if own is not None:
            yield Series(name, own, values, labels)
        else:
            first_fault = int(np.argmax(~(classes == 0).all(axis=1)))
            yield _split(name, values, labels, first_fault // 2)


def _well(path: Path) -> tuple[Matrix, Matrix]:
    """Return the block means (blocks × sensors) and the classes (blocks × seconds)."""
    frame = pl.read_csv(path, infer_schema_length=None)
    rows = len(frame) // WELL_BLOCK_SECONDS
    # One file carries two more columns, about an event.
    others = ("timestamp", "class", "event", "value")
    cells = frame.drop(others, strict=False).cast(pl.Float64).to_numpy()
    classes = frame["class"].cast(pl.Float64).to_numpy()
    used = rows * WELL_BLOCK_SECONDS
    return _block_means(cells, rows), classes[:used].reshape(rows, WELL_BLOCK_SECONDS)


def _block_means(cells: Matrix, rows: int) -> Matrix:
    blocks = cells[: rows * WELL_BLOCK_SECONDS].reshape(rows, WELL_BLOCK_SECONDS, -1)
    present = ~np.isnan(blocks)
    count = present.sum(axis=1)
    total = np.where(present, blocks, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


SETS: dict[str, Callable[[Path], Iterator[Series]]] = {
    "3w": wells,
    "asd": asd,
    "msl": msl,
    "nab": nab,
    "skab": skab,
    "smap": smap,
    "smd": smd,
    "tep": tep,
    "ucr": ucr,
}


def timed(values: Matrix, start: datetime, step: timedelta) -> pl.DataFrame:
    """Return rows as a frame of one machine that has a row a step."""
    columns = {f"s{place:02d}": column for place, column in enumerate(values.T)}
    times = [start + row * step for row in range(len(values))]
    return pl.DataFrame({"asset": [ASSET] * len(values), "time": times, **columns})


class Stream(NamedTuple):
    """Rows of one file, how many of them are learned from, and its labelled windows."""

    values: Matrix
    learned: int
    windows: list[tuple[int, int]]


def load(name: str, folder: Path, every: int = 1) -> Iterator[Series]:
    """Yield every `every`-th series of a set whose test part holds both classes."""
    usable = (s for s in SETS[name](folder) if s.labels.any() and not s.labels.all())
    yield from (series for i, series in enumerate(usable) if i % every == 0)


def normal(name: str, folder: Path) -> Iterator[Matrix]:
    """Yield the rows of a set that nobody labelled faulty, a matrix a machine.

    Of series with faults in them that is what comes before the first fault.  The first of TEP
    is its normal training run, the others come from the same plant.
    """
    if name == "3w":
        yield from _recordings(folder / "3w").values()
    elif name == "skab":
        (path,) = (folder / "skab" / "data").glob("anomaly-free/*.csv")
        frame = pl.read_csv(path, separator=";")
        yield frame.drop("datetime").to_numpy().astype(float)
    elif name == "tep":
        yield _text(folder / "tep" / "d00.dat.gz", delimiter=None).T
        yield _text(folder / "tep" / "d00_te.dat.gz", delimiter=None)
        yield from (series.test[:TEP_FAULT_ROW] for series in tep(folder))
    else:
        for series in SETS[name](folder):
            if name not in ("nab", "ucr"):
                yield series.train
                continue
            faulty = np.flatnonzero(series.labels)
            before = series.test[: faulty[0]] if len(faulty) else series.test
            yield np.concatenate([series.train, before])


def _recordings(root: Path) -> dict[str, Matrix]:
    """Return the fault-free recordings of each well, one after the other."""
    found: dict[str, list[Matrix]] = {}
    for path in sorted((root / "0").glob("*.csv.gz")):
        found.setdefault(path.name.split("_")[0], []).append(_well(path)[0])
    return {well: np.concatenate(parts) for well, parts in found.items()}
