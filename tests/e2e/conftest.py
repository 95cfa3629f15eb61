"""One Kubernetes for all tests here, and what they ask of the machine."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.conftest import skip_or_fail
from tests.e2e import node as nodes
from tests.e2e.certificates import Authority
from tests.e2e.cluster import Cluster
from tests.e2e.control_plane import start_control_plane
from tests.e2e.namespaces import Namespace, restricted
from tests.e2e.world import World
from tests.image.docker import Docker, engine

# A Kubernetes is built and started for these: only `make e2e` asks for them.
collect_ignore_glob = [] if os.environ.get("KIZASHI_E2E") == "1" else ["test_*.py"]


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """Return namespaces that end with the tests."""
    if os.geteuid() != 0:
        skip_or_fail("a Kubernetes of the tests' own needs root")
    made = World()
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="session")
def control_plane(world: World) -> tuple[Cluster, Authority]:
    """Return a started control plane."""
    return start_control_plane(world)


@pytest.fixture(scope="session")
def cluster(control_plane: tuple[Cluster, Authority]) -> Cluster:
    """Return a cluster without a node: everything is admitted, nothing runs."""
    return control_plane[0]


@pytest.fixture(scope="session")
def docker() -> Iterator[Docker]:
    """Return an engine, which builds what the node runs."""
    with engine() as found:
        yield found


@pytest.fixture(scope="session")
def node(world: World, docker: Docker, control_plane: tuple[Cluster, Authority]) -> Cluster:
    """Return the cluster with a node that runs pods."""
    lacking = nodes.missing()
    if lacking:
        skip_or_fail(f"a node needs {', '.join(lacking)}")
    nodes.start_node(world, docker, *control_plane)
    return control_plane[0]


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[Namespace]:
    """Return a namespace in which only pods of the restricted standard are admitted."""
    with restricted(cluster) as made:
        yield made
