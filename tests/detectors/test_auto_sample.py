"""Which training rows are judged live to calibrate, and what stands for the others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors import catalog
from detectors.models.auto_sample import sampled

_LENGTH = 64


@given(
    blocks=st.integers(32, 200),
    rest=st.integers(0, _LENGTH - 1),
    part=st.integers(2, 4),
    seed=st.integers(0, 99),
)
def test_every_row_takes_its_own_score_or_that_of_a_drawn_block(
    blocks: int, rest: int, part: int, seed: int
) -> None:
    count = blocks * _LENGTH + rest
    strain = np.random.default_rng(seed).exponential(size=blocks)
    found = sampled(count, part, _LENGTH, strain, (seed,))
    rows, taken = found.rows, found.rows[found.source]
    assert len(taken) == count
    np.testing.assert_array_equal(taken[rows], rows)
    np.testing.assert_array_equal(taken % _LENGTH, np.arange(count) % _LENGTH)
    others = np.setdiff1d(np.arange(count), rows)
    assert np.isin(taken[others], rows[found.drawn]).all()
    assert found.drawn.sum() == blocks // part * _LENGTH
    assert np.isin(np.arange(blocks * _LENGTH, count), rows).all()
    highest = strain.argmax() * _LENGTH
    assert np.isin(np.arange(highest, highest + _LENGTH), rows).all()
    assert not (taken[others] // _LENGTH == strain.argmax()).any()


@pytest.mark.parametrize(("count", "part"), [(10_000, 1), (31 * _LENGTH, 4), (10, 4)])
def test_of_few_rows_all_are_judged(count: int, part: int) -> None:
    found = sampled(count, part, _LENGTH, np.zeros(count // _LENGTH), (0,))
    np.testing.assert_array_equal(found.rows, np.arange(count))
    np.testing.assert_array_equal(found.source, np.arange(count))
    assert found.drawn.all()


@pytest.mark.slow
def test_rare_bursts_in_long_training_are_all_among_the_live_scores() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(9_000, 24)).cumsum(axis=0) % 7 + rng.normal(size=(9_000, 24))
    bursts = np.arange(700, 9_000, 1_100)
    for row in bursts:
        X[row : row + 6, :8] += 12.0
    scores = catalog.make("auto").fit(X).live_calibration_scores(X)
    assert np.isfinite(scores).all()
    high = np.nanquantile(scores, 0.97)
    peaks = [scores[row : row + 12].max() for row in bursts]
    assert (np.array(peaks) > high).all()
