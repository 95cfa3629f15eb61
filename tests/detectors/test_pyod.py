"""PyOD behind the contract: what works really works, what does not says why, and nothing
unsigned is ever unpickled."""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from detectors import catalog, checks, persistence
from detectors.base import Detector
from detectors.errors import (
    DetectorError,
    InvalidInput,
    MissingDependency,
    StateCorrupt,
    UntrustedState,
)
from detectors.models.pyod import PyODDetector, list_pyod

pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # PyOD's own warnings
    pytest.mark.usefixtures("signing_key"),
]

LISTED = list_pyod()
# Fitting these takes long even on a hundred rows (compilation, or cubic cost).
SLOW = {
    "ABOD",
    "CBLOF",
    "KShape",
    "LOCI",
    "ROD",
    "SAND",
    "SOD",
    "HBOS",
    "RGraph",
    "QMCD",
    "LMDD",
    "CD",
}
# Judge shape in long windows, or density only: a few far rows are not their business.
NO_SIGN = {"HDBSCAN", "KShape", "QMCD", "RGraph", "SAND", "SOD", "SOS", "TimeSeriesOD"}
# Networks that see long windows, or play against each other: a hundred rows teach them nothing.
NO_SIGN |= {"ALAD", "AnoGAN", "AnomalyTransformer", "SO_GAAL"}
# They take no seed of their own, and learn quickly enough to be taught twice.
SEEDED = {"AE1SVM", "VAE"}
# That a network works is seen in a short lesson too, and that an ensemble does in a small one.
SHORT = {
    "AE1SVM": {"epochs": 10},
    "ALAD": {"epochs": 20},
    "AnoGAN": {"epochs": 20, "epochs_query": 5},
    "AnomalyTransformer": {"epochs": 1, "d_model": 64, "n_layers": 1},
    "DIF": {"n_ensemble": 10},
    "LUNAR": {"n_epochs": 40},
}
# Their cost grows with the square of the rows, or faster.
FEW_ROWS = {"LMDD", "LOCI", "QMCD", "RGraph", "ROD", "SOD"}

WORKING = [
    pytest.param(entry.name, marks=pytest.mark.slow if entry.name in SLOW else ())
    for entry in LISTED
    if entry.works
]


@pytest.fixture(scope="module", autouse=True)
def one_thread_of_torch() -> Iterator[None]:
    """Hold PyTorch at one thread, as BLAS is held."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def _data(columns: int, rows: int = 120) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(rows, columns)), rng.normal(size=(rows, columns))
    Y[:4] += 8
    return X, Y


def test_everything_is_listed_with_a_reason_where_it_does_not_work() -> None:
    names = {entry.name for entry in LISTED}
    assert {"IForest", "LOF", "ECOD", "KNN", "AutoEncoder", "DOMINANT", "XGBOD"} <= names
    assert len(names) == len(LISTED) >= 50
    assert all(entry.works or entry.reason for entry in LISTED)
    assert sum(entry.works for entry in LISTED) >= 30


@pytest.mark.slow
@pytest.mark.parametrize("name", WORKING)
def test_what_is_listed_as_working_works(name: str) -> None:
    X, Y = _data(1 if name == "MAD" else 3, 60 if name in FEW_ROWS else 120)
    parameters = SHORT.get(name, {})
    detector = catalog.make(f"pyod:{name}", **parameters).fit(X)
    scores = detector.score(Y)
    assert np.isfinite(scores).all()
    assert np.array_equal(detector.score(Y), scores)
    assert detector.contributions(Y).shape == Y.shape
    if name not in NO_SIGN:
        assert np.median(scores[:4]) > np.quantile(scores[4:], 0.9)
    read = persistence.unpack(*persistence.pack(detector))
    assert np.array_equal(read.score(Y), scores)
    if name in SEEDED:
        again = catalog.make(f"pyod:{name}", **parameters).fit(X)
        assert np.array_equal(again.score(Y), scores)


@pytest.mark.parametrize("name", [entry.name for entry in LISTED if not entry.works])
def test_what_is_listed_as_not_working_says_why(name: str) -> None:
    reason = next(entry.reason for entry in LISTED if entry.name == name)
    with pytest.raises(MissingDependency) as caught:
        catalog.make(f"pyod:{name}")
    assert reason in str(caught.value)
    with pytest.raises(MissingDependency):
        PyODDetector(name).fit(_data(2)[0])


@checks.parametrize_with_checks([PyODDetector("IForest", n_estimators=20), PyODDetector("LOF")])
def test_contract(detector: Detector, check: checks.Check) -> None:
    check(detector)


# ---------------------------------------------------------------- parameters
def test_names_of_detectors_as_parameter() -> None:
    X, Y = _data(3)
    detector = PyODDetector("LSCP", detector_list=["LOF", "KNN"]).fit(X)
    assert np.isfinite(detector.score(Y)).all()


def test_wrong_parameters_name_the_class() -> None:
    with pytest.raises(InvalidInput, match="LOF"):
        PyODDetector("LOF", colour=1).fit(_data(2)[0])
    with pytest.raises(InvalidInput, match="LOF"):
        PyODDetector("LOF", contamination=7).fit(_data(2)[0])
    with pytest.raises(InvalidInput, match="MAD"):
        PyODDetector("MAD").fit(_data(2)[0])


@pytest.mark.slow
def test_seed_is_given_where_it_is_taken() -> None:
    X, Y = _data(3)
    a, b = (PyODDetector("IForest", random_state=seed).fit(X).score(Y) for seed in (0, 1))
    assert not np.array_equal(a, b)


def test_constant_columns_are_left_out() -> None:
    X, Y = _data(3)
    X[:, 1] = 4.0
    detector = PyODDetector("PCA").fit(X)
    assert np.isfinite(detector.score(Y)).all()
    assert (detector.contributions(Y)[:, 1] == 0).all()


def test_series_detectors_are_ordered() -> None:
    detector = PyODDetector("TimeSeriesOD", window_size=20)
    assert detector.tags.ordered
    assert detector.reach() == (20, 20)
    assert not PyODDetector("LOF").tags.ordered
    assert not detector.set_params(name="LOF").tags.ordered


# ---------------------------------------------------------------- signature
@pytest.fixture
def packed() -> tuple[dict[str, Any], dict[str, Any]]:
    return persistence.pack(PyODDetector("LOF").fit(_data(3)[0]))


class _Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return (pytest.fail, ("unsigned bytes were unpickled",))


def test_nothing_unsigned_is_unpickled(packed: tuple[dict[str, Any], dict[str, Any]]) -> None:
    arrays, manifest = packed
    buffer = io.BytesIO()
    pickle.dump(_Bomb(), buffer)
    bomb = np.frombuffer(buffer.getvalue(), np.uint8)
    bad = arrays | {"pickle": bomb}
    manifest["arrays"]["pickle"] = [bomb.dtype.str, [len(bomb)]]
    with pytest.raises(UntrustedState, match="no valid signature"):
        persistence.unpack(bad, manifest)


@pytest.mark.parametrize("array", ["pickle", "signature"])
def test_one_changed_bit_is_refused(
    packed: tuple[dict[str, Any], dict[str, Any]], array: str
) -> None:
    arrays, manifest = packed
    changed = arrays[array].copy()
    changed[len(changed) // 2] ^= 1
    with pytest.raises(UntrustedState):
        persistence.unpack(arrays | {array: changed}, manifest)


def test_other_sites_and_no_key(packed: tuple[dict[str, Any], dict[str, Any]]) -> None:
    persistence.set_signing_key(b"the key of another site")
    with pytest.raises(UntrustedState):
        persistence.unpack(*packed)
    persistence.set_signing_key(None)
    with pytest.raises(UntrustedState, match="no key is set"):
        persistence.unpack(*packed)
    with pytest.raises(DetectorError, match="set_signing_key"):
        PyODDetector("LOF").fit(_data(3)[0]).state()


def test_a_signature_is_for_one_class(packed: tuple[dict[str, Any], dict[str, Any]]) -> None:
    arrays, manifest = packed
    with pytest.raises(UntrustedState):
        persistence.unpack(arrays, manifest | {"detector": "pyod:KNN"})


def test_incomplete_state() -> None:
    with pytest.raises(StateCorrupt):
        PyODDetector.from_state({"n_features_in": np.array(3)}, {"name": "LOF"})


def test_short_keys_are_refused() -> None:
    with pytest.raises(InvalidInput, match="16 bytes"):
        persistence.set_signing_key(b"short")
