"""The network of a whole fleet, where a recipe asks for one: learned before its machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from appliance.calendar.masks import Masks
from appliance.core.clock import now
from appliance.engine import Engine
from appliance.fleet import Layout
from appliance.fleet.chunks import Chunk, Columns
from appliance.fleet.guide import Guide
from appliance.fleet.pooling import Lesson, Pooled, learn_pool
from appliance.fleet.recipe import make_detector, pooled
from appliance.objects import join, shelf
from appliance.pipelines.site import Site
from appliance.schemas.progress import Progress
from appliance.schemas.recipe import Recipe

_POOLS = ".pools"
_STALE = timedelta(days=7)


def require_poolable(recipe: Recipe) -> None:
    """Check that a whole fleet can teach one network of a recipe.

    Raises
    ------
    InvalidRequest
        Its detector learns each machine alone.
    """
    pooled(make_detector(recipe, ""), recipe)


def lesson_of(
    recipe: Recipe, layout: Layout, chunks: Sequence[Chunk], masks: Masks, guide: Guide
) -> Lesson | None:
    """Return what a fleet's network is learned from; None where the recipe asks for none."""
    if not recipe.pooled:
        return None
    columns = Columns.of(recipe, layout.sensors, layout.context)
    return Lesson(chunks, columns, recipe, masks, guide)


def pool_of(
    site: Site,
    name: str,
    lesson: Lesson | None,
    engine: Engine,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Pooled | None:
    """Learn a fleet's network; epochs that were kept under this name are not learned again.

    Parameters
    ----------
    workers
        That learn together; the engine's if not given.
    """
    if lesson is None:
        return None
    _drop_stale(site)
    place = join(site.settings.place("models"), _POOLS, name)
    held = replace(lesson, most_cells=site.settings.chunk_cells)
    return learn_pool(held, place, engine, workers or engine.workers, progress)


def _drop_stale(site: Site) -> None:
    """Remove what runs that were killed, and never begun again, have left."""
    models = shelf(site.settings.place("models"))
    fresh = now() - _STALE
    for name in models.folders(_POOLS):
        if all(one.modified < fresh for one in models.entries(f"{_POOLS}/{name}")):
            models.clear(f"{_POOLS}/{name}")
