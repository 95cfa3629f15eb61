"""Work on threads of this process: the kernels release the interpreter's lock."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from typing import Any, Self

from threadpoolctl import ThreadpoolController

from appliance.core.errors import InvalidRequest
from appliance.engine import halving
from appliance.engine.base import Outcome, Result, attempt
from appliance.engine.joint import Board, Item, Member, Tell, Work
from appliance.engine.meter import count
from appliance.engine.needs import Needs
from appliance.engine.race import Lap, Standing, Watch
from appliance.engine.stop import LOOK, current

_lock = threading.Lock()
_holders = 0
_limit: Any = None


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Hold BLAS and OpenMP at one thread; nested and concurrent uses share one limit.

    The limit belongs to the process, so the last to leave lifts it.
    """
    global _holders, _limit  # noqa: PLW0603 - what is counted is a property of the process
    with _lock:
        if _holders == 0:
            _limit = ThreadpoolController().limit(limits=1)
        _holders += 1
    try:
        yield
    finally:
        with _lock:
            _holders -= 1
            if _holders == 0:
                _limit.restore_original_limits()
                _limit = None


class LocalEngine:
    """Runs items on threads.

    Parameters
    ----------
    workers
        Threads.
    """

    name = "local"

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def map(
        self,
        function: Callable[[Item], Result],
        items: Sequence[Item],
        needs: Needs | None = None,
    ) -> Iterator[Outcome[Result]]:
        """Yield the outcome of ``function(item)`` for every item, in order of finishing.

        Raises
        ------
        InvalidRequest
            An item needs a graphics processor, which nobody shares out here.
        Cancelled
            Somebody asked for it; items that are under way end by themselves.
        """
        if needs is not None and needs.gpus:
            raise InvalidRequest(
                "a graphics processor is shared out by Ray alone.",
                remedy="Ask for it with engine ray.",
            )
        running: set[Future[Outcome[Result]]] = set()
        following, stop = 0, current()
        pool = ThreadPoolExecutor(self.workers, "kizashi")
        with one_thread_each():
            try:
                while following < len(items) or running:
                    while following < len(items) and len(running) < 2 * self.workers:
                        own = copy_context()  # the trail that whoever asks is on
                        work = partial(attempt, function, following, items[following])
                        running.add(pool.submit(own.run, work))
                        following += 1
                    done, running = wait(running, LOOK, return_when=FIRST_COMPLETED)
                    for future in sorted(done, key=lambda f: f.result().index):
                        count(future.result().used)
                        yield future.result()
                    stop.check()
            finally:
                # A thread cannot be ended: whoever asked for a stop does not wait for its item.
                pool.shutdown(wait=not stop.asked, cancel_futures=True)

    def together(
        self, function: Work[Item], item: Item, place: str, *, workers: int, told: Tell
    ) -> bytes:
        """Run joint work with one member, in this thread; see `Engine.together`."""
        del workers
        board, stop = Board(place), current()
        board.begin()

        def go_on(_: bool) -> bool:
            news = board.news()
            if news is not None:
                told(news)
            stop.check()
            return False

        return function(item, Member(0, 1, place, go_on))

    def race(
        self, lap: Lap[Item], items: Sequence[Item], *, laps: int, told: Watch
    ) -> list[Standing]:
        """Run a race on threads, rung after rung; see `Engine.race`."""
        return halving.run(self, lap, items, laps, told)

    def close(self) -> None:
        """Do nothing: threads end with each map."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
