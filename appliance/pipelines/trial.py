"""Models learned to be asked once: they never become a version."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from appliance.core.clock import now
from appliance.engine import Engine
from appliance.fleet import fit_fleet
from appliance.fleet.guide import Guide
from appliance.pipelines.site import Site
from appliance.pipelines.train import TrainOptions, layout_of, left_out, recipe_for
from appliance.schemas.base import Schema
from appliance.schemas.progress import Progress

_STALE_SECONDS = 7 * 86_400


class Trial(Schema):
    """A model that was learned to be asked.

    Attributes
    ----------
    folder
        The artifact.
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
    folder = site.settings.models_folder / ".trials" / name
    _drop_stale(folder.parent)
    known = site.intake.sensors(fleet)
    recipe = recipe_for(site, fleet, lesson.options, known)
    chunks = site.lake.readings(fleet).chunks(
        cells=site.chunk_cells(fleet, engine.workers),
        assets=lesson.assets,
        start=lesson.options.start,
        end=lesson.options.end,
        version=lesson.readings_version,
    )
    masks, _ = left_out(site, fleet)
    report = fit_fleet(
        chunks,
        recipe,
        layout_of(site, fleet, known),
        folder,
        engine,
        masks=masks,
        guide=lesson.guide,
        progress=progress,
    )
    return Trial(
        folder=str(folder),
        recipe=recipe.name,
        budget=recipe.threshold.false_alarms_per_month,
        learned_from=report.data_start,
        learned_until=report.data_end,
        rows=report.rows,
        failures=report.failures,
    )


def drop_trial(trial: Trial) -> None:
    """Remove a trial's artifact."""
    shutil.rmtree(trial.folder, ignore_errors=True)


def _drop_stale(folder: Path) -> None:
    """Remove what runs that were killed, and never begun again, have left."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if now().timestamp() - path.stat().st_mtime > _STALE_SECONDS:
            shutil.rmtree(path, ignore_errors=True)
