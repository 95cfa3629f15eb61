"""The template: parameters, conversion, contributions, folds, states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.base import Detector
from detectors.errors import InvalidInput, NotFitted, StateCorrupt, TooLittleData
from detectors.tags import Tags
from detectors.validation import FloatMatrix, FloatVector, as_matrix


class Novelty(Detector):
    """Distance to the nearest training row of the first column; looks some rows around."""

    tags: ClassVar[Tags] = Tags(ordered=True, min_rows=4)

    def __init__(self, before: int = 0, after: int = 0) -> None:
        self.before = before
        self.after = after

    def reach(self) -> tuple[int, int]:
        return (self.before, self.after)

    def _fit(self, X: FloatMatrix) -> None:
        self.known_ = X[:, 0].copy()

    def _score(self, X: FloatMatrix) -> FloatVector:
        return np.abs(X[:, :1] - self.known_).min(axis=1)

    def _contributions(self, X: FloatMatrix) -> FloatMatrix:
        return X - 1

    def _state(self) -> dict[str, NDArray[Any]]:
        return {"known": self.known_}

    def _restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        self.known_ = state["known"]


ROWS = np.arange(40.0)[:, None]


def test_contributions_are_shares_whatever_comes_in() -> None:
    fitted = Novelty().fit(np.ones((10, 3)))
    asked = [[2.0, 4.0, 1.0], [1.0, 1.0, 1.0], [0.0, 0.5, 2.0], [1e308, 1e308, 0.0]]
    expected = [[0.25, 0.75, 0.0], [1 / 3] * 3, [0.0, 0.0, 1.0], [0.5, 0.5, 0.0]]
    np.testing.assert_allclose(fitted.contributions(asked), expected)


class Picky(Novelty):
    """The same, but it refuses rows of which none differs from the others."""

    def _fit(self, X: FloatMatrix) -> None:
        if np.ptp(X) == 0:
            raise InvalidInput("every column is constant")
        super()._fit(X)


def test_a_part_of_which_the_others_teach_nothing_has_no_calibration() -> None:
    readings = np.zeros((40, 1))
    readings[30:] = ROWS[30:]
    known = Picky().fit(readings).calibration_scores(readings)
    assert np.isnan(known[30:]).all()
    assert (known[:30] == 0).all()


def test_a_row_is_calibrated_by_models_that_did_not_see_it() -> None:
    fitted = Novelty().fit(ROWS)
    assert (fitted.score(ROWS) == 0).all()
    # Quarters of ten rows: the nearest rows left are those just outside of a quarter.
    left_out = fitted.calibration_scores(ROWS)
    assert left_out[10:20].tolist() == [1, 2, 3, 4, 5, 5, 4, 3, 2, 1]
    assert left_out[:10].tolist() == list(range(10, 0, -1))


def test_rows_whose_scores_reach_into_a_fold_are_not_learned_from() -> None:
    left_out = Novelty(before=2, after=1).fit(ROWS).calibration_scores(ROWS)
    assert left_out[10:20].tolist() == [4, 5, 6, 7, 8, 8, 7, 6, 5, 4]


def test_with_too_few_rows_for_folds_the_training_scores_are_given() -> None:
    few = ROWS[:5]
    assert (Novelty().fit(few).calibration_scores(few) == 0).all()
    assert (Novelty(before=30).fit(ROWS).calibration_scores(ROWS) == 0).all()


def test_parameters_are_stored_shown_and_cloned() -> None:
    detector = Novelty(before=3)
    assert detector.get_params() == {"before": 3, "after": 0}
    assert repr(detector) == "Novelty(before=3)"
    assert detector.set_params(after=2) is detector
    clone = detector.fit(ROWS).clone()
    assert clone.get_params() == detector.get_params()
    with pytest.raises(NotFitted, match="call fit first"):
        clone.score(ROWS)
    with pytest.raises(InvalidInput, match="colour"):
        detector.set_params(colour=1)


def test_a_state_of_something_else_is_corrupt() -> None:
    state = Novelty().fit(ROWS).state()
    assert Novelty.from_state(state).score([[50.0]]).tolist() == [11.0]
    for wrong in (
        {},
        {"n_features_in": np.array(1)},
        state | {"n_features_in": np.array([1, 2])},
    ):
        with pytest.raises(StateCorrupt, match="state of a Novelty"):
            Novelty.from_state(wrong)


# ---------------------------------------------------------------- conversion
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([1.0, 2.0], "2D array"),
        (np.zeros((2, 2, 2)), "2D array"),
        (np.zeros((3, 0)), r"0 feature\(s\)"),
        ([[1.0, np.inf]], "infinity"),
        ([[1.0, -np.inf]], "infinity"),
        ([[np.inf, -np.inf]], "infinity"),
        ([[1.0, np.nan]], "NaN"),
        ([["a"]], "must be numbers"),
        ([[1j]], "Complex"),
        ([[1.0], [1.0, 2.0]], "must be numbers"),
    ],
)
def test_what_is_no_matrix_of_readings_is_refused(given: Any, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        as_matrix(given, allow_missing=False)


def test_missing_values_pass_where_they_are_handled_and_infinity_never() -> None:
    holes = np.array([[1.0, np.nan]])
    assert as_matrix(holes, allow_missing=True) is holes
    with pytest.raises(InvalidInput, match="infinity"):
        as_matrix([[np.nan, np.inf]], allow_missing=True)


def test_sums_that_overflow_are_no_infinite_readings() -> None:
    large = np.full((3, 2), 1e308)
    assert as_matrix(large, allow_missing=False) is large
    single = np.full((3, 2), 3e38, np.float32)
    assert as_matrix(single, allow_missing=False, keep=True) is single


def test_too_few_rows_name_the_number_needed() -> None:
    with pytest.raises(TooLittleData, match="minimum of 5 rows"):
        as_matrix(np.zeros((4, 1)), allow_missing=False, min_rows=5)
    with pytest.raises(TooLittleData):
        as_matrix(np.zeros((0, 1)), allow_missing=False)


def test_precision_and_order_are_kept_only_where_asked() -> None:
    single = np.zeros((3, 2), np.float32, order="F")
    assert as_matrix(single, allow_missing=False, keep=True) is single
    double = as_matrix(single, allow_missing=False)
    assert double.dtype == np.float64
    assert double.flags.c_contiguous
    whole = as_matrix(np.zeros((3, 2), np.int16), allow_missing=False, keep=True)
    assert whole.dtype == np.float64
