"""One engine, and one build of each image, for all tests of containers."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.image.build import make_all
from tests.image.docker import Docker, engine

# An image is built and containers run for these: only `make containers` asks for them.
collect_ignore_glob = [] if os.environ.get("KIZASHI_CONTAINERS") == "1" else ["test_*.py"]


@pytest.fixture(scope="session")
def docker() -> Iterator[Docker]:
    """Return a Docker engine."""
    with engine() as found:
        yield found


@pytest.fixture(scope="session")
def image(docker: Docker) -> str:
    """Return the name of the platform's image, built anew where anything changed."""
    return make_all(docker)
