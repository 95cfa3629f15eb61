"""Small shifts that last stand out; spikes, gaps and where a stretch begins do not matter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors import catalog

ROWS = 4000


@pytest.fixture(scope="module")
def normal():
    return np.random.default_rng(0).normal(size=(ROWS, 3)) * [1.0, 5.0, 0.1] + [0.0, 50.0, 7.0]


@pytest.fixture(scope="module")
def detector(normal):
    return catalog.make("moving_average", window=100).fit(normal)


def later(seed=1, rows=1000):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows, 3)) * [1.0, 5.0, 0.1] + [0.0, 50.0, 7.0]


@pytest.mark.parametrize(("column", "shift"), [(0, 1.0), (1, -5.0), (2, 0.1)])
def test_a_shift_lost_in_single_rows_stands_out_and_is_blamed(detector, column, shift):
    readings = later()
    calm = detector.score(readings)
    readings[500:, column] += shift
    shifted = detector.score(readings)
    assert np.array_equal(shifted[:500], calm[:500])
    assert shifted[600:].min() > 1.5 * calm.max()
    assert set(detector.contributions(readings)[600:].argmax(axis=1)) == {column}


def test_normal_running_seldom_exceeds_what_training_reached(detector):
    share = np.mean([(detector.score(later(seed)) > 1).mean() for seed in range(2, 12)])
    assert share < 0.005


def test_a_spike_of_any_size_counts_as_one_far_reading(detector):
    readings = later()
    calm = detector.score(readings)
    readings[500, 1] = 1e300
    assert detector.score(readings).max() < calm.max() + 0.5


def test_missing_readings_count_as_usual_ones(detector):
    readings = later()
    readings[:, 0] += 1.0
    whole = detector.score(readings)[-1]
    readings[-50:, 0] = np.nan
    assert 0.3 * whole < detector.score(readings)[-1] < 0.8 * whole
    readings[:, 0] = np.nan
    assert detector.score(readings).max() < 2


def test_switches_are_left_out(normal):
    switch = (np.arange(ROWS) % 1000 < 500).astype(float)
    fitted = catalog.make("moving_average", window=50).fit(np.column_stack([normal, switch]))
    readings = np.column_stack([later(), np.ones(1000)])
    assert fitted.score(readings).max() < 2.5
    assert fitted.contributions(readings)[:, 3].max() == 0


def test_a_constant_sensor_that_moves_stands_out(normal):
    fitted = catalog.make("moving_average", window=50).fit(
        np.column_stack([normal, np.full(ROWS, 20.0)])
    )
    readings = np.column_stack([later(), np.full(1000, 20.0)])
    readings[500:, 3] += 1.0
    assert fitted.score(readings)[600] > 5
    assert fitted.contributions(readings)[600].argmax() == 3


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 900), st.integers(0, 2**16))
def test_where_a_stretch_begins_changes_not_one_bit(first, seed):
    readings = later(seed)
    fitted = catalog.make("moving_average", window=60).fit(later(seed + 1))
    before, after = fitted.reach()
    assert after == 0
    whole = fitted.score(readings)
    assert np.array_equal(fitted.score(readings[first:])[before:], whole[first + before :])
