"""Tail probabilities against counting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.errors import InvalidInput
from detectors.kernels.tails import TailArrays, fit_tails, score_tails, tail_contributions

few = settings(max_examples=25, deadline=None)


def counted(known, value):
    """-log of the rarer tail, by counting the training values at most and at least as large."""
    rarer = min((known <= value).sum(), (known >= value).sum())
    return -np.log(rarer / len(known)) if rarer else np.log(len(known) + 1)


def columns(rng, n_features, n, kind):
    drawn = {
        "normal": rng.normal(size=(n_features, n)),
        "ties": rng.normal(size=(n_features, n)).round(),
        "heavy": rng.standard_cauchy(size=(n_features, n)),
        "skewed": np.exp(3 * rng.normal(size=(n_features, n))),
    }
    return drawn[kind].astype(np.float32)


kinds = st.sampled_from(["normal", "ties", "heavy", "skewed"])


@few
@given(st.integers(1, 4), st.integers(1, 800), kinds, st.integers(0, 2**32 - 1))
def test_training_values_have_the_tails_that_counting_gives(n_features, n, kind, seed):
    XT = columns(np.random.default_rng(seed), n_features, n, kind)
    parts = tail_contributions(fit_tails(XT), XT)
    slow = np.array([[counted(known, v) for v in known] for known in XT]).T
    ranks = np.sort(XT, axis=1)
    low, high = ranks[:, [min(19, n - 1)]], ranks[:, [max(n - 20, 0)]]
    outer = (low >= XT) | (high <= XT)
    np.testing.assert_allclose(parts[outer.T], slow[outer.T], atol=1e-5)
    np.testing.assert_allclose(parts, slow, atol=0.08)


@few
@given(st.integers(1, 300), kinds, st.integers(0, 2**32 - 1))
def test_rarer_means_higher(n, kind, seed):
    rng = np.random.default_rng(seed)
    XT = columns(rng, 1, n, kind)
    middle = np.median(XT)
    ladder = np.sort(np.abs(rng.standard_cauchy(size=50))).astype(np.float32) * XT.std()
    tails = fit_tails(XT)
    for side in (middle + ladder, middle - ladder):
        scores = score_tails(tails, side[None])
        exact = [counted(XT[0], v) for v in side.astype(np.float32)]
        # Of two readings with plainly different tails the rarer scores higher.
        order = np.subtract.outer(exact, exact) > 0.2
        assert (np.subtract.outer(scores, scores)[order] > 0).all()


@pytest.mark.parametrize("beyond", [9.0, 1e6, 3e38, np.inf])
def test_beyond_all_training_values_is_equally_rare_however_far(beyond):
    XT = columns(np.random.default_rng(0), 1, 500, "normal")
    for value in (beyond, -beyond):
        score = score_tails(fit_tails(XT), np.array([[value]], np.float32))
        assert score[0] == pytest.approx(np.log(501), rel=1e-6)


def test_rows_add_up_and_a_part_scores_like_the_whole():
    XT = columns(np.random.default_rng(1), 5, 5_000, "normal")
    tails = fit_tails(XT)
    whole = score_tails(tails, XT)
    np.testing.assert_allclose(tail_contributions(tails, XT).sum(axis=1), whole, rtol=1e-5)
    for part in (slice(0, 1), slice(7, 2_055), slice(2_047, 5_000)):
        np.testing.assert_array_equal(score_tails(tails, XT[:, part]), whole[part])


def test_tables_are_small_and_sorted():
    XT = columns(np.random.default_rng(2), 3, 20_000, "heavy")
    knots, tails = fit_tails(XT)
    assert knots.shape[1] < 500
    assert tails.shape == (3, 2 * knots.shape[1] + 1)
    assert (np.diff(knots, axis=1) > 0).all()
    assert (knots[:, 0] == XT.min(axis=1)).all()
    assert (knots[:, -1] == XT.max(axis=1)).all()


def test_negative_zero_equals_zero_and_constants_are_usual():
    XT = np.array([[0.0, -0.0, 0.0, -0.0]], np.float32)
    scores = score_tails(fit_tails(XT), np.array([[0.0, -0.0, 1.0, -1.0]], np.float32))
    assert scores[:2].tolist() == [0.0, 0.0]
    np.testing.assert_allclose(scores[2:], np.log(5), rtol=1e-6)


@pytest.mark.parametrize(
    "broken",
    [
        lambda t: TailArrays(t.knots[:, :-1], t.tails),
        lambda t: TailArrays(t.knots[:, ::-1], t.tails),
        lambda t: TailArrays(t.knots * np.float32(np.nan), t.tails),
        lambda t: TailArrays(t.knots[0], t.tails),
    ],
)
def test_arrays_that_are_no_tails_are_refused(broken):
    XT = columns(np.random.default_rng(0), 2, 50, "normal")
    with pytest.raises(InvalidInput, match=r"no distribution|features where"):
        score_tails(broken(fit_tails(XT)), XT)
    with pytest.raises(InvalidInput, match="3 features where 2"):
        score_tails(fit_tails(XT), np.zeros((3, 1)))
