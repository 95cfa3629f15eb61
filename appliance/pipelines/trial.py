"""Models learned to be asked once: they never become a version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from appliance.core.clock import now
from appliance.engine import Engine
from appliance.fleet import fit_fleet
from appliance.fleet.guide import Guide
from appliance.objects import join, shelf
from appliance.pipelines.pools import lesson_of, pool_of
from appliance.pipelines.site import Site
from appliance.pipelines.train import TrainOptions, layout_of, left_out, recipe_for
from appliance.schemas.base import Schema
from appliance.schemas.progress import Progress

_TRIALS = ".trials"
_STALE = timedelta(days=7)


class Trial(Schema):
    """A model that was learned to be asked.

    Attributes
    ----------
    folder
        Address of the artifact.
    rows
        Readings learned from.
    failures
        Why assets have no model, by asset.
    """

    folder: str
    recipe: str
    budget: float
    learned_from: datetime
    learned_until: datetime
    rows: int
    failures: dict[str, str]


@dataclass(frozen=True)
class Lesson:
    """What a trial is learned from.

    Attributes
    ----------
    options
        Recipe and time range.
    guide
        What people said of events.
    assets
        All if None.
    readings_version
        Of the fleet's table.
    """

    options: TrainOptions
    guide: Guide
    assets: tuple[str, ...] | None = None
    readings_version: int | None = None


def learn_trial(
    site: Site,
    fleet: str,
    name: str,
    lesson: Lesson,
    engine: Engine,
    progress: Progress | None = None,
) -> Trial:
    """Learn a model under a name of its own; one of that name gives way.

    Raises
    ------
    InvalidRequest
        The recipe cannot be used, or no asset could be modelled.
    """
    _drop_stale(site)
    folder = join(site.settings.place("models"), _TRIALS, name)
    known = site.intake.sensors(fleet)
    recipe = recipe_for(site, fleet, lesson.options, known)
    start, end = lesson.options.start, lesson.options.end
    chunks = site.lake.readings(fleet).chunks(
        cells=site.chunk_cells(
            fleet, engine.workers, assets=lesson.assets, start=start, end=end
        ),
        assets=lesson.assets,
        start=start,
        end=end,
        version=lesson.readings_version,
    )
    masks, _ = left_out(site, fleet)
    layout = layout_of(site, fleet, known)
    common = lesson_of(recipe, layout, chunks, masks, lesson.guide)
    report = fit_fleet(
        chunks,
        recipe,
        layout,
        folder,
        engine,
        masks=masks,
        guide=lesson.guide,
        progress=progress,
        pool=pool_of(site, name, common, engine, progress=progress),
        most_cells=site.settings.chunk_cells,
    )
    return Trial(
        folder=folder,
        recipe=recipe.name,
        budget=recipe.threshold.false_alarms_per_month,
        learned_from=report.data_start,
        learned_until=report.data_end,
        rows=report.rows,
        failures=report.failures,
    )


def drop_trial(trial: Trial) -> None:
    """Remove a trial's artifact."""
    above, _, name = trial.folder.rpartition("/")
    shelf(above).clear(name)


def _drop_stale(site: Site) -> None:
    """Remove what runs that were killed, and never begun again, have left."""
    models = shelf(site.settings.place("models"))
    newest: dict[str, datetime] = {}
    for entry in models.entries(_TRIALS):
        name = entry.key.split("/")[1]
        newest[name] = max(entry.modified, newest.get(name, entry.modified))
    for name, modified in newest.items():
        if now() - modified > _STALE:
            models.clear(f"{_TRIALS}/{name}")
