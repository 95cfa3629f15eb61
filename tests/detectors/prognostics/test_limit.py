"""A limit is told only of what wears, and its interval holds it as often as said."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.errors import InvalidInput
from detectors.prognostics import time_to_limit


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_bounds_lie_around_the_middle(seed):
    random = np.random.default_rng(seed)
    told = time_to_limit(95 - np.arange(60) + 3 * random.normal(size=60))
    assert told.wear
    assert 0 <= told.low <= told.middle <= told.high


def test_without_a_trend_nothing_is_told():
    random = np.random.default_rng(1)
    told = [time_to_limit(90 + random.normal(size=50)) for _ in range(60)]
    assert sum(one.wear for one in told) <= 2
    quiet = next(one for one in told if not one.wear)
    assert quiet.middle is None
    assert quiet.low is None


def test_what_is_certain_but_small_is_no_wear():
    assert not time_to_limit(90 - 0.05 * np.arange(50)).wear
    assert not time_to_limit(50 + np.arange(50.0)).wear


@pytest.mark.slow
def test_the_interval_holds_the_limit_as_often_as_said():
    random = np.random.default_rng(2)
    held = 0
    for _ in range(50):
        noise = random.normal(size=80) * 4
        told = time_to_limit(100 - 0.8 * np.arange(80) + noise, limit=10.0)
        held += told.low <= 112.5 - 79 <= told.high
    assert held >= 40


def test_a_limit_that_was_passed_is_now_and_a_far_one_is_beyond():
    fallen = 50 - np.arange(50.0)
    assert time_to_limit(fallen, limit=20).middle == 0
    far = time_to_limit(100 - 0.12 * np.arange(60) + 0.1 * np.sin(np.arange(60)))
    assert far.wear
    assert far.middle == np.inf


def test_coverage_must_be_a_share():
    with pytest.raises(InvalidInput):
        time_to_limit([1, 2, 3], coverage=1.0)
