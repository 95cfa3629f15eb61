"""Novelty beside all rows before, against a slow twin that keeps every window."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.errors import InvalidInput
from detectors.kernels.novelty import Memory, Quiet, advance, calls

few = settings(max_examples=15, deadline=None)
WINDOWS = ((4, 4), (32, 8), (64, 8), (16, 1), (64, 1), (40, 8), (64, 8))


def slow_views(values, row):
    views = [None] * 7
    for view, (rows, points) in enumerate(WINDOWS):
        window = values[max(row - rows + 1, 0) : row + 1]
        if len(window) < rows or np.isnan(window).any():
            continue
        blocks = window.reshape(points, -1)
        means, low, high = blocks.mean(axis=1), blocks.min(axis=1), blocks.max(axis=1)
        if view >= 5:
            means = np.where(high - means > means - low, high, low)
        if view in (0, 1, 5):
            views[view] = means / np.sqrt(points)
        elif view in (2, 6):
            views[view] = (means - means.mean()) / (means.std() + 0.1) / np.sqrt(8)
        else:
            views[view] = np.log([window.std() + 0.05])
    return views


def slow_surprise(novelty, before):
    if len(before) < 50:
        return 0.0
    ordered = sorted(before, reverse=True)
    number = min(32, int(np.ceil(0.05 * len(before))))
    start = ordered[number]
    base = np.log10((len(before) + 1) / (number + 1))
    if novelty <= start:
        return base * novelty / start
    mean = (np.log(np.array(ordered[:number]) / start).sum() + 3.0) / (number + 10)
    return base + np.log(novelty / start) / mean / np.log(10)


def slow_advance(values, views=7):
    """Two highest surprises of a single sensor's rows; every window is a reference."""
    references = [[] for _ in range(7)]
    before = [[] for _ in range(7)]
    out = np.zeros((2, len(values)))
    for row in range(len(values)):
        found = [0.0, 0.0]
        for view, gap in enumerate((8, 32, 64, 16, 64, 40, 64)[:views]):
            if row >= gap and (learned := slow_views(values, row - gap)[view]) is not None:
                references[view].append(learned)
            own = slow_views(values, row)[view]
            if own is None or not references[view]:
                continue
            gaps = np.asarray(references[view]) - own
            novelty = np.sqrt((gaps**2).sum(axis=1).min())
            if view == 0:
                novelty = np.sqrt(novelty * abs(values[row] - values[row - 1]))
            novelty += 0.01
            found.append(slow_surprise(novelty, before[view]))
            before[view].append(novelty)
        out[:, row] = sorted(found, reverse=True)[:2]
    return out


@pytest.mark.slow
@settings(max_examples=6, deadline=None)  # the twin takes half a second
@given(st.integers(0, 10_000), st.sampled_from([1.0, 40.0]), st.sampled_from([5, 7]))
def test_two_highest_surprises_are_those_of_the_slow_twin(seed, jump, views):
    values = np.random.default_rng(seed).normal(size=280).astype(np.float32)
    values[220:] += np.float32(jump)
    top, owners = advance(Memory.empty(1, 280, views), values[None])
    expected = slow_advance(values.astype(float), views)
    np.testing.assert_allclose(top, expected, rtol=2e-4, atol=2e-4)
    assert set(owners[top.T > 0]) <= {0}


def test_sensors_are_judged_by_themselves_and_the_highest_of_all_count():
    columns = np.random.default_rng(1).normal(size=(3, 400)).astype(np.float32)
    columns[2, 300] += 30
    top, owners = advance(Memory.empty(3, 60), columns)
    alone = [advance(Memory.empty(1, 60), one[None])[0] for one in columns]
    np.testing.assert_array_equal(top, np.sort(np.concatenate(alone), axis=0)[:-3:-1])
    assert (owners[300] == 2).all()


@few
@given(st.lists(st.integers(1, 60), min_size=1, max_size=8), st.integers(0, 10_000))
def test_rows_in_parts_are_judged_as_the_whole(parts, seed):
    rng = np.random.default_rng(seed)
    columns = rng.normal(size=(2, sum(parts))).astype(np.float32)
    columns[rng.random(columns.shape) < 0.05] = np.nan
    whole, quiet = Memory.empty(2, 20), Quiet.empty()
    top, owners = advance(whole, columns)
    expected = calls(quiet, top.mean(axis=0), 0.1)
    memory, other, at = Memory.empty(2, 20), Quiet.empty(), 0
    for rows in parts:
        part, of = advance(memory, np.ascontiguousarray(columns[:, at : at + rows]))
        np.testing.assert_array_equal(part, top[:, at : at + rows])
        np.testing.assert_array_equal(of, owners[at : at + rows])
        called = calls(other, part.mean(axis=0), 0.1)
        np.testing.assert_array_equal(called, expected[at : at + rows])
        at += rows
    for one, two in zip([*whole, *quiet], [*memory, *other], strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_full_memory_keeps_references_apart_and_everything_near_to_one():
    values = np.random.default_rng(2).normal(size=3_000).astype(np.float32)
    memory = Memory.empty(1, 40)
    advance(memory, values[None])
    assert (memory.counts <= 40).all()
    assert (memory.counts > 0).all()
    starts = np.cumsum([0, *(points for _, points in WINDOWS)]).tolist()
    for view, (first, stop) in enumerate(pairwise(starts)):
        kept = memory.references[0, : memory.counts[0, view], first:stop].astype(float)
        apart = ((kept[:, None] - kept[None]) ** 2).sum(axis=2)
        np.fill_diagonal(apart, np.inf)
        assert (apart > memory.radius[0, view]).all()


def test_a_missing_row_is_not_judged_and_a_short_gap_is_bridged():
    values = np.random.default_rng(3).normal(size=400).astype(np.float32)
    values[300:310] = np.nan
    values[340:380] = np.nan
    top, _ = advance(Memory.empty(1, 100), values[None])
    assert (top[:, 300:310] == 0).all()
    assert (top[:, 310:340] > 0).all()
    assert (top[:, 340:383] == 0).all()


def slow_calls(surprises, share):
    out, held, before = [], 0.0, [0.0] * 64
    for row, value in enumerate(surprises):
        usual = before[63] - np.log10((row + 1) / 64) if row > 50 else 0.0
        before = sorted([*before, value], reverse=True)[:64]
        own = value - 0.5 * usual
        out.append(own if own > held + 0.1 else 0.0)
        held = max(own, held * (1 - 1 / (share * (row + 1) + 1)), 0.0)
    return np.array(out)


@few
@given(st.integers(0, 10_000), st.floats(0.01, 10.0))
def test_calls_are_those_of_the_slow_twin(seed, share):
    surprises = np.random.default_rng(seed).exponential(size=300)
    found = calls(Quiet.empty(), surprises, share)
    np.testing.assert_allclose(found, slow_calls(surprises, share), rtol=1e-9)


def test_what_cannot_be_judged_is_refused():
    with pytest.raises(InvalidInput, match="sensors"):
        advance(Memory.empty(2, 20), np.zeros((3, 5)))
    with pytest.raises(InvalidInput, match="share"):
        calls(Quiet.empty(), np.zeros(3), 0.0)
