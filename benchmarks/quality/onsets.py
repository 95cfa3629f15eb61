"""Streams to develop early calls on, so that NAB and SKAB need not be looked at.

Simulated sensors of many kinds, most of them what NAB's score must be silent about - counts,
rare bursts, heavy tails, modes - with none to three onsets a file; single sensors of public
sets with labels; and some of their machines whole.  Windows are made as NAB makes them: a tenth
of the file, shared by its onsets, each centred on its beginning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.quality import loaders
from benchmarks.quality.loaders import Stream
from detectors import metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from benchmarks.quality.loaders import Matrix
    from detectors.validation import FloatVector

    Rng = np.random.Generator

_FILES = 12
"""Simulated files of each kind."""
_SHARE = 0.1
_LONGEST = 10_000
_MACHINE_ROWS = 3_000
_PART = 2_880
"""Rows of the files that servers are cut into: ten days."""


def windowed(values: Matrix, begins: Sequence[int], learned: int | None = None) -> Stream:
    """Return a file with a window about each onset after the rows that are learned from.

    These are NAB's probation where not given.
    """
    rows = len(values)
    learned = metrics.probation_rows(rows) if learned is None else learned
    begins = [begin for begin in begins if begin > learned]
    half = int(_SHARE * rows / max(len(begins), 1) / 2)
    windows: list[tuple[int, int]] = []
    for begin in begins:
        first, last = max(begin - half, learned), min(begin + half, rows - 1)
        if windows and first <= windows[-1][1]:
            windows[-1] = windows[-1][0], last
        else:
            windows.append((first, last))
    return Stream(values, learned, windows)


# ---------------------------------------------------------------------- normal running
def _rhythm(rng: Rng, rows: int) -> FloatVector:
    """Return a daily rhythm of one to three harmonics, now and then with quieter weekends."""
    day = int(rng.choice([24, 48, 96, 144, 288]))
    time = np.arange(rows) / day + rng.random()
    out = np.zeros(rows)
    for harmonic in range(1, rng.integers(2, 5)):
        out += np.sin(2 * np.pi * (harmonic * time + rng.random())) / harmonic
    if rng.random() < 0.5:
        out = np.where(np.floor(time) % 7 >= 5, rng.uniform(0.3, 0.8) * out, out)
    return np.asarray(out)


def _autocorrelated(rng: Rng, rows: int, memory: float) -> FloatVector:
    noise = rng.normal(size=rows) * np.sqrt(1 - memory**2)
    for row in range(1, rows):
        noise[row] += memory * noise[row - 1]
    return np.asarray(noise)


def _bursts(rng: Rng, rows: int, every: float) -> FloatVector:
    """Return bursts that begin at any time, of any size and with a decay."""
    out = np.zeros(rows)
    for begin in np.flatnonzero(rng.random(rows) < 1 / every).tolist():
        length = int(rng.integers(1, 12))
        end = min(begin + length, rows)
        shape = np.exp(-np.arange(end - begin) / max(length / 3, 1))
        out[begin:end] += min(1 + rng.pareto(2.5), 12) * shape
    return out


def _daily(rng: Rng, rows: int) -> FloatVector:
    return _rhythm(rng, rows) + rng.uniform(0.05, 0.4) * _autocorrelated(rng, rows, 0.6)


def _counts(rng: Rng, rows: int) -> FloatVector:
    rate = rng.uniform(1, 40) * np.exp(rng.uniform(0, 0.8) * _rhythm(rng, rows))
    spread = rng.gamma(rng.uniform(2, 20), size=rows)
    return np.asarray(rng.poisson(rate * spread / spread.mean()), np.float64)


def _traffic(rng: Rng, rows: int) -> FloatVector:
    """Return one that is the noisier the higher it is."""
    level = np.exp(0.6 * _rhythm(rng, rows))
    return np.asarray(level * (1 + rng.uniform(0.1, 0.4) * _autocorrelated(rng, rows, 0.3)))


def _rare(rng: Rng, rows: int) -> FloatVector:
    quiet = 0.05 * rng.normal(size=rows)
    return np.asarray(np.abs(quiet) + _bursts(rng, rows, rng.uniform(30, 250)))


def _heavy(rng: Rng, rows: int) -> FloatVector:
    wide = rng.uniform(0.4, 1.1)
    both = 0.7 * _autocorrelated(rng, rows, 0.8) + 0.7 * rng.normal(size=rows)
    return np.asarray(np.exp(wide * both))


def _noise(rng: Rng, rows: int) -> FloatVector:
    return rng.normal(size=rows)


def _slow(rng: Rng, rows: int) -> FloatVector:
    slow = _autocorrelated(rng, rows, 1 - 1 / rng.uniform(100, 500))
    return np.asarray(slow + 0.3 * _rhythm(rng, rows) + 0.05 * rng.normal(size=rows))


def _modes(rng: Rng, rows: int) -> FloatVector:
    """Return two to four levels, held for any time."""
    levels = rng.uniform(0, 4, size=rng.integers(2, 5))
    changes = np.cumsum(rng.random(rows) < 1 / rng.uniform(20, 150))
    order = rng.integers(len(levels), size=rows)
    return np.asarray(levels[order[changes]] + 0.1 * _autocorrelated(rng, rows, 0.5))


def _jobs(rng: Rng, rows: int) -> FloatVector:
    """Return a quiet load with jobs at fixed times, as of a server."""
    out = rng.uniform(0.1, 0.5) + 0.05 * _autocorrelated(rng, rows, 0.9)
    for _ in range(rng.integers(1, 4)):
        every, length = int(rng.choice([12, 48, 96, 288])), int(rng.integers(1, 8))
        for begin in range(int(rng.integers(every)), rows, every):
            at = max(begin + int(rng.integers(-1, 2)), 0)
            out[at : at + length] += rng.uniform(0.8, 1.2)
    return np.asarray(out)


def _cycles(rng: Rng, rows: int) -> FloatVector:
    """Return one shape again and again, each time a little longer or shorter."""
    shape = np.cumsum(rng.normal(size=12))
    length = int(rng.integers(30, 120))
    parts: list[FloatVector] = []
    while sum(len(part) for part in parts) < rows:
        own = int(length * rng.uniform(0.93, 1.07))
        parts.append(np.interp(np.linspace(0, 11, own), np.arange(12), shape))
    noise = rng.uniform(0.02, 0.3) * rng.normal(size=rows)
    return np.asarray(np.concatenate(parts)[:rows] + noise)


def _steps(rng: Rng, rows: int) -> FloatVector:
    return np.asarray(np.round(2 * _autocorrelated(rng, rows, rng.uniform(0.7, 0.98))))


def _walk(rng: Rng, rows: int) -> FloatVector:
    """Return a level that wanders, with noise that comes and goes."""
    size = np.exp(0.5 * _autocorrelated(rng, rows, 0.995))
    return np.asarray(_autocorrelated(rng, rows, 0.998) + 0.3 * size * rng.normal(size=rows))


KINDS: dict[str, Callable[[Rng, int], FloatVector]] = {
    "daily": _daily,
    "counts": _counts,
    "traffic": _traffic,
    "rare": _rare,
    "heavy": _heavy,
    "noise": _noise,
    "slow": _slow,
    "modes": _modes,
    "jobs": _jobs,
    "cycles": _cycles,
    "steps": _steps,
    "walk": _walk,
}


# ---------------------------------------------------------------------- onsets
def _spike(rng: Rng, x: FloatVector, at: int, size: float) -> None:
    x[at : at + int(rng.integers(1, 5))] += size * rng.choice([-1, 1, 1])


def _burst(rng: Rng, x: FloatVector, at: int, size: float) -> None:
    length = int(rng.integers(8, 60))
    part = x[at : at + length]
    part += size * rng.random(len(part)) * (rng.random(len(part)) < 0.5)


def _shift(rng: Rng, x: FloatVector, at: int, size: float) -> None:
    length = int(rng.choice([40, 100, 300, len(x)]))
    x[at : at + length] += 0.6 * size * rng.choice([-1, 1])


def _ramp(rng: Rng, x: FloatVector, at: int, size: float) -> None:
    part = x[at : at + int(rng.integers(60, 300))]
    part += 1.2 * size * rng.choice([-1, 1]) * np.linspace(0, 1, len(part))


def _noisier(rng: Rng, x: FloatVector, at: int, size: float) -> None:
    part = x[at : at + int(rng.integers(40, 300))]
    part += 0.35 * size * rng.normal(size=len(part))


def _calmer(rng: Rng, x: FloatVector, at: int, _: float) -> None:
    part = x[at : at + int(rng.integers(100, 300))]
    part[:] = part.mean() + 0.1 * (part - part.mean())


def _stuck(rng: Rng, x: FloatVector, at: int, _: float) -> None:
    x[at : at + int(rng.integers(60, 300))] = x[at]


def _lost(rng: Rng, x: FloatVector, at: int, _: float) -> None:
    x[at : at + int(rng.integers(20, 200))] = np.quantile(x, 0.005)


def _faster(rng: Rng, x: FloatVector, at: int, _: float) -> None:
    length = min(int(rng.integers(150, 400)), (len(x) - at) // 2)
    x[at : at + length] = x[at : at + 2 * length : 2]


def _larger(rng: Rng, x: FloatVector, at: int, _: float) -> None:
    part = x[at : at + int(rng.integers(100, 400))]
    part[:] = np.median(x) + rng.uniform(1.6, 3) * (part - np.median(x))


def _reversed(rng: Rng, x: FloatVector, at: int, _: float) -> None:
    part = x[at : at + int(rng.integers(100, 300))]
    part[:] = part[::-1].copy()


def _moved(rng: Rng, x: FloatVector, at: int, _: float) -> None:
    """Let all that follows come later or earlier."""
    by = int(rng.integers(10, 80))
    x[at:-by] = x[at + by :].copy()


ONSETS = (
    _spike, _spike, _burst, _burst, _shift, _shift, _ramp, _noisier, _calmer, _stuck, _lost,
    _faster, _larger, _reversed, _moved,
)  # fmt: skip


def simulated(_: Path) -> Iterator[Stream]:
    """Yield files of each kind, from 1,200 to 5,000 rows; a quarter have no onset."""
    for place, kind in enumerate(KINDS.values()):
        for number in range(_FILES):
            rng = np.random.default_rng([place, number])
            rows = int(rng.choice([1_200, 2_500, 4_000, 5_000]))
            x = kind(rng, rows)
            size = np.ptp(np.quantile(x, [0.005, 0.995]))
            begins = np.sort(rng.integers(int(0.2 * rows), int(0.97 * rows), rng.integers(4)))
            for begin in begins:
                ONSETS[rng.integers(len(ONSETS))](
                    rng, x, int(begin), size * rng.uniform(0.4, 2)
                )
            yield windowed(x[:, None], begins.tolist())


# ---------------------------------------------------------------------- public sets
def _starts(labels: np.ndarray) -> list[int]:
    return np.flatnonzero(np.diff(labels.astype(np.int8), prepend=0) > 0).tolist()


def _means(column: FloatVector, rows: int) -> FloatVector:
    used = len(column) // rows * rows
    return np.asarray(column[:used].reshape(-1, rows).mean(axis=1))


def _servers(folder: Path, name: str, together: int) -> Iterator[Stream]:
    """Yield the columns that somebody named in an incident, with those incidents."""
    for path in sorted((folder / name / "interpretation_label").glob("*.txt")):
        table = np.loadtxt(folder / name / "test" / f"{path.stem}.txt.gz", delimiter=",")
        begins: dict[int, list[int]] = {}
        for line in path.read_text().split():
            span, columns = line.split(":")
            for column in columns.split(","):
                begin = int(span.split("-")[0]) // together
                begins.setdefault(int(column) - 1, []).append(begin)
        for number, found in sorted(begins.items()):
            values = _means(table[:, number], together)
            for first in range(0, len(values) - _PART // 2, _PART):
                own = [begin - first for begin in found if first <= begin < first + _PART]
                yield windowed(values[first : first + _PART, None], sorted(own))


def smd(folder: Path) -> Iterator[Stream]:
    """Yield ten days of single metrics of servers, means of five minutes."""
    yield from _servers(folder, "smd", 5)


def asd(folder: Path) -> Iterator[Stream]:
    """Yield ten days of single metrics of applications, every five minutes."""
    yield from _servers(folder, "asd", 1)


def spacecraft(folder: Path) -> Iterator[Stream]:
    """Yield the telemetry of SMAP and MSL, each training and test file as one stream."""
    for series in (*loaders.smap(folder), *loaders.msl(folder)):
        before = series.train[-len(series.test) :, :1]
        begins = [len(before) + begin for begin in _starts(series.labels)]
        yield windowed(np.concatenate([before, series.test[:, :1]]), begins)


def ucr(folder: Path) -> Iterator[Stream]:
    """Yield every other series of the UCR archive, of long ones the rows about the anomaly."""
    for series in list(loaders.ucr(folder))[::2]:
        values = np.concatenate([series.train, series.test])
        begin = len(series.train) + _starts(series.labels)[0]
        first = max(begin - int(0.7 * _LONGEST), 0)
        yield windowed(values[first : first + _LONGEST], [begin - first])


def machines(folder: Path) -> Iterator[Stream]:
    """Yield all sensors of machines, half of the spacecraft and a third of the wells.

    What comes before the judged rows is learned from.
    """
    for name, every in (("asd", 1), ("tep", 1), ("3w", 3), ("smap", 2), ("msl", 2)):
        for series in list(loaders.SETS[name](folder))[::every]:
            before, judged = series.train[-_MACHINE_ROWS:], series.test[:_MACHINE_ROWS]
            begins = [len(before) + begin for begin in _starts(series.labels[:_MACHINE_ROWS])]
            yield windowed(np.concatenate([before, judged]), begins, len(before))


SETS: dict[str, Callable[[Path], Iterator[Stream]]] = {
    "onsets": simulated,
    "onsets-smd": smd,
    "onsets-asd": asd,
    "onsets-craft": spacecraft,
    "onsets-ucr": ucr,
    "onsets-machines": machines,
}
