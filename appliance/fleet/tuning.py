"""Searching a recipe for a fleet without labels: alternatives race over some machines."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from appliance.calendar.masks import Masks
from appliance.core.errors import InvalidRequest
from appliance.engine.base import Engine
from appliance.engine.race import MERIT, Standing, best_of
from appliance.fleet.chunks import Chunk, Columns
from appliance.fleet.guide import Guide
from appliance.fleet.past import MOST_CELLS, learnable, past_of
from appliance.fleet.preparing import Unfit
from appliance.fleet.probing import Probe, probe
from appliance.fleet.recipe import make_detector
from appliance.schemas.progress import Progress, Silent
from appliance.schemas.recipe import Recipe
from appliance.schemas.tuning import Tried
from detectors import catalog
from detectors.errors import DetectorError, InvalidInput, MissingDependency

MACHINES = 9
"""Machines of a fleet that alternatives race over, at most: three rungs of the race."""
_FIXED = frozenset({"seed", "random_state", "batch", "least_steps"})
_SUSTAINED = (None, 0.0, 4.0, 12.0)
_DRAWS = 40
"""Times that an alternative is drawn for each that is wanted: many are drawn twice."""


@dataclass(frozen=True)
class Alternative:
    """A recipe, and machines to find out on what it is worth."""

    recipe: Recipe
    machines: tuple[Chunk, ...]
    columns: Columns
    masks: Masks | None = None
    guide: Guide = field(default_factory=Guide)
    most_cells: int = MOST_CELLS


def alternatives(recipe: Recipe, count: int, *, own_detector: bool) -> list[Recipe]:
    """Return recipes to be tried, the one given first.

    Parameters
    ----------
    own_detector
        Stay with the recipe's detector; otherwise every detector of the catalogue is tried
        as it comes, and then with other parameters.
    """
    found = [recipe]
    if not own_detector:
        found += [_with(recipe, name, {}) for name in _detectors() if name != recipe.detector]
    rng = random.Random(recipe.seed)  # noqa: S311 - draws alternatives, not secrets
    begun = list(found)
    for _ in range(_DRAWS * count):
        if len(found) >= count:
            break
        base = rng.choice(begun)
        drawn = _drawn(base, rng)
        if drawn is not None and drawn not in found:
            found.append(drawn)
    return found[:count]


def _with(recipe: Recipe, detector: str, parameters: Mapping[str, Any]) -> Recipe:
    return recipe.model_copy(
        update={"detector": detector, "parameters": dict(parameters), "pooled": False}
    )


def _detectors() -> Iterator[str]:
    """Yield the detectors that can be learned here, but those that go on learning."""
    for name in catalog.names():
        try:
            if not catalog.describe(name).tags.partial_fit:
                yield name
        except MissingDependency:
            continue


def _drawn(base: Recipe, rng: random.Random) -> Recipe | None:
    """Return a recipe like another one, some of its settings changed; None where that fails."""
    try:
        known = make_detector(base, "").get_params()
    except InvalidRequest:
        return None
    parameters = dict(base.parameters)
    for name in sorted(set(known) - _FIXED):
        near = neighbours(known[name])
        if near and rng.random() < 0.5:
            parameters[name] = rng.choice(near)
    sustained = rng.choice(_SUSTAINED)
    found = base.model_copy(
        update={"parameters": parameters, "sustained_hours": sustained, "pooled": False}
    )
    try:
        make_detector(found, "")
    except (InvalidRequest, InvalidInput):
        return None
    return found


def neighbours(value: object) -> list[Any]:
    """Return values to try beside a parameter's: half and twice as much.

    Of a share near 1 it is what is missing to 1 that is halved and doubled.  Anything but a
    number stays as it is.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        return []
    if isinstance(value, int):
        return sorted({max(value // 2, 1), value * 2} - {value})
    if 0.5 < value < 1:
        return [round(1 - 2 * (1 - value), 6), round(1 - (1 - value) / 2, 6)]
    return [value / 2, value * 2]


def search(
    found: Sequence[Alternative], engine: Engine, progress: Progress | None = None
) -> list[Tried]:
    """Let alternatives race; return them from the best on.

    Raises
    ------
    InvalidRequest
        None of them could learn a machine.
    EngineError, Cancelled
        As `Engine.race` says.
    """
    laps = len(found[0].machines)
    progress = progress or Silent()
    progress.step("Trying recipes", total=len(found) * laps)
    run: dict[int, int] = {}

    def told(standing: Standing) -> None:
        progress.advance(max(standing.laps - run.get(standing.number, 0), 0))
        run[standing.number] = standing.laps
        own = found[standing.number].recipe
        progress.note(f"{described(own)}: {_shown(standing)}")

    standings = engine.race(_lap, found, laps=laps, told=told)
    tried = [_tried(found[one.number].recipe, one) for one in best_of(standings, laps)]
    if tried[0].reason:
        raise InvalidRequest(f"no recipe could be tried: {tried[0].reason}.")
    return tried


def described(recipe: Recipe) -> str:
    """Return what tells a recipe from others, in a line."""
    parts = [f"{name} {value}" for name, value in sorted(recipe.parameters.items())]
    if recipe.sustained_hours is not None:
        parts.append(f"averages over {recipe.sustained_hours:g} h")
    return f"{recipe.detector} ({', '.join(parts)})" if parts else recipe.detector


def _shown(standing: Standing) -> str:
    if standing.error:
        return standing.error
    figures = standing.figures
    return (
        f"{standing.laps} machine{'' if standing.laps == 1 else 's'}, "
        f"found {figures['found']:.0%}, false {figures['alarms']:.2%}"
    )


def _tried(recipe: Recipe, standing: Standing) -> Tried:
    return Tried(
        recipe=recipe,
        machines=standing.laps,
        found=round(standing.figures.get("found", 0.0), 4),
        alarms=round(standing.figures.get("alarms", 0.0), 4),
        merit=round(standing.figures.get(MERIT, 0.0), 4),
        reason=standing.error or ("" if standing.laps else "it was not begun"),
    )


def _lap(alternative: Alternative, number: int) -> Mapping[str, float]:
    """Find out what a recipe is worth on one machine; where it learns nothing, nothing."""
    columns, guide = alternative.columns, alternative.guide
    masks = guide.masks(alternative.masks)
    machine = alternative.machines[number]
    past = past_of(machine, columns, alternative.most_cells)
    for one in learnable(machine, columns, masks, past):
        try:
            own = probe(one.asset, one.rows, columns.sensors, alternative.recipe)
        except (Unfit, DetectorError, ArithmeticError):
            own = Probe(0.0, 0.0)
        return {MERIT: own.merit, "found": own.found, "alarms": own.alarms}
    return {MERIT: 0.0, "found": 0.0, "alarms": 0.0}
