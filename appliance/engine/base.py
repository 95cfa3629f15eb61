"""The protocol of an engine: a function over items, each of which may fail alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, Self, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


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
    """

    index: int
    value: Result | None
    error: str = ""

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
        self, function: Callable[[Item], Result], items: Sequence[Item]
    ) -> Iterator[Outcome[Result]]:
        """Yield the outcome of ``function(item)`` for every item, in order of finishing."""

    def close(self) -> None:
        """Release what the engine started; never anything it found running."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...
