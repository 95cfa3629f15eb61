"""Compiled kernels: the one room that imports numba.

Each file holds typed functions over kernels that release the GIL, so that plain threads run
them side by side, and that are compiled for read-only arrays, so that one compilation serves
arrays of every origin.  Readings come column by column: ``XT`` is (n_features, n_rows),
float32, without NaN.  Importing a file compiles its kernels or loads them from numba's cache
(``NUMBA_CACHE_DIR``); importing this package does neither.
"""

from __future__ import annotations

import importlib
import pkgutil
import time
from dataclasses import dataclass
from types import ModuleType


@dataclass(frozen=True)
class Warmed:
    """What it took to have every kernel ready.

    Attributes
    ----------
    seconds
        Tens of them on a new machine, about one from a filled cache.
    compiled
        Kernels that were not in the cache.
    """

    seconds: float
    compiled: int


def warm() -> Warmed:
    """Compile or load every kernel, and call the most used ones once on little data."""
    begin = time.perf_counter()
    # All of them, whoever asks first.
    modules = [
        importlib.import_module(f"{__name__}.{found.name}")
        for found in pkgutil.iter_modules(__path__)
    ]
    _call_once()
    return Warmed(time.perf_counter() - begin, sum(map(_compiled, modules)))


def _compiled(module: ModuleType) -> int:
    """Return how many kernels of a file numba did not find in its cache."""
    from numba.core.dispatcher import Dispatcher

    own = [
        kernel
        for kernel in vars(module).values()
        if isinstance(kernel, Dispatcher) and kernel.py_func.__module__ == module.__name__
    ]
    return sum(1 for kernel in own if kernel.stats.cache_misses)


def _call_once() -> None:
    import numpy as np

    from detectors.kernels import (
        cuts,
        forest,
        join,
        levels,
        nearest,
        novelty,
        recursive,
        tails,
        views,
    )

    rows = np.random.default_rng(0).normal(size=(64, 3)).astype(np.float32)
    XT = np.ascontiguousarray(rows.T)
    grown = forest.fit_forest(XT, n_trees=4)
    compiled = forest.compile_forest(grown, len(XT))
    forest.score_forest(compiled, XT)
    forest.forest_contributions(compiled, XT)
    learned = tails.fit_tails(XT)
    tails.score_tails(learned, XT)
    tails.tail_contributions(learned, XT)
    nearest.nearest(rows, rows, k=2)
    nearest.kth_smallest(rows, k=2)
    surprises, _ = novelty.advance(novelty.Memory.empty(3, 16), XT)
    novelty.calls(novelty.Quiet.empty(), surprises[0], 0.1)
    join.ab_join(XT[0], XT[1], window=8)
    join.self_join(XT[0], window=8)
    recursive.peak_hold(XT[0], tau=8.0)
    recursive.run_lengths_equal(XT[0])
    rising = np.arange(8.0)
    levels.read_off(rising, rising, rising)
    peaks = rising, np.arange(8)
    levels.count_stretches(*peaks, rising, release=0.5, merge_rows=1, minimum_rows=1)
    ends = np.ones(1), np.full(1, 7.0)
    levels.halved(*peaks, np.arange(1), ends, 2, release=0.5, merge_rows=1, minimum_rows=1)
    starts = np.arange(0, 56, 8)
    for windows in (
        cuts.centred_windows(XT, starts, np.full(8, 1 / 8, np.float32)),
        cuts.nested_windows(XT, starts[:-1], (8, 16)),
    ):
        views.nearest_views(views.references(windows), windows)
    cuts.roughness(XT, starts, width=8)
