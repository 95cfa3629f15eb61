"""A namespace for one test, under the strictest of Kubernetes' pod standards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from tests.e2e.cluster import Cluster, Said

_STANDARD = "pod-security.kubernetes.io"


@dataclass(frozen=True)
class Namespace:
    """A namespace of a cluster, and what tests ask there."""

    cluster: Cluster
    name: str

    def helm(self, verb: str, *arguments: str) -> Said:
        """Run a verb of helm here."""
        return self.cluster.helm(verb, *arguments, "--namespace", self.name)

    def items(self, kind: str) -> list[dict[str, Any]]:
        """Return all objects of a kind."""
        found: list[dict[str, Any]] = self.cluster.get(kind, namespace=self.name)
        return found

    def names(self, kind: str) -> set[str]:
        """Return the names of all objects of a kind."""
        return {item["metadata"]["name"] for item in self.items(kind)}

    def releases(self) -> list[str]:
        """Return the names of Helm's releases here."""
        return self.helm("list", "--short").out.split()

    def refusals(self) -> list[str]:
        """Return what the controllers were refused, such as a pod against the standard."""
        return [
            f"{event['involvedObject']['name']}: {event['message']}"
            for event in self.items("events")
            if event["reason"].startswith("FailedCreate")
        ]


@contextmanager
def restricted(cluster: Cluster, name: str = "") -> Iterator[Namespace]:
    """Make a namespace that enforces the restricted standard; remove it after."""
    name = name or f"t{uuid4().hex[:8]}"
    levels = {f"{_STANDARD}/{what}": "restricted" for what in ("enforce", "warn", "audit")}
    cluster.apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": levels}}
    )
    try:
        yield Namespace(cluster, name)
    finally:
        cluster.kubectl("delete", "namespace", name, "--wait=false")
