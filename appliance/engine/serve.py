"""Work that keeps state, on Ray Serve: each key's in one process, as many as the load asks for.

What is asked for one key goes to one replica, by hashing and nowhere else.  When replicas come
or go, the keys of a few move; a replica that is new to a key begins with what it can look up.
What waits for a replica is gathered here: it goes to it, and is worked on, together.
"""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from appliance.core.clock import monotonic
from appliance.core.errors import EngineError, KizashiError, TryAgain
from appliance.core.settings import Settings
from appliance.engine import places
from appliance.engine.gather import TOO_MUCH, Gatherer
from appliance.engine.ray import RayEngine

Item = TypeVar("Item")
Result = TypeVar("Result")
Work = Callable[[Sequence[Item]], "list[Result | KizashiError]"]

_BATCH = 64
"""Weight of what shares a call."""
_WAITING = 8 * _BATCH
"""Items that wait for a replica in a process that asks."""
_CALLS = 64
"""Under way at a replica: one of each process that asks; and more that queue."""
_PATIENCE = 30.0
_TICK = 1e-3
_PLACING = "appliance.engine.placing"


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
    weigh
        Of an item: what is heavy shares its call with fewer.
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
        weigh: Callable[[Item], int] = lambda _: 1,
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
        # One router for all places, made before anything asks: those that race make one each.
        self._work = self._handle.work
        self._gatherer: Gatherer[Item, Result] = Gatherer(
            self._call, weigh=weigh, most=_BATCH, waiting=_WAITING
        )
        self._unfollow = places.follow(name, self._gatherer.move)

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
        return asyncio.run(self.asked(items))

    async def asked(self, items: Sequence[tuple[str, Item]]) -> list[Result]:
        """Do as `ask`, and keep no thread waiting; what is given up and still waits is let go.

        Raises
        ------
        KizashiError, TryAgain, EngineError
            As `ask` does.
        """
        answers = [self._gatherer.put(key, item) for key, item in items]
        try:
            async with asyncio.timeout(_PATIENCE):
                given = await asyncio.gather(*answers, return_exceptions=True)
        except TimeoutError as error:
            raise EngineError(f"Ray Serve does not answer in {_PATIENCE:g} s.") from error
        failed = next((one for one in given if isinstance(one, BaseException)), None)
        if failed is not None:
            raise failed
        return cast("list[Result]", given)

    async def _call(
        self, place: str, items: list[Item], waited: float
    ) -> Sequence[Result | KizashiError] | None:
        """Ask a replica, for those whose items were gathered."""
        response = self._work.options(session_id=place).remote(place, items, waited)
        try:
            given: Sequence[Result | KizashiError] | None = await response
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                response.cancel()  # who asks again must not find it done by then
                raise
            raise TryAgain("a replica was lost: it let go of what it was asked.") from None
        except self._gone.BackPressureError as error:
            raise TryAgain(TOO_MUCH) from error
        except self._lost as error:
            raise TryAgain(f"a replica was lost: {type(error).__name__}.") from error
        except self._gone.RayServeException as error:
            raise EngineError(f"Ray Serve does not answer: {error}.") from error
        return given

    def close(self) -> None:
        """Leave; the replicas stay for others who ask by their name."""
        self._unfollow()
        self._gatherer.close()
        self._engine.close()


def _deployment(serve: Any, most: int, pace: Pace) -> Any:
    class Keeper:
        def __init__(self, make: Callable[[], Work[Any, Any]]) -> None:
            self._work = make()
            self._place = serve.get_replica_context().replica_tag
            self._waited, self._since = 0.0, monotonic()

        async def work(self, place: str, items: list[Any], waited: float) -> list[Any] | None:
            if place != self._place:
                return None
            self._waited += waited
            return self._work(items)

        def record_autoscaling_stats(self) -> dict[str, float]:
            # How many waited on average: their seconds by those that went by (Little's law),
            # whoever asks, and nothing is left of a process that asks no more.
            waited, since, now = self._waited, self._since, monotonic()
            self._waited, self._since = 0.0, now
            return {places.WAITING: waited / max(now - since, _TICK)}

    return serve.deployment(
        max_ongoing_requests=_CALLS,
        max_queued_requests=_CALLS,
        autoscaling_config={
            "min_replicas": 1,
            "max_replicas": most,
            "upscale_delay_s": pace.more,
            "downscale_delay_s": pace.fewer,
            "look_back_period_s": pace.over,
            "metrics_interval_s": pace.over / 3,
            "policy": {"policy_function": f"{_PLACING}:replicas_wanted"},
        },
        # A line in a file for each call costs more than judging a reading.
        logging_config={"enable_access_log": False},
        request_router_config={"request_router_class": f"{_PLACING}:PlaceRouter"},
    )(Keeper)
