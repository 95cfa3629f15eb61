"""Auto keeps the contract of all detectors, also with parameters of its own."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks as sklearn_checks

from detectors import catalog, checks
from detectors.base import Detector

VARIANTS = [
    catalog.make("auto", window=24, seed=3),
    catalog.make("auto", n_references=200, joint_weight=0.0),
]

# scikit-learn's checks that ask for something else than this package promises.
NOT_PROMISED = {
    "check_dtype_object": "every unusable array is InvalidInput, a ValueError; not TypeError",
    "check_estimators_nan_inf": "also fits 10 rows; a model of fewer than 20 is refused",
    "check_n_features_in_after_fitting": "fits 15 rows; a model of fewer than 20 is refused",
}


@pytest.mark.slow
@checks.parametrize_with_checks([catalog.make("auto"), *VARIANTS])
def test_contract(detector: Detector, check: checks.Check) -> None:
    check(detector)


def _sklearn_checks() -> Any:
    with warnings.catch_warnings():
        # The contract is kept without inheriting from it, which it warns of while collecting.
        warnings.filterwarnings("ignore", "Estimator .* does not inherit from")
        defaults = [catalog.make("auto")]
        return sklearn_checks(defaults, expected_failed_checks=lambda _: NOT_PROMISED)


@pytest.mark.slow
@_sklearn_checks()
def test_sklearn_contract(estimator: Detector, check: Callable[[Detector], None]) -> None:
    check(estimator)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("window", 1),
        ("n_references", 15),
        ("joint_weight", -0.5),
        ("quantile", 0.0),
        ("quantile", 1.0),
        ("seed", -1),
    ],
)
def test_a_parameter_out_of_its_range_is_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        catalog.make("auto", **{name: value}).fit([[float(i % 7)] for i in range(100)])
