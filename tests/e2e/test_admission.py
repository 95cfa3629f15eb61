"""Every object of the chart is taken by a real API server, for every set of values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.chart import (
    CHART,
    SETS,
    as_json,
    define_what_others_bring,
    documents,
    secret,
    values_of,
)
from tests.e2e.cluster import Cluster, Refused, wait_for
from tests.e2e.namespaces import Namespace

pytestmark = pytest.mark.e2e

# Everything that is off unless asked for.
ALL_ON = {
    "kuberay": ["ray.mode=kuberay"],
    "monitoring": ["monitoring.podMonitor.enabled=true", "monitoring.rules.enabled=true"],
    "route": [
        "web.httpRoute.enabled=true",
        "web.httpRoute.hostnames={kizashi.example}",
        "web.httpRoute.parentRefs[0].name=gateway",
    ],
    "ingress": ["web.ingress.enabled=true", "web.ingress.host=kizashi.example"],
    "notebooks": ["notebooks.enabled=true"],
    "autoscaling": ["web.autoscaling.enabled=true"],
}
_OWNERS = "deployments,statefulsets"


@pytest.fixture(scope="module", autouse=True)
def defined(cluster: Cluster) -> None:
    """Make the kinds known that others bring."""
    define_what_others_bring(cluster)


@pytest.fixture
def ready(namespace: Namespace) -> Iterator[Namespace]:
    """Return a namespace that has the Secret of a release ``site``."""
    namespace.cluster.apply(secret("site-secrets"), namespace=namespace.name)
    yield namespace
    for release in namespace.releases():
        namespace.helm("uninstall", release, "--no-hooks")


def _words(options: list[str]) -> list[str]:
    return [word for option in options for word in ("--set", option)]


def _rendered(namespace: Namespace, words: list[str]) -> list[dict[str, Any]]:
    said = namespace.helm("template", "site", str(CHART), "--dry-run=server", *words)
    return documents(said.out)


def _is_admitted(namespace: Namespace, words: list[str]) -> None:
    objects = _rendered(namespace, words)
    # A pod is admitted only where its account is.
    accounts = [one for one in objects if one["kind"] == "ServiceAccount"]
    namespace.cluster.apply(*accounts, namespace=namespace.name)
    said = namespace.cluster.kubectl(
        *("apply", "--dry-run=server", "--validate=strict", "-n", namespace.name, "-f", "-"),
        stdin=as_json(objects),
    )
    assert "Warning" not in said.err, said.err
    assert len(said.out.splitlines()) == len(objects)


@pytest.mark.parametrize("name", SETS)
def test_a_set_of_values_is_admitted_without_a_warning(
    namespace: Namespace, name: str | None
) -> None:
    _is_admitted(namespace, values_of(name))


@pytest.mark.parametrize("name", ALL_ON)
def test_what_is_off_by_default_is_admitted_too(namespace: Namespace, name: str) -> None:
    _is_admitted(namespace, _words(ALL_ON[name]))


@pytest.mark.parametrize("name", SETS)
def test_controllers_may_make_the_pods_of_a_set(ready: Namespace, name: str | None) -> None:
    """A warning is about what is to be; only making a pod tells whether it is admitted."""
    ready.helm("install", "site", str(CHART), *values_of(name), "--no-hooks")
    wait_for(
        lambda: bool(ready.refusals()) or _have_pods(ready), 60, "every owner has its pods"
    )
    assert ready.refusals() == []


def _have_pods(namespace: Namespace) -> bool:
    owners = [one for one in namespace.items(_OWNERS) if one["spec"]["replicas"]]
    return bool(owners) and all(one["status"].get("replicas", 0) for one in owners)


def test_a_wrong_object_would_be_refused(namespace: Namespace) -> None:
    """What the others rest on: the server is asked, and by the strict reading."""
    wrong = {
        "apiVersion": "ray.io/v1",
        "kind": "RayCluster",
        "metadata": {"name": "wrong"},
        "spec": {"headGroupSpecs": {}},
    }
    with pytest.raises(Refused, match="headGroup"):
        namespace.cluster.kubectl(
            *("apply", "--dry-run=server", "--validate=strict", "-n", namespace.name),
            *("-f", "-"),
            stdin=as_json([wrong]),
        )
