"""Train: a fleet's readings into a new version of its model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from appliance.access.person import Person, known
from appliance.calendar.expand import expand
from appliance.calendar.masks import Masks
from appliance.calendar.rules import occurrences
from appliance.core.errors import InvalidRequest
from appliance.core.ids import new_id
from appliance.engine import Engine
from appliance.fleet import FitReport, Layout, fit_fleet, resolve
from appliance.fleet.artifact import stands
from appliance.fleet.sharing import donors
from appliance.pipelines.drift import Drifts, Reading, look_back
from appliance.pipelines.frozen import Words, words_on
from appliance.pipelines.pools import lesson_of, pool_of, require_poolable
from appliance.pipelines.recipes import saved_recipe
from appliance.pipelines.site import Site
from appliance.pipelines.steps import Plain, Steps
from appliance.schemas.base import fleet_name
from appliance.schemas.model import Lineage, ModelVersion, WindowNote
from appliance.schemas.progress import Progress
from appliance.schemas.recipe import Limits, Recipe, RunState
from appliance.schemas.sensor import Sensor, SensorRole


@dataclass(frozen=True)
class TrainOptions:
    """What is to be learned, and from what.

    Attributes
    ----------
    recipe
        ``auto``, a detector's name, the path of a recipe file, data, or a recipe.
    start, end
        Half-open range of the readings to learn from; everything if not given.
    seed, budget
        Win over the recipe's; the budget is false alarms an asset and month.
    assets
        Only these are learned anew, the others keep the sub-model that the champion has of
        them; all if not given.
    workers
        That learn one network of the whole fleet together; the recipe says whether there is
        one if not given.
    """

    recipe: str | Path | Mapping[str, Any] | Recipe = "auto"
    start: datetime | None = None
    end: datetime | None = None
    seed: int | None = None
    budget: float | None = None
    assets: tuple[str, ...] | None = None
    workers: int | None = None


def train(
    site: Site,
    fleet: str,
    options: TrainOptions | None = None,
    *,
    by: Person | str = "kizashi",
    engine: str | None = None,
    progress: Progress | None = None,
    steps: Steps | None = None,
) -> ModelVersion:
    """Learn what is normal for every asset of a fleet, and register it as a version.

    The first version of a fleet becomes its champion; a later one waits as challenger.

    Parameters
    ----------
    by
        Who asks for it.

    Raises
    ------
    NotFound
        The fleet has no readings.
    InvalidRequest
        The recipe cannot be used, or no asset could be modelled.
    TryAgain
        Another process trains this fleet.
    """
    fleet = fleet_name(fleet)
    options, steps = options or TrainOptions(), steps or Plain()
    site.require_fleet(fleet)
    with site.alone("train", fleet):
        plan = steps.run("plan", _Plan, lambda: _planned(site, fleet, options, by))

        def fit() -> _Fitted:
            with site.engine(engine) as made:
                return _fitted(site, fleet, plan, made, progress)

        fitted = steps.run("fit", _Fitted, fit)

        def register() -> ModelVersion:
            folder = site.registry.place(fleet, plan.run)
            # Another training, between a crash and this, took it for one that was given up.
            known = fitted if stands(folder) else fit()
            return site.registry.register(fleet, folder, known.digest, known.lineage)

        return steps.run("register", ModelVersion, register)


@dataclass(frozen=True)
class _Plan:
    """What a run reads and learns: settled once, and kept to when it is begun again."""

    run: str
    recipe: Recipe
    readings_version: int
    batches: tuple[str, ...]
    start: datetime | None
    end: datetime | None
    by: str = ""
    assets: tuple[str, ...] | None = None
    workers: int | None = None


@dataclass(frozen=True)
class _Fitted:
    """What a run has learned, and from what."""

    digest: str
    lineage: Lineage


def _planned(site: Site, fleet: str, options: TrainOptions, by: Person | str) -> _Plan:
    recipe = recipe_for(site, fleet, options, site.intake.sensors(fleet))
    if options.workers is not None:
        require_poolable(recipe)
        recipe = recipe.model_copy(update={"pooled": True})
    _require_known(site, fleet, options.assets)
    site.registry.clean(fleet)
    site.lake.clean(fleet)  # what merging and killed runs left a week ago and before
    return _Plan(
        run=new_id("run"),
        recipe=recipe,
        batches=tuple(batch.id for batch in site.intake.batches(fleet)),
        readings_version=site.lake.readings(fleet).version(),
        start=options.start,
        end=options.end,
        by=known(by).name,
        assets=options.assets,
        workers=options.workers,
    )


def _require_known(site: Site, fleet: str, assets: tuple[str, ...] | None) -> None:
    present = site.lake.readings(fleet).assets()
    unknown = sorted(set(assets or ()) - set(present))
    if unknown:
        shown = ", ".join(present[:8]) + (" …" if len(present) > 8 else "")
        raise InvalidRequest(
            f"fleet {fleet} has no asset {unknown[0]}.", remedy=f"It has {shown}."
        )


def _fitted(
    site: Site, fleet: str, plan: _Plan, engine: Engine, progress: Progress | None
) -> _Fitted:
    readings = site.lake.readings(fleet)
    every = readings.assets()
    wanted = every if plan.assets is None else plan.assets
    chunks = readings.chunks(
        cells=site.chunk_cells(
            fleet, engine.workers, assets=plan.assets, start=plan.start, end=plan.end
        ),
        assets=plan.assets,
        start=plan.start,
        end=plan.end,
        version=plan.readings_version,
    )
    if not chunks:
        raise _nothing_within(site, fleet, plan)
    masks, windows = left_out(site, fleet)
    words = words_on(site, fleet)
    layout = layout_of(site, fleet, site.intake.sensors(fleet))
    reading = Reading(plan.readings_version, plan.assets, plan.start, plan.end)
    drifts = look_back(site, fleet, plan.recipe, layout, reading, engine, words.guide, masks)
    for note in drifts.notes:
        if progress is not None:
            progress.note(f"moved away from normal since {note.since:%Y-%m-%d}: {note.asset}")
    guide = replace(drifts.guide(words.guide), untouched=frozenset(every) - frozenset(wanted))
    lesson = lesson_of(plan.recipe, layout, chunks, masks, guide)
    report = fit_fleet(
        chunks,
        plan.recipe,
        layout,
        site.registry.place(fleet, plan.run),
        engine,
        masks=masks,
        guide=guide,
        progress=progress,
        machines=len(wanted),
        donors=donors(every) if plan.assets is None else frozenset(),
        pool=pool_of(site, plan.run, lesson, engine, plan.workers, progress),
        most_cells=site.settings.chunk_cells,
    )
    return _Fitted(report.digest, _lineage(plan, windows, report, words, drifts))


def _lineage(
    plan: _Plan,
    windows: tuple[WindowNote, ...],
    report: FitReport,
    words: Words,
    drifts: Drifts,
) -> Lineage:
    return Lineage(
        run=plan.run,
        recipe=plan.recipe,
        data_start=report.data_start,
        data_end=report.data_end,
        rows=report.rows,
        assets=report.assets,
        extrapolated=report.extrapolated,
        failures=report.failures,
        readings_version=plan.readings_version,
        batches=plan.batches,
        windows=windows,
        masked=report.masked,
        held=(*words.notes(report), *drifts.held(report)),
        vouched=words.vouched,
        kept=report.kept,
        normal=drifts.learned(report),
        drifted=drifts.notes,
        code_version=report.code_version,
        seed=report.seed,
        by=plan.by,
    )


def _nothing_within(site: Site, fleet: str, plan: _Plan) -> InvalidRequest:
    span = site.lake.readings(fleet).span()
    words = " ".join(
        f"{word} {moment:%Y-%m-%d %H:%M}"
        for word, moment in (("from", plan.start), ("until", plan.end))
        if moment is not None
    )
    known = f"They go from {span[0]:%Y-%m-%d} to {span[1]:%Y-%m-%d}." if span else ""
    return InvalidRequest(f"fleet {fleet} has no readings {words}.", remedy=known)


def left_out(site: Site, fleet: str) -> tuple[Masks, tuple[WindowNote, ...]]:
    """Return what the calendar takes out of a fleet's readings, and by which windows."""
    span = site.lake.readings(fleet).span()
    if span is None:
        return Masks(), ()
    horizon = span[0], span[1] + timedelta(microseconds=1)
    windows = site.calendar.list(fleet)
    notes = tuple(
        WindowNote(window=window.id, revision=window.revision)
        for window in windows
        if not window.kind.learned and next(occurrences(window, horizon), None) is not None
    )
    return expand(windows, fleet, horizon, labels=True), notes


def layout_of(site: Site, fleet: str, known: list[Sensor]) -> Layout:
    """Return which columns of a fleet's readings are judged and which explain them."""
    context = [sensor for sensor in known if sensor.role is SensorRole.CONTEXT]
    return Layout(
        asset="asset",
        time="time",
        time_kind=site.intake.time_kind(fleet),
        sensors=tuple(s.name for s in known if s.role is SensorRole.SENSOR),
        context=tuple(sensor.name for sensor in context),
        levels={
            sensor.name: {word: number for number, word in enumerate(sensor.levels)}
            for sensor in context
            if sensor.levels
        },
    )


def recipe_for(site: Site, fleet: str, options: TrainOptions, known: list[Sensor]) -> Recipe:
    """Return the recipe that is asked for, with what is said of the site and its sensors.

    A name stands for a recipe that the fleet's project saved, or for one of the site's.  The
    site's budget, the sensors' limits and their run-state hold where the recipe says nothing.
    """
    return _with_run_state(_with_limits(_resolved(site, fleet, options), known), known)


def _resolved(site: Site, fleet: str, options: TrainOptions) -> Recipe:
    asked = options.recipe
    if isinstance(asked, str):
        asked = saved_recipe(site, fleet, asked) or asked
    found = resolve(asked, seed=options.seed, false_alarms_per_month=options.budget)
    stated = options.budget is not None
    if not stated and "false_alarms_per_month" not in found.threshold.model_fields_set:
        own = site.settings.false_alarms_per_month
        found = resolve(found, false_alarms_per_month=own)
    return found


def _with_run_state(recipe: Recipe, known: list[Sensor]) -> Recipe:
    """Let a sensor tell whether the machine runs where the recipe names none."""
    told = next((one for one in known if one.run_state is not None), None)
    if told is None or told.run_state is None or recipe.cleaning.run_state is not None:
        return recipe
    state = RunState(
        column=told.name, minimum=told.run_state.minimum, values=told.run_state.values
    )
    cleaning = recipe.cleaning.model_copy(update={"run_state": state})
    return recipe.model_copy(update={"cleaning": cleaning})


def limits_of(known: list[Sensor]) -> dict[str, Limits]:
    """Return the physical limits that sensors have."""
    return {
        sensor.name: Limits(lower=sensor.lower, upper=sensor.upper)
        for sensor in known
        if sensor.lower is not None or sensor.upper is not None
    }


def with_limits_now(recipe: Recipe, known: list[Sensor]) -> Recipe:
    """Return the recipe of a version with the limits that the sensors have today.

    Limits that a recipe file named for other sensors stay.  A recipe that is but a detector's
    name took limits and run-state from the sensors alone.
    """
    plain = recipe.name == recipe.detector
    told = {} if plain else recipe.cleaning.limits
    changed: dict[str, Any] = {"limits": {**told, **limits_of(known)}}
    if plain:
        changed["run_state"] = None  # looked up again when it is trained
    cleaning = recipe.cleaning.model_copy(update=changed)
    return recipe.model_copy(update={"cleaning": cleaning})


def _with_limits(recipe: Recipe, known: list[Sensor]) -> Recipe:
    """Let the sensors' physical limits hold where the recipe names none."""
    cleaning = recipe.cleaning.model_copy(
        update={"limits": {**limits_of(known), **recipe.cleaning.limits}}
    )
    return recipe.model_copy(update={"cleaning": cleaning})
