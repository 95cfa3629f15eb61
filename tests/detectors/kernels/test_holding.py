"""How columns change and hold their values, against slow twins."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.errors import InvalidInput
from detectors.kernels.holding import beyond, changing, held

BLOCK = 2_048
"""Rows that the kernels look at in one go: what lies over its ends is looked at twice."""

few = settings(max_examples=60, deadline=None)
sizes = st.one_of(st.integers(0, 80), st.integers(-3, 3).map(lambda more: BLOCK + more))
seeds = st.integers(0, 2**32 - 1)


def readings(columns: int, rows: int, seed: int) -> np.ndarray:
    """Columns of many values and of few, that hold some of them, all at once now and then."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(columns, rows)).round(int(rng.choice([0, 1, 8])))
    for column in range(columns if rows else 0):
        for _ in range(rng.integers(0, 4)):
            start = rng.integers(0, rows)
            stop = start + rng.integers(1, max(rows // 2, 2))
            at = column if rng.random() < 0.7 else slice(None)
            values[at, start:stop] = rng.choice([0.0, -0.0, 1.5, np.nan])
    kind = np.float32 if rng.random() < 0.5 else np.float64
    order = "F" if rng.random() < 0.3 else "C"
    return np.asarray(values, kind, order=order)


def slow_runs(column):
    """Half-open ranges of one known value."""
    edges = [i for i in range(1, len(column)) if column[i] != column[i - 1]]
    ranges = itertools.pairwise([0, *edges, len(column)] if len(column) else [])
    return [(a, b) for a, b in ranges if column[a] == column[a]]


def slow_moved(values):
    """Columns that changed, row by row; none in the first."""
    rows = values.T.tolist()
    pairs = itertools.pairwise(rows)
    later = [sum(a != b for a, b in zip(*pair, strict=True)) for pair in pairs]
    return [0, *later][: len(rows)]


def slow_busy(values, needed):
    moved = slow_moved(values)
    return [0, *(count >= needed for count in moved[1:])][: len(moved)]


@few
@given(st.integers(0, 5), sizes, seeds)
def test_changes_are_counted(columns, rows, seed):
    values = readings(columns, rows, seed)
    found = changing(values)
    moved = slow_moved(values)[1:]
    assert found.together.tolist() == np.bincount(moved, minlength=columns + 1).tolist()
    for column, changes, runs in zip(values, found.changes, found.runs, strict=True):
        assert changes == sum(a != b for a, b in itertools.pairwise(column.tolist()))
        assert runs == len(slow_runs(column.tolist()))


@few
@given(
    st.integers(0, 5), sizes, seeds, st.integers(0, 5), st.integers(1, 4), st.integers(1, 12)
)
def test_how_long_values_are_held(columns, rows, seed, needed, rank, most):
    values = readings(columns, rows, seed)
    found = held(values, needed, rank, most)
    busy = slow_busy(values, needed)
    for c, column in enumerate(values):
        runs = slow_runs(column.tolist())
        lengths = sorted((b - a for a, b in runs), reverse=True)
        within = sorted((sum(busy[a:b]) for a, b in runs), reverse=True)
        assert found.values[c] == min(len(np.unique(column[~np.isnan(column)])), most)
        assert found.longest[c] == (lengths[rank - 1] if len(runs) >= rank else -1)
        assert found.busiest[c] == (within[rank - 1] if len(runs) >= rank else -1)


@few
@given(st.integers(0, 5), sizes, seeds, st.integers(0, 5))
def test_runs_that_are_too_long(columns, rows, seed, needed):
    values = readings(columns, rows, seed)
    rng = np.random.default_rng(seed)
    longest, busiest = rng.integers(0, 12, (2, columns))
    busy = slow_busy(values, needed)
    expected = []
    for c, column in enumerate(values):
        for a, b in slow_runs(column.tolist()):
            long = longest[c] and b - a > longest[c]
            if long or (busiest[c] and sum(busy[a:b]) > busiest[c]):
                expected.append([c, a, b])
    assert sorted(beyond(values, needed, longest, busiest).tolist()) == expected


def test_many_runs_are_too_long():
    values = np.repeat(np.arange(1_000.0), 3)[None]
    found = beyond(values, 1, np.array([2]), np.array([0]))
    assert sorted(found[:, 1].tolist()) == list(range(0, 3_000, 3))


def test_what_cannot_be_used_is_refused():
    with pytest.raises(InvalidInput, match="dimensions"):
        changing(np.zeros(3))
    with pytest.raises(InvalidInput, match="rank"):
        held(np.zeros((1, 3)), 1, 0, 5)
    with pytest.raises(InvalidInput, match="most"):
        held(np.zeros((1, 3)), 1, 1, 0)
    with pytest.raises(InvalidInput, match="2 entries"):
        beyond(np.zeros((2, 3)), 1, np.ones(1, int), np.ones(2, int))
