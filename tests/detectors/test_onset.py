"""Onsets: said once when something new begins, and learned with every row."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors import catalog
from detectors.errors import InvalidInput, StateCorrupt
from detectors.kernels.novelty import FIRST_VIEWS, Memory, Quiet, advance, calls
from detectors.models.auto_columns import Sensors
from detectors.models.onset import Onset
from detectors.streams import Stream
from detectors.thresholds import SurpriseScale

Matrix = NDArray[np.float64]
_HIGH = 3.0


def _rhythm(rows: int, seed: int) -> Matrix:
    rng = np.random.default_rng(seed)
    time = np.arange(rows)[:, None]
    return np.asarray(
        np.sin(2 * np.pi * time / [48.0, 31.0]) + 0.1 * rng.normal(size=(rows, 2))
    )


@pytest.fixture(scope="module")
def fitted() -> Onset:
    return Onset().fit(_rhythm(1_500, 0))


def _new() -> Matrix:
    return _rhythm(2_500, 0)[1_500:]


def _spike(X: Matrix) -> None:
    X[500, 1] += 3


def _shift(X: Matrix) -> None:
    X[500:, 1] += 3


def _noisier(X: Matrix) -> None:
    X[500:600, 1] += np.random.default_rng(1).normal(size=100)


def _stuck(X: Matrix) -> None:
    X[500:600, 1] = X[500, 1]


def _lost(X: Matrix) -> None:
    X[500:600, 1] *= 0.1


@pytest.mark.parametrize("change", [_spike, _shift, _noisier, _stuck, _lost])
def test_what_begins_is_called_soon_and_by_its_sensor(fitted: Onset, change) -> None:
    X = _new()
    change(X)
    scores = fitted.score(X)
    calls = np.flatnonzero(scores > _HIGH)
    assert 500 <= calls[0] < 530
    assert scores[:500].max() < scores[calls].max()
    assert fitted.contributions(X)[calls[0]].argmax() == 1


def test_what_lasts_and_what_comes_again_is_silent(fitted: Onset) -> None:
    X = _new()
    for begin in (300, 492, 684):  # whole rhythms apart
        X[begin : begin + 60, 0] += 4
    scores = fitted.score(X)
    assert 300 <= scores.argmax() < 304
    assert scores[380:].max() < _HIGH < scores.max()
    X[950:, 0] += 40
    assert 950 <= fitted.score(X)[340:].argmax() + 340 < 954


def test_most_rows_say_nothing_and_few_of_normal_running_say_much(fitted: Onset) -> None:
    scores = fitted.score(_new())
    assert (scores == 0).mean() > 0.95
    assert (scores > _HIGH).sum() <= 1


def test_a_stream_learns_in_a_copy_and_says_what_the_whole_says(fitted: Onset) -> None:
    X = _new()
    X[200, 0] = np.nan
    expected = fitted.score(X)
    stream = Stream(fitted)
    parts = [stream.feed(rows).onset for rows in np.split(X, [1, 2, 300, 301])]
    np.testing.assert_array_equal(np.concatenate(parts), expected)
    np.testing.assert_array_equal(fitted.score(X), expected)


def test_a_stream_that_refuses_rows_has_learned_nothing(fitted: Onset) -> None:
    X = _new()
    stream = Stream(fitted)
    stream.feed(X[:100])
    for wrong in (X[:5, :0], np.full((2, 2), np.inf), np.ones((3, 40))):
        with pytest.raises(InvalidInput):
            stream.feed(wrong)
    np.testing.assert_array_equal(stream.feed(X[100:200]).onset, fitted.score(X[:200])[100:])


def test_what_was_learned_goes_on_after_it_was_stored(fitted: Onset) -> None:
    X = _new()
    expected = fitted.score(X)
    stored = Onset.from_state(fitted.state(), fitted.get_params()).partial_fit(X[:400])
    again = Onset.from_state(stored.state(), stored.get_params())
    np.testing.assert_array_equal(again.score(X[400:]), expected[400:])
    first = Onset().partial_fit(_rhythm(1_500, 0)).score(X)
    np.testing.assert_array_equal(first, expected)


def test_a_model_kept_before_there_were_peaks_goes_on_with_its_five_views() -> None:
    known, X = _rhythm(1_500, 0), _new()
    detector = Onset().fit(known)
    earlier = Memory.empty(2, 300, FIRST_VIEWS)
    quiet = Quiet.empty()
    sensors = Sensors.learn(known)
    calls(quiet, advance(earlier, sensors.apply(known))[0].mean(axis=0), 0.1)
    state = detector.state() | earlier._asdict() | quiet._asdict()
    old = Onset.from_state(state, detector.get_params())
    expected = calls(quiet, advance(earlier, sensors.apply(X))[0].mean(axis=0), 0.1)
    np.testing.assert_array_equal(old.score(X), expected)
    assert old.state()["counts"].shape == (2, FIRST_VIEWS)
    assert old.calibration_scores(known).shape == (1_500,)
    assert old.fit(known).state()["counts"].shape == detector.state()["counts"].shape


def test_a_state_of_other_parameters_is_refused(fitted: Onset) -> None:
    with pytest.raises(StateCorrupt, match="references"):
        Onset.from_state(fitted.state(), {"n_references": 20})
    for wrong in (-1, 301):
        state = fitted.state()
        state["counts"][0, 0] = wrong
        with pytest.raises(StateCorrupt, match="counted"):
            Onset.from_state(state, fitted.get_params())


def test_training_rows_are_judged_as_they_came(fitted: Onset) -> None:
    X = _rhythm(1_500, 0)
    known = fitted.calibration_scores(X)
    assert np.isnan(known[:82]).all()
    changed = X.copy()
    changed[1_000:] += 1.0
    np.testing.assert_array_equal(fitted.calibration_scores(changed)[82:1_000], known[82:1_000])
    surprise = SurpriseScale().fit(known).surprise([0.0, 10.0])
    assert surprise[0] == 0
    assert surprise[1] > 3


@pytest.mark.parametrize("params", [{"silence": 0.0}, {"n_references": 3}])
def test_parameters_out_of_range_are_refused(params) -> None:
    with pytest.raises(InvalidInput):
        catalog.make("onset", **params)
