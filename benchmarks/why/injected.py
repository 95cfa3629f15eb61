"""Faults put into normal rows, so that their sensors and kinds are known and nobody chose them.

A machine's first half of normal rows is learned; faults of six kinds, on one to three sensors,
are put into the rows after it, one after the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.quality import loaders
from benchmarks.quality.loaders import Series
from benchmarks.why.loaders import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    Vector = NDArray[np.float64]

SET = "injected"
SOURCES = ("smd", "asd", "skab")
KINDS = ("shift", "ramp", "noise", "stuck", "spike", "elsewhere")
_MOST_ROWS, _MOST = 8000, 18
_LENGTHS, _PAUSES, _FIRST = (20, 120), (250, 400), 300
_SIZES = (1.5, 4.0)
"""Of a shift, in deviations; the other kinds are as large in their own way."""


def machines(folder: Path) -> Iterator[tuple[Series, list[Fault]]]:
    """Yield each machine with faults in its rows to judge, and what they are."""
    for name in SOURCES:
        for number, rows in enumerate(loaders.normal(name, folder)):
            half = len(rows) // 2
            train, test = rows[:half], rows[half : half + _MOST_ROWS].copy()
            rng = np.random.default_rng([number, len(rows)])
            yield _faulty(f"{name} {number}", train, test, rng)


def _faulty(
    name: str, train: Vector, test: Vector, rng: np.random.Generator
) -> tuple[Series, list[Fault]]:
    spread, normal = test.std(axis=0), test.copy()
    moving = np.flatnonzero(spread > 1e-6 * (1 + np.abs(test).max(axis=0)))
    found: list[Fault] = []
    start = _FIRST
    while len(found) < _MOST and start + _LENGTHS[1] < len(test):
        rows = slice(start, start + int(rng.integers(*_LENGTHS)))
        causes = rng.choice(moving, int(rng.integers(1, 4)), replace=False)
        kind = KINDS[len(found) % len(KINDS)]
        for sensor in causes:
            put = _put(kind, normal[:, sensor], rows, spread[sensor], rng)
            test[rows, sensor] = put
        found.append(Fault(rows, np.isin(np.arange(test.shape[1]), causes)))
        start = rows.stop + int(rng.integers(*_PAUSES))
    labels = np.zeros(len(test), bool)
    for fault in found:
        labels[fault.rows] = True
    return Series(name, train, test, labels), found


def _put(
    kind: str, normal: Vector, rows: slice, spread: float, rng: np.random.Generator
) -> Vector:
    """Return what a sensor reads while it has a fault of a kind."""
    own = normal[rows].copy()
    size = spread * rng.uniform(*_SIZES)
    signed = size * rng.choice([-1.0, 1.0])
    if kind == "shift":
        own += signed
    elif kind == "ramp":
        own += 1.5 * signed * np.linspace(0, 1, len(own))
    elif kind == "noise":
        own += 0.6 * size * rng.normal(size=len(own))
    elif kind == "stuck":
        own[:] = own[0]
    elif kind == "spike":
        middle = len(own) // 2
        own[middle : middle + 3] += 2.5 * signed
    else:
        first = int(rng.integers(0, len(normal) - len(own)))
        own[:] = normal[first : first + len(own)]
    return own
