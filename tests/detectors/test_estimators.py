"""Estimators of scikit-learn as detectors: the common suite, signed states, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from detectors import catalog, checks, persistence
from detectors.errors import InvalidInput, MissingDependency, UnknownDetector, UntrustedState
from detectors.models.estimators import SklearnDetector

pytestmark = pytest.mark.usefixtures("signing_key")

ESTIMATORS = {
    "sklearn.svm.OneClassSVM": {"nu": 0.05},
    "sklearn.neighbors.LocalOutlierFactor": {"n_neighbors": 10},
    "sklearn.mixture.GaussianMixture": {"n_components": 2},
    "sklearn.covariance.EllipticEnvelope": {},
    "sklearn.linear_model.SGDOneClassSVM": {},
}


@pytest.mark.slow
@checks.parametrize_with_checks([SklearnDetector("sklearn.svm.OneClassSVM", nu=0.05)])
def test_contract(detector, check):
    check(detector)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "params"), ESTIMATORS.items())
def test_a_fault_stands_out_and_is_the_faulty_columns(name, params):
    rows = np.random.default_rng(0).normal(size=(200, 3)) * [1.0, 100.0, 0.01]
    detector = catalog.make(f"sklearn:{name}", **params).fit(rows)
    asked = [[0.0, 0.0, 0.0], [0.0, 900.0, 0.0]]
    normal, faulty = detector.score(asked)
    assert faulty > normal
    if name != "sklearn.linear_model.SGDOneClassSVM":  # which is linear: it knows one side only
        assert detector.contributions(asked)[1].argmax() == 1
    again = persistence.unpack(*persistence.pack(detector))
    assert (again.score(asked) == detector.score(asked)).all()


@pytest.mark.slow
def test_a_state_that_this_site_did_not_sign_is_not_loaded():
    detector = catalog.make("sklearn:sklearn.svm.OneClassSVM")
    arrays, manifest = persistence.pack(
        detector.fit(np.random.default_rng(0).normal(size=(50, 2)))
    )
    arrays["pickle"] = arrays["pickle"].copy()
    arrays["pickle"][-1] ^= 1
    with pytest.raises(UntrustedState):
        persistence.unpack(arrays, manifest)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("os.system", UnknownDetector, "does not build on scikit-learn|is not installed"),
        ("antigravity.x", MissingDependency, "not installed"),
        ("numpy.ndarray", UnknownDetector, "does not build on scikit-learn"),
        ("sklearn.svm.SVC", UnknownDetector, "needs labels"),
        ("sklearn.preprocessing.StandardScaler", UnknownDetector, "has neither"),
        ("sklearn.svm.NoSuch", MissingDependency, "cannot be imported"),
        ("OneClassSVM", UnknownDetector, "is no class"),
    ],
)
def test_what_is_no_estimator_is_refused(name, error, words):
    with pytest.raises((error, MissingDependency), match=words):
        catalog.make(f"sklearn:{name}")


def test_parameters_are_the_estimators_own():
    with pytest.raises(InvalidInput, match="Invalid parameter 'wings'"):
        catalog.make("sklearn:sklearn.svm.OneClassSVM", wings=2)
    told = catalog.describe("sklearn:sklearn.svm.OneClassSVM")
    assert (told.tags.pickle_free, told.parameters["additionalProperties"]) == (False, True)
