"""Three plants behind one gateway: two with the same fleet of pumps, one with nothing yet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.pipelines.score import score
from appliance.pipelines.train import TrainOptions, train
from tests.appliance.gateway.federated import World
from tests.appliance.pipelines import sites


@pytest.fixture(scope="session")
def learned_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a home whose fleet has a champion, and a fault on P-2 in its last day."""
    home = tmp_path_factory.mktemp("learned") / "home"
    made = sites.open_site(home)
    sites.bring(made, sites.plant(), "training")
    train(made, sites.FLEET, TrainOptions(recipe="mahalanobis"))
    sites.bring(made, sites.next_day(), "next")
    score(made, sites.FLEET)
    made.close()
    return home


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, learned_home: Path) -> Iterator[World]:
    """A gateway before oslo and lima, which have pumps, and before kyoto, which has nothing."""
    made = World(tmp_path_factory.mktemp("world"))
    made.add("oslo", learned_home)
    made.add("lima", learned_home)
    made.add("kyoto")
    yield made
    made.close()
