"""A score held around its peaks."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from detectors.spans import fading_rows, span_scores

scores = arrays.arrays(np.float64, st.integers(1, 60), elements=st.floats(0, 50))


@settings(max_examples=40, deadline=None)
@given(x=scores, fading=st.floats(0.5, 500))
def test_a_row_has_the_highest_faded_score_around_it(x, fading):
    rows = np.arange(len(x))
    gaps = np.abs(rows[:, None] - rows[None])
    slow = (x[None] * np.exp(-gaps / fading)).max(axis=1)
    np.testing.assert_allclose(span_scores(x, fading), slow, rtol=1e-9)
    np.testing.assert_allclose(span_scores(x[::-1], fading)[::-1], slow, rtol=1e-9)


def test_a_row_that_was_not_judged_stays_so_and_holds_nothing():
    held = span_scores([1.0, np.nan, 4.0, 0.0], 2.0)
    assert np.isnan(held[1])
    assert held[0] > 1.0
    assert held[3] == 4.0 * np.exp(-0.5)


def test_it_fades_sooner_the_more_sensors_there_are_and_later_with_wider_windows():
    assert fading_rows(16, 1) > fading_rows(16, 8) > 0
    assert fading_rows(64, 1) == 2 * fading_rows(16, 1)
