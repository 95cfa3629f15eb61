"""The cluster itself: what the other tests lean on is there."""

from __future__ import annotations

import pytest

from tests.e2e.build import PROGRAMS
from tests.e2e.cluster import Cluster, Refused
from tests.e2e.namespaces import Namespace

pytestmark = pytest.mark.e2e


def test_the_server_says_the_version_that_was_asked_for(cluster: Cluster) -> None:
    assert PROGRAMS["kube-apiserver"].version() in cluster.kubectl("version").out


def test_the_restricted_standard_is_enforced(namespace: Namespace) -> None:
    with pytest.raises(Refused, match="violates PodSecurity"):
        namespace.cluster.kubectl("run", "root", "--image=any", "-n", namespace.name)
