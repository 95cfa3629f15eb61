"""The protocol of an engine: a function over items, each of which may fail alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, Protocol, Self, TypeVar

from appliance.core.errors import KizashiError
from appliance.core.log import Said, collected, get
from appliance.core.trail import Span, Trail, following, listen, span, within
from appliance.engine.joint import Item, Tell, Work
from appliance.engine.meter import AloneInProcess, OnThread, Used
from appliance.engine.needs import Needs
from appliance.engine.race import Lap, Standing, Watch

_log = get(__name__)

Result = TypeVar("Result")

_LONGEST = 300
THREADS = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMBA_NUM_THREADS",
        "POLARS_MAX_THREADS",
    ),
    "1",
)
"""One thread a task: tasks already fill the cores, and sums do not depend on the machine."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Result]):
    """What became of one item.

    Attributes
    ----------
    index
        Position of the item in the sequence given.
    value
        What the function returned; None if it failed.
    error
        Why it failed, for a person; empty if it did not.
    cause
        The error itself where it is one of ours, so that a caller may act on its kind.
    used
        What it used of the machine; None if nobody could measure it to its end.
    said, spans
        What it wrote to the log and what of it was traced, where that was in another process.
    """

    index: int
    value: Result | None
    error: str = ""
    cause: KizashiError | None = None
    used: Used | None = field(default=None, compare=False)
    said: tuple[Said, ...] = field(default=(), compare=False, repr=False)
    spans: tuple[Span, ...] = field(default=(), compare=False, repr=False)

    @property
    def ok(self) -> bool:
        """Whether the function returned."""
        return not self.error


class Engine(Protocol):
    """Runs a module-level function over items, on threads, processes or machines.

    Items are small and say *where* the data is; results are small.  Outcomes come back as
    they finish.  An item whose worker dies is run again; an item whose function raises a
    `KizashiError` or any other exception is not: its outcome carries the reason.  At most
    twice as many items as workers are in flight, so memory does not grow with the fleet.
    """

    name: str
    workers: int

    def map(
        self,
        function: Callable[[Item], Result],
        items: Sequence[Item],
        needs: Needs | None = None,
    ) -> Iterator[Outcome[Result]]:
        """Yield the outcome of ``function(item)`` for every item, in order of finishing.

        Parameters
        ----------
        needs
            Of each item; a processor if not given.
        """

    def together(
        self, function: Work[Item], item: Item, place: str, *, workers: int, told: Tell
    ) -> bytes:
        """Return what members that run ``function(item, member)`` together bring forth.

        Parameters
        ----------
        function
            Of a module.  Where it uses `torch.distributed`, that joins the members.
        place
            Address of a folder of the site's storage that all reach.  What members keep stays
            there until the caller discards it (`Board.discard`): begun again, they go on.
        workers
            Members wanted; there may be fewer, and in one process there is one.
        told
            Is told of steps that were kept.

        Raises
        ------
        InvalidRequest
            A member says that it cannot be done.
        EngineError
            Workers were lost again and again.
        Cancelled
            Somebody asked for it.
        """

    def race(
        self, lap: Lap[Item], items: Sequence[Item], *, laps: int, told: Watch
    ) -> list[Standing]:
        """Let alternatives run laps, and give up early those that fall behind.

        Parameters
        ----------
        lap
            Of a module: ``lap(item, number)`` gives figures, of which ``merit`` counts.
        laps
            That the best run.
        told
            Is told how far each is.

        Returns
        -------
        list of Standing
            In the order of the items; `race.best_of` orders them.

        Raises
        ------
        EngineError
            Every one was lost.
        Cancelled
            Somebody asked for it.
        """

    def close(self) -> None:
        """Release what the engine started; never anything it found running."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


def attempt(function: Callable[[Item], Result], index: int, item: Item) -> Outcome[Result]:
    """Run one item in a thread beside others, turning whatever it raises into a reason."""
    gauge = OnThread()
    return replace(_attempted(function, index, item), used=gauge.used())


def attempt_alone(
    function: Callable[[Item], Result], index: int, item: Item, trail: Trail
) -> Outcome[Result]:
    """Run one item in a process that runs nothing beside it, in the same way.

    What is said and traced there goes back with the outcome: nobody reads that machine's log.

    Parameters
    ----------
    trail
        Of whoever waits for it.
    """
    gauge = AloneInProcess()
    spans: list[Span] = []
    before = listen(spans.append if trail.trace else None)
    try:
        with following(trail), collected() as said:
            found = _attempted(function, index, item)
    finally:
        listen(before)
    return replace(found, used=gauge.used(), said=tuple(said), spans=tuple(spans))


def _attempted(function: Callable[[Item], Result], index: int, item: Item) -> Outcome[Result]:
    with within(task=index), span("task") as told:
        found = _tried(function, index, item)
        if told is not None:
            told.error = found.error[:_LONGEST]
    return found


def _tried(function: Callable[[Item], Result], index: int, item: Item) -> Outcome[Result]:
    try:
        return Outcome(index, function(item))
    except KizashiError as error:
        return Outcome(index, None, str(error), error)
    except Exception as error:  # noqa: BLE001 - one item's failure is its outcome, not the job's
        _log.debug("item %d failed", index, exc_info=True)
        return Outcome(index, None, f"{type(error).__name__}: {error}")
