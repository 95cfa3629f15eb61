"""Waiting for the parts of a site, and telling meanwhile what each of them waits for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from appliance.core.clock import monotonic
from appliance.core.errors import OperatorError
from appliance.install.cluster.calling import Kubectl
from appliance.install.cluster.plan import Place
from appliance.install.cluster.rollout import COMPONENT, INSTANCE, KINDS, Part, parts

PATIENCE = 900.0
_LOOK = 2.0
Watch = Callable[[list[Part]], None]
"""Shown the parts while they are waited for."""


def objects(place: Place) -> list[dict[str, Any]]:
    """Return what Kubernetes tells of the workloads and pods of a site.

    Raises
    ------
    OperatorError
        The cluster does not answer.
    """
    kubectl = Kubectl(place.context, place.namespace)
    return kubectl.items(KINDS, "--selector", f"{INSTANCE}={place.name},{COMPONENT}")


def look(place: Place) -> list[Part]:
    """Return how the parts of a site are; see `objects`."""
    found = objects(place)
    kubectl = Kubectl(place.context, place.namespace)
    failed = kubectl.items("events", "--field-selector", "type=Warning,reason=FailedCreate")
    return parts(found, failed)


def watched(place: Place, watch: Watch) -> Callable[[], None]:
    """Return what shows the parts now and then while something else is waited for."""
    last = monotonic()

    def tick() -> None:
        nonlocal last
        if monotonic() - last >= _LOOK:
            watch(look(place))
            last = monotonic()

    return tick


def ready(place: Place, watch: Watch, patience: float = PATIENCE) -> list[Part]:
    """Wait until every part of a site is ready.

    Raises
    ------
    OperatorError
        It is not within some seconds, with what each part waits for; or the cluster does not
        answer.
    """
    until = monotonic() + patience
    while True:
        found = look(place)
        watch(found)
        if found and all(part.is_ready for part in found):
            return found
        if monotonic() > until:
            raise OperatorError(
                f"it is not ready after {patience:.0f} s: {words(found)}.",
                remedy=f"Look at it: kubectl describe pods --namespace {place.namespace}. The "
                "same command goes on from here.",
            )
        time.sleep(_LOOK)


def words(found: list[Part]) -> str:
    """Return what the parts that are not ready wait for."""
    late = [part for part in found if not part.is_ready]
    return "; ".join(
        f"{part.role} {part.ready} of {part.wanted}"
        + (f" ({', '.join(part.why)})" if part.why else "")
        for part in late
    ) or ("no part of it is there" if not found else "all of it is ready")
