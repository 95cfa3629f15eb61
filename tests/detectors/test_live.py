"""Live scores: what is known when a row arrives, in parts or at once, and how it settles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from detectors import catalog
from detectors.base import Detector
from detectors.errors import InvalidInput
from detectors.models.auto import Auto
from detectors.models.auto_newest import settling
from detectors.streams import Stream
from tests.detectors.machines import rhythm, separation

Matrix = NDArray[np.float64]


def _readings(rows: int, seed: int, sensors: int, *, gaps: bool = False) -> Matrix:
    rng = np.random.default_rng(seed)
    X = np.hstack([rhythm(rng, rows, noise=0.1) for _ in range(-(-sensors // 3))])[:, :sensors]
    if gaps:
        X[rng.random(X.shape) < 0.02] = np.nan
        X[rows // 2 : rows // 2 + 60, sensors // 2] = np.nan
    return X


@pytest.fixture(scope="module", params=[(1, False), (1, True), (9, False), (9, True)], ids=str)
def machine(request: pytest.FixtureRequest) -> tuple[Detector, Matrix]:
    sensors, gaps = request.param
    detector = catalog.make("auto").fit(_readings(1_200, 0, sensors, gaps=gaps))
    return detector, _readings(500, 1, sensors, gaps=gaps)


# ---------------------------------------------------------------- no look ahead
@pytest.mark.parametrize("row", [0, 1, 7, 40, 255, 498])
def test_later_rows_change_no_bit_whether_removed_or_changed(
    machine: tuple[Detector, Matrix], row: int
) -> None:
    detector, X = machine
    expected = detector.score_live(X)[: row + 1]
    changed = X.copy()
    changed[row + 1 :] = np.where(np.isnan(X[row + 1 :]), 5.0, -3.0 * X[row + 1 :])
    np.testing.assert_array_equal(detector.score_live(X[: row + 1]), expected)
    np.testing.assert_array_equal(detector.score_live(changed)[: row + 1], expected)


def test_rows_beyond_the_reach_change_no_bit(machine: tuple[Detector, Matrix]) -> None:
    detector, X = machine
    expected, before = detector.score_live(X)[300], detector.live_reach()
    assert detector.score_live(X[300 - before : 301])[-1] == expected


@pytest.mark.slow
def test_a_long_series_is_scored_in_blocks_as_in_one(machine: tuple[Detector, Matrix]) -> None:
    detector, X = machine
    long = np.vstack([X] * 10)
    whole = detector.score_live(long)
    np.testing.assert_array_equal(detector.score_live(long[:4_500]), whole[:4_500])
    np.testing.assert_array_equal(detector.score_live(long[3_900:])[200:], whole[4_100:])


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(parts=st.lists(st.integers(1, 90), min_size=1, max_size=12))
def test_parts_of_any_size_score_as_the_whole(
    machine: tuple[Detector, Matrix], parts: list[int]
) -> None:
    detector, X = machine
    ends = np.minimum(np.cumsum(parts), len(X))
    stream = Stream(detector)
    found = [stream.feed(rows) for rows in np.split(X[: ends[-1]], ends[:-1]) if len(rows)]
    whole = Stream(detector).feed(X[: ends[-1]])
    onset = np.concatenate([part.onset for part in found])
    np.testing.assert_array_equal(onset, detector.score_live(X[: ends[-1]]))
    np.testing.assert_array_equal(np.concatenate([part.span for part in found]), whole.span)
    assert (whole.span >= whole.onset).all()


def test_a_part_that_is_refused_leaves_no_trace(machine: tuple[Detector, Matrix]) -> None:
    detector, X = machine
    stream = Stream(detector)
    stream.feed(X[:100])
    for wrong in (X[:5, :0], np.full((2, X.shape[1]), np.inf), np.ones((3, 40))):
        with pytest.raises(InvalidInput):
            stream.feed(wrong)
    np.testing.assert_array_equal(
        stream.feed(X[100:200]).onset, detector.score_live(X[:200])[100:]
    )


# ---------------------------------------------------------------- what it says
@pytest.mark.parametrize("sensor", [0, 2])
def test_a_fault_is_seen_within_half_a_window_and_its_sensor_named(sensor: int) -> None:
    detector = catalog.make("auto").fit(_readings(1_600, 0, 3))
    X = _readings(600, 1, 3)
    X[300:340, sensor] += 1.5
    scores = detector.score_live(X)
    assert scores[300:308].max() > 1.5 * scores[:300].max()
    # Taper and half windows forget quickly.
    assert scores[340 + 16 :].max() < scores[300:308].max()
    top = 300 + scores[300:340].argmax()
    assert detector.live_contributions(X)[top].argmax() == sensor


@pytest.mark.parametrize("sensors", [1, 3])
def test_left_out_live_scores_come_as_those_of_new_rows(sensors: int) -> None:
    X, Y = _readings(2_000, 3, sensors), _readings(3_000, 4, sensors)
    detector = catalog.make("auto").fit(X)
    known = detector.live_calibration_scores(X)
    assert np.isfinite(known).all()
    for share in (0.5, 0.9):
        above = (detector.score_live(Y) > np.quantile(known, share)).mean()
        assert 0.4 < above / (1 - share) < 2.5


def test_scores_settle_from_provisional_to_final(machine: tuple[Detector, Matrix]) -> None:
    detector, X = machine
    X = X.copy()
    X[200:260] += 1.0
    fault = np.zeros(len(X), bool)
    fault[200:260] = True
    _, after = detector.reach()
    parted = [
        separation(scores[~fault], scores[fault])
        for scores in (detector.score_live(X, later) for later in (0, after // 4, after))
    ]
    assert parted[0] < parted[1] + 0.01
    np.testing.assert_array_equal(detector.score_live(X, after + 9), detector.score(X))


def test_settling_takes_the_highest_of_what_newest_windows_said() -> None:
    newest = np.array([0.0, 1.0, 0.0, 3.0, 0.0, 2.0])
    covering = np.zeros(6)
    for later, highest in ((1, [1, 1, 3, 3, 2, 2]), (4, [3, 3, 3, 3, 2, 2])):
        found = settling(newest, covering, later, 8)
        np.testing.assert_allclose(found, np.sqrt(1 - later / 8) * np.array(highest))
    np.testing.assert_allclose(settling(newest, covering + 2.0, 4, 4), 2.0)


# ---------------------------------------------------------------- who has it
def test_models_learned_before_there_were_live_scores_can_be_read() -> None:
    X = _readings(400, 0, 3)
    fitted = catalog.make("auto").fit(X)
    state = {n: a for n, a in fitted.state().items() if not n.startswith("newest_")}
    old = Auto.from_state(state, fitted.get_params())
    assert not old.has_live_form()
    np.testing.assert_array_equal(old.score(X), fitted.score(X))
    with pytest.raises(InvalidInput, match="no live score"):
        old.score_live(X)


def test_who_looks_at_no_later_row_judges_live_as_always() -> None:
    X = _readings(400, 0, 3)
    fitted = catalog.make("mahalanobis").fit(X)
    np.testing.assert_array_equal(fitted.score_live(X), fitted.score(X))
    np.testing.assert_array_equal(fitted.live_contributions(X), fitted.contributions(X))
    np.testing.assert_array_equal(Stream(fitted).feed(X).span, fitted.score(X))
