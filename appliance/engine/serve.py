"""Work that keeps state, on Ray Serve: each key's in one process, as many as the load asks for.

What is asked for one key goes to one replica, by consistent hashing and nowhere else.  When
replicas come or go, the keys of a few move; a replica that is new to a key begins with what it
can look up.  What waits in a replica is worked on together.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from appliance.core.errors import EngineError, KizashiError, TryAgain
from appliance.core.settings import Settings
from appliance.engine.ray import RayEngine

Item = TypeVar("Item")
Result = TypeVar("Result")
Work = Callable[[Sequence[Item]], "list[Result | KizashiError]"]

_BATCH = 64
_WAITING = 4 * _BATCH
"""Requests at a replica, those that it works on and those that wait; and more that queue."""
_LOADED = 16
"""Requests at a replica from which on another one is wanted."""
_PATIENCE = 30.0
_ROUTER = "ray.serve.experimental.consistent_hash_router:ConsistentHashRouter"


@dataclass(frozen=True)
class Pace:
    """How soon replicas come and go, in seconds.

    Attributes
    ----------
    more, fewer
        That more, or fewer, are wanted before they come or go: a replica that goes takes the
        state of its keys along, so that it stays for a while.
    over
        That what waits is averaged over.
    """

    more: float = 30.0
    fewer: float = 600.0
    over: float = 30.0


def available() -> bool:
    """Whether Ray Serve is installed (the extra ``serve``)."""
    return all(importlib.util.find_spec(name) for name in ("grpc", "aiohttp", "mmh3"))


class Replicas(Generic[Item, Result]):
    """Processes on Ray Serve that do one kind of work; made when there are none yet.

    Parameters
    ----------
    settings
        Where Ray is.
    name
        Of the work: who asks for the same name shares its replicas.
    make
        Called in each replica, returns what does the work: of all items that wait at once, and
        gives of each the result, or the error of ours that it ends with.
    most
        Replicas at most.
    pace
        How soon they come and go.

    Raises
    ------
    EngineError
        Ray or Ray Serve cannot be used.
    """

    def __init__(
        self,
        settings: Settings,
        name: str,
        make: Callable[[], Work[Item, Result]],
        *,
        most: int,
        pace: Pace = Pace(),
    ) -> None:
        self._engine = RayEngine(settings)
        from ray import serve
        from ray.exceptions import RayError
        from ray.serve import exceptions

        self._gone, self._lost = exceptions, RayError
        try:
            serve.start(proxy_location="Disabled")
            known = serve.status().applications.get(name)
            if known is not None and known.status == "RUNNING":
                self._handle = serve.get_app_handle(name)
            else:
                app = _deployment(serve, most, pace).bind(make)
                self._handle = serve.run(app, name=name, route_prefix=None)
        except Exception as error:
            self._engine.close()
            raise EngineError(f"Ray Serve cannot be used: {error}.") from error
        # One router for all keys, made before threads ask: each of those that race makes one of
        # its own under the same name, and what waits is then counted for one of them only.
        self._work = self._handle.work
        self._by_key: dict[str, Any] = {}

    def ask(self, items: Sequence[tuple[str, Item]]) -> list[Result]:
        """Have items worked on, each where its key's state is; return what they gave.

        Raises
        ------
        KizashiError
            What the work raised, of the first item that failed.
        TryAgain
            More waits than is taken, or a replica was lost; another one takes its place.
        EngineError
            Ray Serve was lost.
        """
        asked: list[Any] = []
        try:
            asked += [self._of(key).remote(item) for key, item in items]
            given = [answer.result(timeout_s=_PATIENCE) for answer in asked]
        except self._gone.BackPressureError as error:
            raise TryAgain("more readings come than are judged.") from error
        except self._lost as error:
            raise TryAgain(f"a replica was lost: {type(error).__name__}.") from error
        except (self._gone.RayServeException, TimeoutError) as error:
            for answer in asked:  # who asks again must not find it done by then
                answer.cancel()
            raise EngineError(f"Ray Serve does not answer: {error}.") from error
        failed = next((one for one in given if isinstance(one, KizashiError)), None)
        if failed is not None:
            raise failed
        return given

    def _of(self, key: str) -> Any:
        if key not in self._by_key:
            self._by_key[key] = self._work.options(session_id=key)
        return self._by_key[key]

    def close(self) -> None:
        """Leave; the replicas stay for others who ask by their name."""
        self._engine.close()


def _deployment(serve: Any, most: int, pace: Pace) -> Any:
    class Keeper:
        def __init__(self, make: Callable[[], Work[Any, Any]]) -> None:
            self._work = make()

        @serve.batch(max_batch_size=_BATCH, batch_wait_timeout_s=0.0)  # type: ignore[untyped-decorator]
        async def work(self, items: list[Any]) -> list[Any]:
            return self._work(items)

    return serve.deployment(
        max_ongoing_requests=_WAITING,
        max_queued_requests=_WAITING,
        autoscaling_config={
            "min_replicas": 1,
            "max_replicas": most,
            "target_ongoing_requests": _LOADED,
            "upscale_delay_s": pace.more,
            "downscale_delay_s": pace.fewer,
            "look_back_period_s": pace.over,
        },
        # A line in a file for each reading costs more than judging it.
        logging_config={"enable_access_log": False},
        request_router_config={
            "request_router_class": _ROUTER,
            "request_router_kwargs": {"num_fallback_replicas": 0},
        },
    )(Keeper)
