"""Score: judge what is new or changed in a fleet, and bring its events up to that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from appliance.engine import Engine
from appliance.events.detect import NEAR
from appliance.events.likes import told_again_after
from appliance.fleet import (
    ScoredChunk,
    ScoredFleet,
    fault_drafts,
    find_fleet_events,
    score_fleet,
)
from appliance.metrics import instruments
from appliance.pipelines import heat, stretches
from appliance.pipelines.score_plan import Plan, Work, outdated, planned, work_of
from appliance.pipelines.site import Site
from appliance.pipelines.steps import Plain, Steps
from appliance.pipelines.stretches import Span
from appliance.schemas.base import fleet_name
from appliance.schemas.event import Event, EventDraft, EventKind, EventState
from appliance.schemas.model import ScoreBatch
from appliance.schemas.progress import Progress, Silent


@dataclass(frozen=True)
class Revised:
    """How many events of a fleet a scoring run opened, changed and withdrew."""

    opened: int = 0
    revised: int = 0
    withdrawn: int = 0

    @classmethod
    def of(cls, events: Sequence[Event]) -> Revised:
        """Count events that were changed, as they are now."""
        opened = sum(event.revision == 1 for event in events)
        withdrawn = sum(event.state is EventState.WITHDRAWN for event in events)
        return cls(opened, len(events) - opened - withdrawn, withdrawn)


@dataclass(frozen=True)
class ScoreReport:
    """What one scoring run did.

    Attributes
    ----------
    rows, judged, alarms, masked
        Readings looked at, those that could be judged, those at or above their threshold,
        and those that the calendar takes out.
    events
        What became of the fleet's events; None for a version that raises none.
    unknown
        Assets that the model does not know.
    """

    fleet: str
    model_version: int
    batches: int = 0
    rows: int = 0
    judged: int = 0
    alarms: int = 0
    masked: int = 0
    events: Revised | None = None
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Judged:
    """Sums over chunks, and by round the stretches with the sensor faults in them."""

    plan: Plan
    rows: int = 0
    judged: int = 0
    alarms: int = 0
    masked: int = 0
    unknown: tuple[str, ...] = ()
    faults: tuple[tuple[dict[str, Span], tuple[EventDraft, ...]], ...] = ()

    def plus(self, chunk: ScoredChunk) -> _Judged:
        """Return the sums with one more chunk."""
        return replace(
            self,
            rows=self.rows + chunk.rows,
            judged=self.judged + chunk.judged,
            alarms=self.alarms + chunk.alarms,
            masked=self.masked + chunk.masked,
            unknown=tuple(sorted({*self.unknown, *chunk.unknown})),
        )


def score(
    site: Site,
    fleet: str,
    *,
    version: int | None = None,
    engine: str | None = None,
    progress: Progress | None = None,
    steps: Steps | None = None,
) -> ScoreReport:
    """Judge the readings that came since the last run, and those that they bear on.

    Killed at any moment and run again, it ends with the same scores and events as one run.

    Parameters
    ----------
    version
        Model version to judge by; the champion if not given.  Another version is scored in
        the champion's shadow: it raises no events.

    Raises
    ------
    NotFound
        The fleet has no readings or no model.
    ArtifactError
        The model was damaged.
    TryAgain
        Another process scores this fleet.
    """
    fleet = fleet_name(fleet)
    steps, progress = steps or Plain(), progress or Silent()
    site.require_fleet(fleet)
    with site.alone("score", fleet):
        plan = steps.run("plan", Plan, lambda: planned(site, fleet, version))
        if plan.idle:
            heat.renew(site, fleet, plan.version)
            return ScoreReport(fleet, plan.version)
        with site.engine(engine):  # kept between the steps
            judged = steps.run(
                "judge", _Judged, lambda: _judged(site, plan, version, engine, progress)
            )
            revised = None
            if judged.plan.alarms:
                revised = steps.run(
                    "events", Revised, lambda: _revised(site, judged, version, engine, progress)
                )
        steps.run("record", bool, lambda: _recorded(site, judged))
    return ScoreReport(
        fleet=fleet,
        model_version=judged.plan.version,
        batches=len(judged.plan.batches),
        rows=judged.rows,
        judged=judged.judged,
        alarms=judged.alarms,
        masked=judged.masked,
        events=revised,
        unknown=judged.unknown,
    )


def _recorded(site: Site, judged: _Judged) -> bool:
    """Note down that a run is done; whether it was the latest."""
    plan = judged.plan
    if plan.idle:
        return True
    # Before the run counts as done: cut off in between, the next one judges the same again.
    heat.renew(site, plan.fleet, plan.version, plan.spans)
    latest = not outdated(site, plan)
    site.registry.record_scores(
        ScoreBatch(
            id=plan.run,
            fleet=plan.fleet,
            model_version=plan.version,
            readings_version=plan.readings_version,
            batches=plan.batches,
            rows=judged.rows,
            judged=judged.judged,
            alarms=judged.alarms,
            at=plan.begun,
        )
    )
    if latest:
        site.calendar_marks.settle(plan.fleet, plan.version)
    return latest


# ---------------------------------------------------------------- scores
def _judged(
    site: Site, plan: Plan, version: int | None, engine: str | None, progress: Progress
) -> _Judged:
    """Judge every stretch, by a new plan if the one of a run that was cut off is outdated."""
    if outdated(site, plan):
        plan = planned(site, plan.fleet, version)
    with site.engine(engine) as made:
        return _judge(site, work_of(site, plan), made, progress)


def _judge(site: Site, work: Work, engine: Engine, progress: Progress) -> _Judged:
    """Judge every stretch; each chunk's scores are committed once, over what stood there."""
    plan = work.plan
    sink = site.lake.scores(plan.fleet)
    readings = site.lake.readings(plan.fleet)
    cells = site.chunk_cells(plan.fleet, engine.workers)
    ends = {asset: end for asset, (_, end) in plan.extents.items()}
    # Cut in another way, a part would be another one under the same number.
    run = f"{plan.run}-{cells}-{site.settings.chunk_cells}"
    found, part = _Judged(plan), 0
    pieces = stretches.cut(work.manifest, plan.spans, site.settings.chunk_cells)
    for spans in stretches.rounds(pieces):
        # A sensor fault that reaches into a stretch is to be seen whole.
        wide = site.events.around(plan.fleet, spans, near=NEAR, kind=EventKind.SENSOR_FAULT)
        start, end = stretches.to_read(work.manifest, wide, plan.masks)
        chunks = readings.chunks(
            cells=cells,
            assets=sorted(spans),
            start=start,
            end=end,
            version=plan.readings_version,
        )
        seen = []
        for scored in score_fleet(
            chunks,
            work.folder,
            sink,
            engine,
            model_version=plan.version,
            spans=spans,
            extents=plan.extents,
            masks=plan.masks,
            progress=progress,
        ):
            if scored.staged is not None:
                sink.commit([scored.staged], run=run, part=part + scored.index)
            instruments.scored(scored.surprises, scored.total)
            found = found.plus(scored)
            seen.append(scored.faults)
        part += len(chunks)
        faults = tuple(fault_drafts(pl.concat(seen), ends)) if seen else ()
        found = replace(found, faults=(*found.faults, (spans, faults)))
    return found


# ---------------------------------------------------------------- events
def _revised(
    site: Site, judged: _Judged, version: int | None, engine: str | None, progress: Progress
) -> Revised:
    """Bring the events up to what was judged; if that is outdated, judge all of it anew."""
    plan = judged.plan
    with site.engine(engine) as made:
        if not plan.idle and not outdated(site, plan):
            return _revise(site, work_of(site, plan), judged, made, progress)
        plan = planned(site, plan.fleet, version)
        if plan.idle:
            return Revised()
        work = work_of(site, plan)
        judged = _judge(site, work, made, progress)
        found = _revise(site, work, judged, made, progress) if plan.alarms else Revised()
    _recorded(site, judged)
    return found


def _revise(
    site: Site, work: Work, judged: _Judged, engine: Engine, progress: Progress
) -> Revised:
    """Find events around what was judged, and bring the stored ones up to them."""
    plan = work.plan
    around = _around(site, work)
    found = find_fleet_events(
        ScoredFleet(
            site.lake.readings(plan.fleet),
            site.lake.scores(plan.fleet),
            work.folder,
            plan.version,
            plan.masks,
        ),
        around,
        engine,
        assets_a_task=_assets_a_task(site, work, engine),
        progress=progress,
    )
    changed = site.events.revise(
        plan.fleet,
        [draft for some in found for draft in some],
        around,
        kinds=[EventKind.ANOMALY],
        near=stretches.merging(work.manifest, around),
        again=told_again_after(work.manifest.recipe.threshold.false_alarms_per_month),
        model_version=plan.version,
        score_batch=plan.run,
    )
    for spans, faults in judged.faults:
        changed += site.events.revise(
            plan.fleet,
            faults,
            spans,
            kinds=[EventKind.SENSOR_FAULT],
            near=NEAR,
            model_version=plan.version,
            score_batch=plan.run,
        )
    for event in changed:
        if event.revision == 1:
            instruments.raised(event.kind.value, event.severity.value)
    return Revised.of(changed)


def _around(site: Site, work: Work) -> dict[str, Span]:
    """Return the time to look for events in, for each asset that has a model.

    It begins in a calm before what was judged and goes on to the last reading: what was
    judged anew may be the beginning of what follows.
    """
    readings = site.lake.readings(work.plan.fleet).span()
    if readings is None:
        return {}
    if work.plan.renewed:
        shared = work.plan.extents if work.manifest.shared is not None else ()
        return dict.fromkeys({*work.manifest.assets, *shared}, readings)
    judged = {
        asset: (spans[0][0], max(spans[-1][1], readings[1]))
        for asset, spans in work.plan.spans.items()
        if work.manifest.of(asset) is not None
    }
    calm = stretches.after_calm(work.manifest, judged)
    near = stretches.merging(work.manifest, calm)
    wide = site.events.around(work.plan.fleet, calm, near=near)
    return stretches.after_calm(work.manifest, wide)


def _assets_a_task(site: Site, work: Work, engine: Engine) -> int:
    assets = max(len(work.manifest.assets), 1)
    rows = site.lake.readings(work.plan.fleet).row_count() / assets
    cells = rows * (len(work.manifest.sensors) + 1)
    limit = site.chunk_cells(work.plan.fleet, engine.workers)
    return max(int(limit // max(cells, 1)), 1)
