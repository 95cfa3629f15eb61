"""Every detector passes the common checks and scikit-learn's own, or says why not."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from sklearn.utils.estimator_checks import parametrize_with_checks as sklearn_checks

from detectors import catalog, checks
from detectors.base import Detector
from detectors.models.matrix_profile import MatrixProfile

NAMES = [name for name in catalog.names() if name not in ("auto", "autoencoder")]
DEFAULTS = [catalog.make(name) for name in NAMES]
VARIANTS = [
    catalog.make("forest", n_trees=30, sample_size=64, seed=3),
    catalog.make("knn", k=1, method="largest", n_references=300),
    catalog.make("matrix_profile", window=20, covering="maximum"),
    catalog.make("pca", variance=0.5, trim=0.0),
    catalog.make("forecast", lags=1),
    catalog.make("spectral_residual", window=32, ahead=8, smoothing=5),
    catalog.make("mahalanobis", support=0.5),
]

# scikit-learn's checks that ask for something else than this package promises.
NOT_PROMISED = {
    "check_dtype_object": "every unusable array is InvalidInput, a ValueError; not TypeError",
    "check_estimators_nan_inf": "also fits 10 rows; a model of fewer than 20 is refused",
    "check_n_features_in_after_fitting": "fits 15 rows; a model of fewer than 20 is refused",
}


# What a detector can only do with more rows than its kind needs at least.
WINDOW_ASKED = {"check_too_few_rows": "four windows of the 20 rows asked for are the least"}


def _excluded(detector: Detector) -> dict[str, str]:
    asked = isinstance(detector, MatrixProfile) and detector.window is not None
    return WINDOW_ASKED if asked else {}


@checks.parametrize_with_checks([*DEFAULTS, *VARIANTS], _excluded)
def test_contract(detector: Detector, check: checks.Check) -> None:
    check(detector)


def _sklearn_checks() -> Any:
    with warnings.catch_warnings():
        # The contract is kept without inheriting from it, which it warns of while collecting.
        warnings.filterwarnings("ignore", "Estimator .* does not inherit from")
        return sklearn_checks(DEFAULTS, expected_failed_checks=lambda _: NOT_PROMISED)


@_sklearn_checks()
def test_sklearn_contract(estimator: Detector, check: Callable[[Detector], None]) -> None:
    check(estimator)
