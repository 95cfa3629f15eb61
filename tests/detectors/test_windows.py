"""Windows: views, back to rows, periods, ring buffer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors import windows
from detectors.errors import InvalidInput
from detectors.windows import RingBuffer


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_rows_are_means_of_the_windows_that_cover_them(
    n_windows: int, width: int, seed: int
) -> None:
    values = np.random.default_rng(seed).normal(size=n_windows)
    rows = windows.rows_from_windows(values, width)
    for row, got in enumerate(rows):
        covering = values[max(row - width + 1, 0) : row + 1]
        assert got == pytest.approx(covering.mean())


def test_a_row_is_untouched_by_windows_that_do_not_cover_it() -> None:
    values = np.random.default_rng(0).normal(size=500)
    changed = values.copy()
    changed[200:] *= 1e9
    before = windows.rows_from_windows(values, 32)[:200]
    assert np.array_equal(before, windows.rows_from_windows(changed, 32)[:200])


def test_blocks_are_the_windows() -> None:
    x = np.arange(300_000.0)
    blocks = list(windows.window_blocks(x, 7))
    assert len(blocks) > 1
    assert np.array_equal(np.concatenate([b for _, b in blocks]), windows.sliding(x, 7))
    assert [start for start, _ in blocks] == list(
        np.cumsum([0] + [len(b) for _, b in blocks[:-1]])
    )


@settings(max_examples=50, deadline=None)
@given(
    st.integers(1, 60),
    st.integers(1, 4),
    st.integers(1, 6),
    st.integers(1, 4),
    st.integers(0, 2**32 - 1),
)
def test_inner_products_are_those_of_windows_cut_out(
    more: int, columns: int, lags: int, step: int, seed: int
) -> None:
    rows = np.random.default_rng(seed).normal(size=(more + (lags - 1) * step, columns))
    cut = np.stack([rows[w : w + (lags - 1) * step + 1 : step].ravel() for w in range(more)])
    np.testing.assert_allclose(windows.gram(rows, lags, step), cut.T @ cut, atol=1e-9)
    with pytest.raises(InvalidInput, match="do not fit"):
        windows.gram(rows[more:], lags, step)


@pytest.mark.parametrize("width", [0, 11])
def test_windows_that_do_not_fit(width: int) -> None:
    with pytest.raises(InvalidInput, match="10 rows"):
        windows.sliding(np.zeros(10), width)


@pytest.mark.parametrize("period", [12, 25, 60])
def test_period_is_found(period: int) -> None:
    rng = np.random.default_rng(period)
    time = np.arange(1500)
    x = 100 + 0.01 * time + np.sin(2 * np.pi * time / period) + 0.2 * rng.normal(size=1500)
    assert windows.dominant_period(x, 8, 128) == pytest.approx(period, abs=1)


@pytest.mark.parametrize(
    "x",
    [np.random.default_rng(0).normal(size=2000), np.full(2000, 3.0), np.arange(2000.0)],
    ids=["noise", "constant", "line"],
)
def test_no_period_where_there_is_none(x: np.ndarray) -> None:
    assert windows.dominant_period(x, 8, 128) is None


def test_too_short_for_a_period() -> None:
    assert windows.dominant_period(np.sin(np.arange(20.0)), 16, 128) is None


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 9), st.lists(st.integers(0, 12), max_size=12))
def test_ring_buffer_holds_the_last_rows(capacity: int, sizes: list[int]) -> None:
    buffer = RingBuffer(capacity, 2)
    everything = np.arange(2.0 * sum(sizes)).reshape(-1, 2)
    start = 0
    for size in sizes:
        buffer.push(everything[start : start + size])
        start += size
        assert np.array_equal(buffer.latest(), everything[:start][-capacity:])
        assert np.array_equal(buffer.latest(2), everything[:start][-min(2, capacity) :])
    assert len(buffer) == min(capacity, start)


def test_ring_buffer_cannot_be_written_through() -> None:
    buffer = RingBuffer(2, 1)
    buffer.push([[1.0]])
    with pytest.raises(ValueError, match="read-only"):
        buffer.latest()[0] = 2
    with pytest.raises(InvalidInput):
        buffer.push([[1.0, 2.0]])
    with pytest.raises(InvalidInput):
        RingBuffer(0, 1)
