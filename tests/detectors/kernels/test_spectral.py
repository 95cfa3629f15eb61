"""Saliency of windows against its definition, one window and one frequency after the other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from detectors.kernels.spectral import FAINTEST, saliency
from detectors.validation import FloatVector

SIZES = st.tuples(st.integers(8, 70), st.integers(1, 4), st.floats(-200, 200))


def by_definition(window: FloatVector, taper: FloatVector, place: int, smoothing: int) -> float:
    """Return the saliency of one window, in double precision."""
    spectrum = np.fft.rfft((window - window.mean()) * taper)
    amplitude = np.abs(spectrum)
    log = np.log(np.maximum(amplitude, FAINTEST * amplitude.mean()))
    last, near = len(log) - 1, np.empty(len(log))
    for at in range(len(log)):
        around = range(at - smoothing // 2, at - smoothing // 2 + smoothing)
        near[at] = np.mean([log[min(max(one, 0), last)] for one in around])
    phases = np.exp(1j * np.angle(spectrum))
    phases[amplitude == 0] = 0
    salient = np.abs(np.fft.irfft(np.exp(log - near) * phases, len(window)))
    return max(float(salient[place] / salient.mean()) - 1, 0.0)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(SIZES, st.integers(0, 2**32 - 1), st.data())
def test_many_windows_are_as_one_after_the_other(
    sizes: tuple[int, int, float], seed: int, data: st.DataObject
) -> None:
    width, smoothing, power = sizes
    rng = np.random.default_rng(seed)
    series = rng.normal(size=width + 30) + np.sin(np.arange(width + 30) / 3) + rng.normal()
    views = np.lib.stride_tricks.sliding_window_view(series * 10.0**power, width)
    taper, place = np.hanning(width + 2)[1:-1], data.draw(st.integers(0, width - 1))
    found = saliency(views, taper, place, smoothing)
    wanted = [by_definition(view, taper, place, smoothing) for view in views]
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("value", [0.0, 1.0, -3.3, 1e300, 5e-324])
def test_nothing_stands_out_where_nothing_moves(value: float) -> None:
    found = saliency(np.full((3, 16), value), np.ones(16), 8, 3)
    np.testing.assert_array_equal(found, np.zeros(3))


@settings(max_examples=40, deadline=None)
@given(arrays(np.float64, (5, 16), elements=st.floats(-1, 1)))
def test_whatever_the_numbers_it_is_finite(views: np.ndarray) -> None:
    found = saliency(views, np.ones(16), 8, 3)
    assert np.isfinite(found).all()
    assert (found >= 0).all()
