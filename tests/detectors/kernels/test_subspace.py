"""Windows within and beside a plane against cutting every window out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.errors import InvalidInput
from detectors.kernels.subspace import split_windows

few = settings(max_examples=25, deadline=None)


def slow_split(rows, lags, axes, variances):
    windows = [rows[i + lags].ravel() for i in range(len(rows) - lags[-1])]
    windows = np.array(windows).reshape(-1, axes.shape[1])
    along = windows @ axes.T
    return (windows**2).sum(1), (along**2).sum(1), (along**2 / variances).sum(1)


def plane(rng, n_axes, size):
    return np.linalg.qr(rng.normal(size=(size, n_axes)))[0].T


@few
@given(
    st.integers(1, 400),
    st.integers(1, 5),
    st.integers(1, 7),
    st.integers(1, 3),
    st.integers(1, 9),
    st.integers(0, 2**32 - 1),
)
def test_squares_are_those_of_the_windows(n, n_columns, n_lags, step, n_axes, seed):
    rng = np.random.default_rng(seed)
    rows, lags = rng.normal(size=(n, n_columns)) * 10, np.arange(n_lags) * step
    axes = plane(rng, min(n_axes, n_lags * n_columns), n_lags * n_columns)
    variances = rng.uniform(0.01, 3, len(axes))
    split = split_windows(rows, lags, axes, variances)
    expected = slow_split(rows, lags, axes, variances)
    for got, slow in zip(split, expected, strict=True):
        np.testing.assert_allclose(got, slow, rtol=1e-12, atol=1e-12)


def test_a_part_is_split_like_the_whole_to_the_last_bit():
    rng = np.random.default_rng(0)
    rows, lags = rng.normal(size=(700, 3)), np.arange(11)
    given_plane = lags, plane(rng, 7, 33), np.arange(1, 8)
    whole = split_windows(rows, *given_plane)
    for low, high in ((0, 1), (5, 140), (127, 690)):
        part = split_windows(rows[low : high + 10], *given_plane)
        for got, expected in zip(part, whole, strict=True):
            np.testing.assert_array_equal(got, expected[low:high])


def test_what_does_not_fit_is_refused():
    rows = np.zeros((9, 2))
    with pytest.raises(InvalidInput, match="fit axes"):
        split_windows(rows, [0, 1], np.eye(3), np.ones(3))
    with pytest.raises(InvalidInput, match="first lag"):
        split_windows(rows, [1, 2], np.eye(4), np.ones(4))
