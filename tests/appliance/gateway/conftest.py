"""Three plants behind one gateway: two with the same fleet of pumps, one with nothing yet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.appliance.gateway.federated import World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, learned_home: Path) -> Iterator[World]:
    """A gateway before oslo and lima, which have pumps, and before kyoto, which has nothing."""
    made = World(tmp_path_factory.mktemp("world"))
    made.add("oslo", learned_home)
    made.add("lima", learned_home)
    made.add("kyoto")
    yield made
    made.close()
