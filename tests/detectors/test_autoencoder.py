"""The autoencoder keeps the contract, goes on where it was, and judges without torch."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks as sklearn_checks

from detectors import catalog, checks
from detectors.base import Detector
from detectors.errors import InvalidInput, MissingDependency, TooLittleData
from detectors.models.training import Epoch
from detectors.pools import Autoencoder, Network, learn_network
from tests.detectors.machines import rhythm, separation
from tests.detectors.test_contract import NOT_PROMISED

ROOT = Path(__file__).resolve().parents[2]
SMALL = {"window": 8, "width": 16, "code": 4, "epochs": 1, "least_steps": 40, "batch": 64}


@pytest.mark.slow
@checks.parametrize_with_checks([catalog.make("autoencoder", **SMALL)])
def test_contract(detector: Detector, check: checks.Check) -> None:
    check(detector)


def _sklearn_checks() -> Any:
    with warnings.catch_warnings():
        # The contract is kept without inheriting from it, which it warns of while collecting.
        warnings.filterwarnings("ignore", "Estimator .* does not inherit from")
        small = [catalog.make("autoencoder", **SMALL)]
        return sklearn_checks(small, expected_failed_checks=lambda _: NOT_PROMISED)


@pytest.mark.slow
@_sklearn_checks()
def test_sklearn_contract(estimator: Detector, check: Callable[[Detector], None]) -> None:
    check(estimator)


@pytest.fixture(scope="module")
def rng():
    return np.random.default_rng(0)


@pytest.mark.slow
def test_what_follows_no_rhythm_is_unusual(rng):
    normal, later = rhythm(rng, 1500), rhythm(rng, 600)
    detector = Autoencoder(epochs=4, least_steps=150).fit(normal)
    later[300:400, 1] = later[300, 1]  # it stands still at a usual value
    scores = detector.score(later)
    assert separation(scores[40:290], scores[320:400]) > 0.95
    assert detector.contributions(later)[320:400].mean(axis=0).argmax() == 1


class Keeps:
    """Keeps every epoch, and ends after one of them if told to."""

    def __init__(self, last: int | None = None) -> None:
        self.last = last
        self.epochs: list[Epoch] = []
        self.state: dict[str, Any] = {}

    def epoch(self, told, state) -> None:
        self.epochs.append(told)
        self.state = dict(state)
        if told.number == self.last:
            raise InterruptedError


@pytest.mark.slow
def test_what_was_cut_off_goes_on_to_the_same_network(rng):
    detector = Autoencoder(window=16, epochs=5, least_steps=50)
    rows = detector.scaled(rhythm(rng, 500))
    plan = detector.plan(3)
    whole = learn_network([rows], plan)
    kept = Keeps(3)
    with pytest.raises(InterruptedError):
        learn_network([rows], plan, kept)
    again = Keeps()
    resumed = learn_network([rows], plan, again, kept.state)
    assert [one.number for one in again.epochs] == [4, 5]
    for name, array in whole.state().items():
        assert np.array_equal(array, resumed.state()[name]), name


@pytest.mark.slow
def test_one_network_of_many_machines_judges_each_in_its_own_scale(rng):
    detector = Autoencoder(window=16, epochs=4, least_steps=150)
    factors = (1.0, 40.0, 0.01)
    machines = [factor * rhythm(rng, 600) + 5 * factor for factor in factors]
    network = learn_network([detector.scaled(one) for one in machines], detector.plan(3))
    pooled = detector.with_network(network)
    for factor, machine in zip(factors, machines, strict=True):
        own = pooled.clone().fit(machine)
        assert own.network_ is network
        later = factor * rhythm(rng, 300) + 5 * factor
        later[100:180, 0] = later[100, 0]
        scores = own.score(later)
        assert separation(scores[20:95], scores[110:180]) > 0.9
    with pytest.raises(InvalidInput, match="the network takes 48 values"):
        pooled.clone().fit(rng.normal(size=(100, 4)))


def test_too_little_is_refused_before_anything_is_learned(rng):
    detector = Autoencoder(window=64)
    with pytest.raises(TooLittleData, match="no stretch of 64 rows"):
        learn_network([rng.normal(size=(20, 3)).astype(np.float32)], detector.plan(3))
    with pytest.raises(InvalidInput, match="choose a shorter one"):
        Autoencoder(window=1024).plan(9)


@pytest.mark.slow
def test_it_judges_without_torch_and_says_what_is_missing_to_learn(rng, monkeypatch):
    rows = rhythm(rng, 300)
    fitted = Autoencoder(**SMALL).fit(rows)
    expected = fitted.score(rows)
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "detectors.models.training")
    monkeypatch.delattr("detectors.models.training")
    again = Autoencoder.from_state(fitted.state(), fitted.get_params())
    assert np.array_equal(again.score(rows), expected)
    network: Network = fitted.network_
    assert np.isfinite(again.with_network(network).fit(rows).score(rows)).all()
    with pytest.raises(MissingDependency, match=r"pip install 'kizashi\[torch\]'"):
        Autoencoder(**SMALL).fit(rows)


@pytest.mark.slow
def test_nobody_who_does_not_learn_a_network_imports_torch():
    code = (
        "import sys, appliance, appliance.cli.main, appliance.api.app, appliance.engine.ray\n"
        "from detectors import catalog\n"
        "catalog.describe('autoencoder'), catalog.make('autoencoder')\n"
        "import appliance.pipelines.train, appliance.pipelines.tune\n"
        "print([one for one in ('torch', 'ray.train', 'ray.tune') if one in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]", done.stderr
