"""From scores to surprise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.errors import NotFitted, StateCorrupt, TooLittleData
from detectors.thresholds import SurpriseScale
from tests.detectors.thresholds.processes import NORMAL, distance, spoiled


def rate(scale: SurpriseScale, scores, level: float) -> float:
    """Observed probability of a surprise over the promised one."""
    return float((scale.surprise(scores) >= level).mean() * 10**level)


@pytest.mark.slow
@pytest.mark.parametrize("name", NORMAL)
def test_surprise_means_what_it_says_on_new_rows(name):
    rates = {1.0: [], 2.0: [], 3.0: []}
    for seed in range(12):
        rng = np.random.default_rng(seed)
        scale = SurpriseScale().fit(NORMAL[name](rng, 20_000))
        fresh = NORMAL[name](rng, 200_000)
        for level, seen in rates.items():
            seen.append(rate(scale, fresh, level))
    assert 0.9 < np.mean(rates[1.0]) < 1.15
    assert 0.7 < np.mean(rates[2.0]) < 1.4
    assert 0.4 < np.mean(rates[3.0]) < 2.5


@pytest.mark.slow
def test_surprise_means_what_it_says_for_two_hundred_rows():
    seen = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        scale = SurpriseScale().fit(distance(rng, 200))
        seen.append([rate(scale, distance(rng, 20_000), level) for level in (1.0, 2.0)])
    once_in_ten, once_in_hundred = np.mean(seen, axis=0)
    assert 0.7 < once_in_ten < 1.5
    # Ten rows or so are independent: no more than the order of magnitude can be promised.
    assert 0.5 < once_in_hundred < 3.0


def test_logarithms_are_as_surprising_as_the_distances_that_they_are_of():
    rng = np.random.default_rng(5)
    known, asked = np.exp(rng.normal(size=500)), np.array([0.1, 1.0, 9.0, 60.0, 1e4])
    of_distances = SurpriseScale().fit(known).surprise(asked)
    of_logarithms = SurpriseScale(logarithmic=True).fit(np.log1p(known), [])
    kept = SurpriseScale.from_state(of_logarithms.state())
    for scale in (of_logarithms, kept):
        np.testing.assert_allclose(scale.surprise(np.log1p(asked)), of_distances)


def test_what_lies_far_off_is_rarer_by_its_distance_than_by_its_logarithm():
    rng = np.random.default_rng(6)
    known = np.log1p(rng.gamma(8, 0.1, 200))
    near, far = np.median(known), np.log1p(100.0)
    plain, by_distance = (
        SurpriseScale(logarithmic=kind).fit(known).surprise([near, far])
        for kind in (False, True)
    )
    assert by_distance[0] == pytest.approx(plain[0], abs=0.01)
    assert by_distance[1] > plain[1] + 1
    assert np.isfinite(SurpriseScale(logarithmic=True).fit(known).surprise([1e3, 1e9])).all()


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.floats(-1e6, 1e6), min_size=10, max_size=300),
    st.floats(1e-6, 1e6),
    st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=20),
)
def test_it_is_monotone_finite_and_never_negative(scores, unit, asked):
    scale = SurpriseScale().fit(np.array(scores) * unit)
    out = scale.surprise(np.sort(np.array(asked) * unit))
    assert np.isfinite(out).all()
    assert (out >= 0).all()
    assert (np.diff(out) >= -1e-12).all()  # interpolation rounds


def test_scores_a_hair_apart_have_a_surprise():
    scale = SurpriseScale().fit([0.0] * 8 + [5e-324, -1.0])
    out = scale.surprise([-1.0, 0.0, 5e-324, 1.0])
    assert np.isfinite(out).all()
    assert (np.diff(out) >= 0).all()


@pytest.mark.parametrize("name", NORMAL)
def test_ranks_are_kept_far_beyond_the_training_scores(name):
    scores = NORMAL[name](np.random.default_rng(1), 5_000)
    scale = SurpriseScale().fit(scores)
    middle, top = np.median(scores), scores.max()
    ladder = top + (top - middle) * np.geomspace(0.01, 1e6, 200)
    assert (np.diff(scale.surprise(ladder)) > 0).all()


def test_ranks_are_kept_where_training_hardly_scored_at_all():
    still = np.r_[np.zeros(300), np.geomspace(1e-22, 5e-22, 200)]
    told = SurpriseScale().fit(still).surprise(np.linspace(0.4, 1e6, 5_000))
    assert np.isfinite(told).all()
    assert (np.diff(told) > 0).all()


def test_far_extrapolations_stay_readable():
    scores = np.random.default_rng(2).normal(size=10_000)
    assert 5 < SurpriseScale().fit(scores).surprise([100.0])[0] < 30


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_the_unit_of_scores_does_not_matter(unit):
    scores = np.random.default_rng(3).exponential(size=3_000)
    asked = np.linspace(0, 30, 50)
    reference = SurpriseScale().fit(scores).surprise(asked)
    np.testing.assert_allclose(
        SurpriseScale().fit(scores * unit).surprise(asked * unit), reference, rtol=1e-6
    )


def test_rows_without_a_score_are_left_out_and_stay_nan():
    scores = np.random.default_rng(4).normal(size=2_000)
    holes = scores.copy()
    holes[::7] = np.nan
    holes[3] = np.inf
    scale = SurpriseScale().fit(holes)
    assert np.isnan(scale.surprise([np.nan, 0.0])).tolist() == [True, False]
    assert np.isfinite(scale.surprise([np.inf, -np.inf])).all()


def test_scores_that_are_all_the_same_surprise_nobody():
    scale = SurpriseScale().fit(np.full(500, 0.25))
    assert scale.surprise([0.25, 0.2]).tolist() == [0.0, 0.0]
    assert scale.surprise([0.5])[0] > 3


def test_ties_count_as_at_least_as_high():
    scores = np.repeat([0.0, 1.0], [90, 10])
    assert SurpriseScale().fit(scores).surprise([1.0])[0] == pytest.approx(1.0)


def test_gross_faults_in_training_hardly_move_it():
    for seed in range(6):
        rng = np.random.default_rng(seed)
        scores = distance(rng, 15_000)
        dirty, _ = spoiled(rng, scores, 0.05, 3)
        clean = SurpriseScale().fit(scores)
        moved = SurpriseScale().fit(dirty)
        at = np.quantile(scores, [0.5, 0.9, 0.99, 0.999])
        np.testing.assert_allclose(moved.surprise(at), clean.surprise(at), atol=0.25)


def test_its_state_rebuilds_it_bit_for_bit():
    scores = np.random.default_rng(5).gamma(2.0, size=4_000)
    scale = SurpriseScale().fit(scores)
    state = scale.state()
    assert sum(array.nbytes for array in state.values()) < 10_000
    again = SurpriseScale.from_state(state)
    asked = np.linspace(0, 50, 500)
    assert (again.surprise(asked) == scale.surprise(asked)).all()


def test_what_cannot_be_used_is_refused():
    with pytest.raises(TooLittleData):
        SurpriseScale().fit([1.0] * 9)
    with pytest.raises(NotFitted):
        SurpriseScale().surprise([1.0])
    with pytest.raises(NotFitted):
        SurpriseScale().state()
    state = SurpriseScale().fit(np.arange(50.0)).state()
    with pytest.raises(StateCorrupt):
        SurpriseScale.from_state({k: v for k, v in state.items() if k != "tail"})
    with pytest.raises(StateCorrupt):
        SurpriseScale.from_state(state | {"scores": state["scores"][1:]})
