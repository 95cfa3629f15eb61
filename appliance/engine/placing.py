"""What Serve is told of keys that have their place: how calls go there, how many are wanted.

Serve copies all that stands here by value into the processes that use it: the router into
those that ask, `replicas_wanted` into Serve's controller, which need not have the appliance.
"""

from __future__ import annotations

from typing import Any

from ray.serve.experimental.consistent_hash_router import ConsistentHashRouter

from appliance.engine import places
from appliance.engine.places import WAITING

_LOADED = 16
"""Of them at a replica from which on another one is wanted."""


class PlaceRouter(ConsistentHashRouter):  # type: ignore[misc]
    """Routes a call to the replica that is its session, and tells which ones there are.

    Of Serve's own router it has how calls are tried again while a replica takes no more.
    """

    def update_replicas(self, replicas: list[Any]) -> None:
        """Take over which replicas there are."""
        super().update_replicas(replicas)
        self._publish()

    def on_replica_actor_died(self, replica_id: Any) -> None:
        """Let go of a replica that died before the controller knew."""
        super().on_replica_actor_died(replica_id)
        self._publish()

    def _publish(self) -> None:
        there = frozenset(one.unique_id for one in self._replica_id_set)
        places.publish(self._deployment_id.app_name, there)

    async def choose_replicas(
        self, candidate_replicas: list[Any], pending_request: Any = None
    ) -> list[list[Any]]:
        """Return the replica that is asked for; where it is gone, any: it takes nothing."""
        if pending_request is None or not candidate_replicas:
            return [candidate_replicas] if candidate_replicas else []
        pending_request.routing_context.should_backoff = True
        wanted = pending_request.metadata.session_id
        found = [one for one in candidate_replicas if one.replica_id.unique_id == wanted]
        return [found or candidate_replicas]


def replicas_wanted(context: Any) -> tuple[float, dict[str, Any]]:
    """Return how many replicas what waits asks for; Serve's own settings bound and delay it."""
    waiting = context.aggregated_metrics.get(WAITING, {})
    return sum(waiting.values()) / _LOADED, {}
