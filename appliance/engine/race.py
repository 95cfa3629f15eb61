"""A race of alternatives over laps: those that fall behind are given up early.

What an alternative is worth is a mean over laps, and laps are what costs.  After 1, 3, 9, …
laps only the better third of those that came so far goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

Item = TypeVar("Item")

REDUCTION = 3
"""One of so many goes on."""
MERIT = "merit"
"""Key of the figure that counts; the higher the better."""

Lap: TypeAlias = Callable[[Item, int], Mapping[str, float]]
"""From an alternative and the number of a lap to figures, `MERIT` among them."""


@dataclass(frozen=True)
class Standing:
    """How far an alternative has come.

    Attributes
    ----------
    number
        Of the alternative.
    laps
        That it has run.
    figures
        Means over these laps.
    error
        Why it could not go on; empty if it could.
    """

    number: int
    laps: int = 0
    figures: Mapping[str, float] = field(default_factory=dict)
    error: str = ""

    @property
    def merit(self) -> float:
        """What counts; worse than anything where there is no figure."""
        return self.figures.get(MERIT, float("-inf"))

    def after(self, figures: Mapping[str, float]) -> Standing:
        """Return how far it is after one lap more."""
        count = self.laps + 1
        means = {
            key: (self.figures.get(key, 0.0) * self.laps + value) / count
            for key, value in figures.items()
        }
        return Standing(self.number, count, means)


Watch: TypeAlias = Callable[[Standing], None]


def rungs(laps: int) -> list[int]:
    """Return after how many laps the slower ones are given up, and last all laps."""
    found, following = [], 1
    while following < laps:
        found.append(following)
        following *= REDUCTION
    return [*found, laps]


def best_of(standings: Sequence[Standing], laps: int) -> list[Standing]:
    """Return standings from the best on: who came further is better, then who is worth more."""
    order = rungs(laps)

    def reached(one: Standing) -> int:
        return sum(one.laps >= rung for rung in order)

    return sorted(standings, key=lambda one: (-reached(one), -one.merit, one.number))


def kept(standings: Sequence[Standing]) -> Iterator[Standing]:
    """Yield those of one rung that go on: the better third, one at least."""
    fit = sorted(
        (one for one in standings if not one.error), key=lambda one: (-one.merit, one.number)
    )
    yield from fit[: max(-(-len(fit) // REDUCTION), 1)]
