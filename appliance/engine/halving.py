"""A race in one process: all run a lap, the better third goes on, and so forth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from appliance.engine.race import Item, Lap, Standing, Watch, kept, rungs

if TYPE_CHECKING:
    from appliance.engine.base import Engine


@dataclass(frozen=True)
class _Run:
    lap: Lap[Any]
    item: Any
    first: int
    stop: int
    before: Standing


def run(
    engine: Engine, lap: Lap[Item], items: Sequence[Item], laps: int, told: Watch
) -> list[Standing]:
    """Run a race by an engine's `map`, rung after rung; see `Engine.race`."""
    standings = {number: Standing(number) for number in range(len(items))}
    going, first = list(standings), 0
    for stop in rungs(laps):
        runs = [_Run(lap, items[one], first, stop, standings[one]) for one in going]
        for outcome in engine.map(_run, runs):
            before = runs[outcome.index].before
            found = outcome.value or replace(before, error=outcome.error)
            standings[found.number] = found
            told(found)
        going = [one.number for one in kept([standings[one] for one in going])]
        first = stop
    return [standings[number] for number in sorted(standings)]


def _run(run: _Run) -> Standing:
    standing = run.before
    for number in range(run.first, run.stop):
        standing = standing.after(run.lap(run.item, number))
    return standing
