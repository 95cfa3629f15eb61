"""The suite finds what is wrong: each broken detector fails the check meant for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors import checks
from detectors.base import Detector
from detectors.tags import Tags
from detectors.validation import FloatMatrix, FloatVector


class Distance(Detector):
    """Distance from the mean in deviations: correct, and the base of what is broken below."""

    tags: ClassVar[Tags] = Tags(exact_contributions=True, scale_invariant=True)

    def _fit(self, X: FloatMatrix) -> None:
        self.mean_ = X.mean(axis=0)
        deviation = X.std(axis=0)
        self.deviation_ = np.where(deviation > 0, deviation, 1.0)

    def _contributions(self, X: FloatMatrix) -> FloatMatrix:
        return np.minimum(np.abs(X - self.mean_) / self.deviation_, 1e100) ** 2

    def _score(self, X: FloatMatrix) -> FloatVector:
        return np.asarray(np.sqrt(self._contributions(X).sum(axis=1)))

    def _state(self) -> dict[str, NDArray[Any]]:
        return {"mean": self.mean_, "deviation": self.deviation_}

    def _restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        self.mean_, self.deviation_ = state["mean"], state["deviation"]


class WritesIntoInput(Distance):
    def _score(self, X: FloatMatrix) -> FloatVector:
        X -= self.mean_
        return super()._score(X + self.mean_)


class WrongSign(Distance):
    def _score(self, X: FloatMatrix) -> FloatVector:
        return -super()._score(X)


class Random(Distance):
    def _fit(self, X: FloatMatrix) -> None:
        super()._fit(X)
        self.mean_ = self.mean_ + np.random.default_rng().normal(size=X.shape[1])


class NotFinite(Distance):
    def _fit(self, X: FloatMatrix) -> None:
        super()._fit(X)
        self.deviation_ = X.std(axis=0)

    def _contributions(self, X: FloatMatrix) -> FloatMatrix:
        with np.errstate(all="ignore"):
            return np.asarray(((X - self.mean_) / self.deviation_) ** 2)


class BlamesTheFirst(Distance):
    def _contributions(self, X: FloatMatrix) -> FloatMatrix:
        return np.asarray(np.arange(X.shape[1])[::-1] + np.zeros_like(X))

    def _score(self, X: FloatMatrix) -> FloatVector:
        return np.asarray(np.abs((X - self.mean_) / self.deviation_).max(axis=1))


class ForgetsState(Distance):
    def _restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        self.mean_ = state["mean"]
        self.deviation_ = np.ones_like(self.mean_)


class StoresObjects(Distance):
    def _state(self) -> dict[str, NDArray[Any]]:
        return {**super()._state(), "extra": np.array([None])}


class LooksAhead(Distance):
    def _score(self, X: FloatMatrix) -> FloatVector:
        scores = super()._score(X)
        return np.asarray(scores + np.roll(scores, -1))


class NotScaled(Distance):
    def _fit(self, X: FloatMatrix) -> None:
        super()._fit(X)
        self.deviation_ = np.ones(X.shape[1])


class ScoresTraining(Distance):
    def _calibration_scores(self, X: FloatMatrix) -> FloatVector:
        return self._score(X) / 10


class AcceptsMissing(Distance):
    tags: ClassVar[Tags] = Tags(handles_missing=True)


def test_correct_detector_passes() -> None:
    # The one check that needs a place in the catalog.
    excluded = {"check_stored_round_trip": "it is in no catalog"}
    assert checks.check_detector(Distance(), excluded) == {}


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        (WritesIntoInput(), "check_input_unchanged"),
        (WritesIntoInput(), "check_read_only_input"),
        (WrongSign(), "check_sign"),
        (Random(), "check_deterministic"),
        (NotFinite(), "check_constant_column"),
        (BlamesTheFirst(), "check_blame"),
        (ForgetsState(), "check_state_round_trip"),
        (StoresObjects(), "check_state_is_numbers"),
        (LooksAhead(), "check_reach"),
        (LooksAhead(), "check_rows_alone"),
        (NotScaled(), "check_scale_invariance"),
        (ScoresTraining(), "check_calibration_is_honest"),
        (AcceptsMissing(), "check_missing_values"),
        (Distance(), "check_stored_round_trip"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_broken_detector_is_found(broken: Detector, check: str) -> None:
    assert check in checks.check_detector(broken)


def test_every_check_says_what_it_promises() -> None:
    every = checks.all_checks()
    assert len({check.name for check in every}) == len(every) > 30
    assert all(check.promise.endswith(".") for check in every)


@pytest.mark.parametrize("excluded", [{"check_nothing": "reason"}, {"check_sign": " "}])
def test_exclusions_name_a_check_and_a_reason(excluded: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"check"):
        checks.check_detector(Distance(), excluded)
