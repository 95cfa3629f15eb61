"""Ray and this process give the same bytes, also when a worker is killed in between."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from appliance.core.settings import Settings
from appliance.engine.ray import RayEngine
from appliance.pipelines.score import score
from appliance.pipelines.train import train
from tests.appliance.pipelines.sites import FLEET, same_scores, scores_of, standing
from tests.chaos.conftest import RECIPE
from tests.chaos.processes import anywhere

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.xdist_group("ray")]
_POLLS = 20_000
_ATTEMPTS = 5


@pytest.fixture(scope="module")
def running():
    with RayEngine(Settings(workers=2)) as engine:
        yield engine


def busy_workers() -> list[psutil.Process]:
    """Return the workers that are at a task of ours: Ray names them after it."""
    family = psutil.Process().children(recursive=True)
    return [process for process in family if process.name().startswith("ray::attempt")]


class Killer:
    """Kills one busy worker as soon as something can be seen."""

    def __init__(self, seen: Callable[[Path], bool], place: Path) -> None:
        self.killed: list[int] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, args=(seen, place))

    def _watch(self, seen: Callable[[Path], bool], place: Path) -> None:
        for _ in range(_POLLS):
            if self._over.wait(0.002):
                return
            if seen(place) and (busy := busy_workers()):
                os.kill(busy[0].pid, signal.SIGKILL)
                self.killed.append(busy[0].pid)
                return

    def __enter__(self) -> Killer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def test_both_engines_give_the_same_model_scores_and_events(
    undisturbed, home_at, opened, running
):
    site = opened(home_at("trained"))
    assert (
        train(site, FLEET, RECIPE, engine="local").digest
        == train(site, FLEET, RECIPE, engine="ray").digest
    )
    score(site, FLEET, engine="ray")
    same_scores(scores_of(site), undisturbed.scores)
    assert standing(site) == undisturbed.events


def test_a_worker_killed_in_training_costs_only_a_repetition(
    undisturbed, home_at, opened, running
):
    for _ in range(_ATTEMPTS):
        home = home_at("ingested")
        site = opened(home)
        models = Path(home / "models" / FLEET)
        with Killer(lambda folder: anywhere(folder, "part-*"), models) as killer:
            version = train(site, FLEET, RECIPE, engine="ray")
        assert version.digest == undisturbed.digest
        assert version.lineage.failures == {}
        if killer.killed:
            return
    pytest.fail("training always ended before a worker could be killed")


def test_a_worker_killed_in_scoring_costs_only_a_repetition(
    undisturbed, home_at, opened, running
):
    for _ in range(_ATTEMPTS):
        home = home_at("trained")
        site = opened(home)
        with Killer(Path.exists, home) as killer:
            score(site, FLEET, engine="ray")
        same_scores(scores_of(site), undisturbed.scores)
        assert standing(site) == undisturbed.events
        if killer.killed:
            return
    pytest.fail("scoring always ended before a worker could be killed")
