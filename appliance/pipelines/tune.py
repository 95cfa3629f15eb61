"""Tune: find a recipe for a fleet without labels, and save it for trainings to find."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from appliance.access.person import Person, known
from appliance.core.errors import InvalidRequest
from appliance.engine import Engine
from appliance.fleet.chunks import Columns
from appliance.fleet.sharing import spread
from appliance.fleet.tuning import MACHINES, Alternative, alternatives, described, search
from appliance.pipelines.frozen import words_on
from appliance.pipelines.recipes import save_recipe
from appliance.pipelines.site import Site
from appliance.pipelines.steps import Plain, Steps
from appliance.pipelines.train import TrainOptions, layout_of, left_out, recipe_for
from appliance.schemas.base import fleet_name
from appliance.schemas.progress import Progress
from appliance.schemas.recipe import Recipe
from appliance.schemas.tuning import Tried, Tuning


@dataclass(frozen=True)
class TuneOptions:
    """What is tried; see `TuneArguments`."""

    recipe: str | Mapping[str, Any] | Recipe | None = None
    trials: int = 24
    name: str | None = None


def tune(
    site: Site,
    fleet: str,
    options: TuneOptions | None = None,
    *,
    by: Person | str = "kizashi",
    engine: str | None = None,
    progress: Progress | None = None,
    steps: Steps | None = None,
) -> Tuning:
    """Try recipes on some machines of a fleet, and save the best under a name.

    Nothing is trained for good and nothing alarms by it: that is for a training to do.

    Raises
    ------
    NotFound
        The fleet has no readings.
    InvalidRequest
        A recipe cannot be used, or none could be tried.
    """
    fleet = fleet_name(fleet)
    options, steps = options or TuneOptions(), steps or Plain()
    site.require_fleet(fleet)

    def tried() -> _Found:
        with site.engine(engine) as made:
            return _Found(tuple(_tried(site, fleet, options, made, progress)))

    found = steps.run("try", _Found, tried)

    def keep() -> Tuning:
        return _kept(site, fleet, options, found.tried, by)

    return steps.run("save", Tuning, keep)


@dataclass(frozen=True)
class _Found:
    tried: tuple[Tried, ...]


def _tried(
    site: Site, fleet: str, options: TuneOptions, engine: Engine, progress: Progress | None
) -> list[Tried]:
    known_sensors = site.intake.sensors(fleet)
    asked = TrainOptions(recipe=options.recipe or "auto")
    recipe = recipe_for(site, fleet, asked, known_sensors)
    layout = layout_of(site, fleet, known_sensors)
    masks, _ = left_out(site, fleet)
    guide = words_on(site, fleet).guide
    chunks = _machines(site, fleet)
    wanted = alternatives(recipe, options.trials, own_detector=options.recipe is not None)
    return search(
        [
            Alternative(
                one,
                chunks,
                Columns.of(one, layout.sensors, layout.context),
                masks,
                guide,
                site.settings.chunk_cells,
            )
            for one in wanted
        ],
        engine,
        progress,
    )


def _machines(site: Site, fleet: str) -> tuple[Any, ...]:
    """Return where the readings of some machines are, one after the other."""
    readings = site.lake.readings(fleet)
    chosen = spread(readings.assets(), MACHINES)
    cells = site.settings.chunk_cells
    found = [chunk for one in chosen for chunk in readings.chunks(cells=cells, assets=[one])]
    if not found:
        raise InvalidRequest(f"fleet {fleet} has no readings.")
    return tuple(found)


def _kept(
    site: Site, fleet: str, options: TuneOptions, tried: tuple[Tried, ...], by: Person | str
) -> Tuning:
    best = tried[0]
    name = options.name or f"tuned_{re.sub('[^a-z0-9_]', '_', fleet.lower())}"[:60]
    (project,) = site.access.projects.of([fleet]).values()
    saved = save_recipe(site, known(by), project, name, best.recipe)
    return Tuning(
        fleet=fleet,
        name=name,
        recipe=saved.recipe,
        machines=best.machines,
        tried=tried,
        words=_words(tried),
    )


def _words(tried: tuple[Tried, ...]) -> str:
    """Return why the first is the best."""
    best, others = tried[0], [one for one in tried[1:] if not one.reason]
    text = (
        f"{described(best.recipe)} found {best.found:.0%} of the readings with a fault put in, "
        f"and {best.alarms:.2%} of those as they were alarmed, on "
        f"{best.machines} machine{'' if best.machines == 1 else 's'} whose last third it had "
        "not learned."
    )
    if others:
        text += (
            f" Next came {described(others[0].recipe)} with {others[0].found:.0%} and "
            f"{others[0].alarms:.2%}."
        )
    early = sum(one.machines < best.machines for one in others)
    if early:
        text += f" {early} of {len(tried)} were given up early."
    return text
