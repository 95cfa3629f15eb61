"""Residuals of joint windows against plain algebra, and the promise about single bits."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from detectors.kernels.residuals import Axes, residuals

Floats = NDArray[np.float32]


def made(
    seed: int, count: int, sensors: int, width: int, components: int
) -> tuple[Floats, ...]:
    """Return windows, their mean and orthonormal axes."""
    rng = np.random.default_rng(seed)
    size = sensors * width
    windows = rng.normal(size=(count, size)).astype(np.float32)
    axes = np.linalg.qr(rng.normal(size=(size, min(components, size))))[0]
    return windows, rng.normal(size=size).astype(np.float32), axes.astype(np.float32)


sizes = st.tuples(
    st.integers(1, 11), st.integers(1, 7), st.integers(1, 17), st.integers(1, 130)
)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), sizes)
def test_what_is_left_is_what_algebra_leaves(
    seed: int, numbers: tuple[int, int, int, int]
) -> None:
    windows, mean, axes = made(seed, *numbers)
    count, sensors, width, _ = numbers
    rest = windows.astype(np.float64) - mean
    gaps = (rest - rest @ axes @ axes.T).reshape(count, sensors, width)
    found = residuals(windows, mean, Axes.of(axes), sensors)
    np.testing.assert_allclose(
        found, np.sqrt((gaps**2).mean(axis=2)).T, rtol=1e-4, atol=2e-6 * width * sensors
    )


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), sizes, st.integers(0, 10))
def test_a_window_is_the_same_whatever_comes_with_it(
    seed: int, numbers: tuple[int, int, int, int], first: int
) -> None:
    windows, mean, axes = made(seed, *numbers)
    laid = Axes.of(axes)
    whole = residuals(windows, mean, laid, numbers[1])
    part = residuals(windows[first:], mean, laid, numbers[1])
    np.testing.assert_array_equal(part, whole[:, first:])
