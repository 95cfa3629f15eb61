"""Running statistics against slow twins."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.errors import InvalidInput
from detectors.kernels.recursive import (
    longest_run,
    peak_hold,
    rolling_mean_std,
    run_lengths_equal,
)

few = settings(max_examples=25, deadline=None)
kinds = st.sampled_from([np.float32, np.float64])


def slow_hold(x, tau, before):
    out = []
    for value in x:
        before = max(float(value), before * np.exp(-1 / tau))
        out.append(before)
    return np.array(out)


def slow_mean_std(x, window):
    cut = np.lib.stride_tricks.sliding_window_view(x.astype(np.longdouble), window)
    return cut.mean(axis=1), cut.std(axis=1)


def slow_runs(x):
    lengths = [len(list(group)) for _, group in itertools.groupby(x)]
    return np.repeat(lengths, lengths) if lengths else np.zeros(0)


@few
@given(
    st.lists(st.floats(0, 1e6, width=32), max_size=60),
    st.floats(0.1, 1e4),
    st.floats(0, 10),
    kinds,
)
def test_a_peak_is_held(x, tau, before, kind):
    values = np.array(x, kind)
    held = peak_hold(values, tau, before)
    assert held.dtype == kind
    # Below 1e-38 single precision has fewer digits.
    np.testing.assert_allclose(held, slow_hold(values, tau, before), rtol=1e-6, atol=1e-44)


def test_a_hold_goes_on_from_where_it_stopped():
    x = np.random.default_rng(0).gamma(1.0, size=100)
    whole = peak_hold(x, 8.0)
    first = peak_hold(x[:37], 8.0)
    np.testing.assert_array_equal(peak_hold(x[37:], 8.0, before=first[-1]), whole[37:])


@few
@given(st.integers(1, 200), st.integers(1, 60), st.integers(0, 2**32 - 1), kinds)
def test_moments_of_every_window(n, window, seed, kind):
    rng = np.random.default_rng(seed)
    x = (np.cumsum(rng.normal(size=n)).round(1) * 10.0 ** rng.integers(-3, 6)).astype(kind)
    window = min(window, n)
    mean, std = rolling_mean_std(x, window)
    slow_mean, slow_std = slow_mean_std(x, window)
    np.testing.assert_allclose(mean, slow_mean.astype(float), rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(std, slow_std.astype(float), rtol=1e-9, atol=1e-9)


def test_neither_an_offset_nor_a_jump_spoils_small_deviations():
    x = np.random.default_rng(0).normal(size=3000)
    x[1000] += 1e12
    x[1500:] += 1e6
    _, std = rolling_mean_std(x, 50)
    _, slow = slow_mean_std(x, 50)
    quiet = np.r_[0:951, 1001:1451, 1500:2951]
    np.testing.assert_allclose(std[quiet], slow[quiet].astype(float), rtol=1e-8)


def test_equal_values_have_no_deviation_at_all():
    x = np.r_[np.random.default_rng(0).normal(size=50), np.full(80, 0.1), -5e8]
    mean, std = rolling_mean_std(x, 30)
    assert (std[50:101] == 0).all()
    assert (mean[50:101] == 0.1).all()
    assert (std[:21] > 0).all()


@few
@given(st.lists(st.sampled_from([0.0, -0.0, 1.5, -3.0]), max_size=50), kinds)
def test_runs_of_equal_values(x, kind):
    values = np.array(x, kind)
    np.testing.assert_array_equal(run_lengths_equal(values), slow_runs(x))
    assert longest_run(values) == max(slow_runs(x), default=0)


def test_missing_values_make_no_run():
    assert run_lengths_equal([np.nan, np.nan, 1.0, 1.0]).tolist() == [1, 1, 2, 2]


def test_what_cannot_be_used_is_refused():
    with pytest.raises(InvalidInput, match="tau"):
        peak_hold([1.0], 0.0)
    with pytest.raises(InvalidInput, match="tau"):
        peak_hold([1.0], float("nan"))
    with pytest.raises(InvalidInput, match="vector"):
        run_lengths_equal([[1.0]])
    for window in (0, 4, 1.5):
        with pytest.raises(InvalidInput, match="window"):
            rolling_mean_std([1.0, 2.0, 3.0], window)


def test_read_only_values_are_read():
    x = np.arange(10.0)
    x.setflags(write=False)
    assert peak_hold(x, 2.0)[-1] == 9.0
    assert rolling_mean_std(x, 3)[0][0] == 1.0
    assert longest_run(x) == 1
