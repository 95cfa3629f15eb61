"""The chart as the tests here install it: its sets of values, and what goes before."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.build import definitions
from tests.e2e.cluster import Cluster

CHART = Path(__file__).resolve().parents[2] / "helm" / "kizashi"
SETS = [None, *sorted(path.name for path in CHART.glob("values-*.yaml"))]
"""The files of values that the chart ships; None for what it says itself."""

# What others bring to a cluster, by its module: only the kinds that the chart makes.
_PROMETHEUS = "example/prometheus-operator-crd/monitoring.coreos.com"
_FROM_OTHERS = {
    "github.com/ray-project/kuberay/ray-operator": ["config/crd/bases/ray.io_rayclusters"],
    "github.com/prometheus-operator/prometheus-operator": [
        f"{_PROMETHEUS}_podmonitors",
        f"{_PROMETHEUS}_prometheusrules",
    ],
    "sigs.k8s.io/gateway-api": ["config/crd/standard/gateway.networking.k8s.io_httproutes"],
}


def values_of(name: str | None) -> list[str]:
    """Return the arguments that give one of the chart's sets of values."""
    return [] if name is None else ["--values", str(CHART / name)]


def define_what_others_bring(cluster: Cluster) -> None:
    """Make Ray's, Prometheus' and the Gateway's kinds known, by their own schemas."""
    files = [
        str(definitions(module) / f"{name}.yaml")
        for module, names in _FROM_OTHERS.items()
        for name in names
    ]
    cluster.kubectl("apply", "--server-side", *(w for file in files for w in ("-f", file)))
    cluster.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")


@cache
def secret(name: str) -> dict[str, Any]:
    """Return a Secret with a word for every key that a site's roles share."""
    keys = [
        *("site.key", "ray.token", "metrics.token", "ca.key", "ca.pem", "admin-password"),
        *("database-url", "registry-url", "s3-access-key", "s3-secret-key"),
    ]
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name},
        "stringData": dict.fromkeys(keys, "for-tests"),
    }


def documents(rendered: str) -> list[dict[str, Any]]:
    """Return the objects of a rendered chart."""
    return [found for found in yaml.safe_load_all(rendered) if found]


def as_json(objects: list[dict[str, Any]]) -> str:
    """Return objects as one list that kubectl reads."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
