"""Score: judge what is new or changed in a fleet, and bring its events up to that."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import polars as pl

from appliance.calendar.expand import expand
from appliance.calendar.masks import Masks
from appliance.core.clock import now
from appliance.engine import Engine
from appliance.events.detect import NEAR
from appliance.fleet import (
    Artifact,
    ScoredChunk,
    ScoredFleet,
    fault_drafts,
    find_fleet_events,
    score_fleet,
)
from appliance.intake.ledger import Fresh
from appliance.pipelines import stretches
from appliance.pipelines.site import Site
from appliance.pipelines.stretches import Span
from appliance.schemas.base import fleet_name
from appliance.schemas.event import Event, EventKind, EventState
from appliance.schemas.manifest import FleetManifest
from appliance.schemas.model import CHAMPION, ModelVersion, ScoreBatch
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
class _Work:
    """One scoring run: what to judge, under which name.

    Attributes
    ----------
    extents
        First and last reading of each asset.
    masks
        Stretches that the calendar takes out.
    begun
        Moment of the plan: a promotion after it has yet to renew the events.
    """

    fleet: str
    version: ModelVersion
    manifest: FleetManifest
    readings_version: int
    fresh: Fresh
    run: str
    spans: dict[str, list[Span]]
    extents: dict[str, Span]
    masks: Masks
    begun: datetime

    @property
    def folder(self) -> Path:
        """The artifact."""
        return Path(self.version.path)


@dataclass(frozen=True)
class _Counts:
    """Sums over chunks, and by round the stretches with the sensor faults in them."""

    rows: int = 0
    judged: int = 0
    alarms: int = 0
    masked: int = 0
    unknown: frozenset[str] = frozenset()
    faults: list[tuple[dict[str, Span], pl.DataFrame | None]] = field(default_factory=list)

    def plus(self, chunk: ScoredChunk) -> _Counts:
        """Return the sums with one more chunk."""
        return _Counts(
            self.rows + chunk.rows,
            self.judged + chunk.judged,
            self.alarms + chunk.alarms,
            self.masked + chunk.masked,
            self.unknown | set(chunk.unknown),
            self.faults,
        )


def score(
    site: Site,
    fleet: str,
    *,
    version: int | None = None,
    engine: str | None = None,
    progress: Progress | None = None,
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
    progress = progress or Silent()
    site.require_fleet(fleet)
    with site.alone("score", fleet):
        work = _plan(site, fleet, version)
        alarms = CHAMPION in work.version.aliases
        renewed = alarms and _promoted_since(site, work.version)
        if not work.fresh.batches and not work.spans and not renewed:
            return ScoreReport(fleet, work.version.version)
        work = _begun(site, work)
        with site.engine(engine) as made:
            counts = _judge(site, work, made, progress)
            revised = None
            if alarms:
                revised = _revise(site, work, counts, made, progress, whole=renewed)
        site.registry.record_scores(_batch(work, counts))
        site.calendar_marks.settle(fleet, work.version.version)
    return ScoreReport(
        fleet=fleet,
        model_version=work.version.version,
        batches=len(work.fresh.batches),
        rows=counts.rows,
        judged=counts.judged,
        alarms=counts.alarms,
        masked=counts.masked,
        events=revised,
        unknown=tuple(sorted(counts.unknown)),
    )


def _plan(site: Site, fleet: str, number: int | None) -> _Work:
    registry, begun = site.registry, now()
    version = registry.champion(fleet) if number is None else registry.get(fleet, number)
    manifest = Artifact(Path(version.path)).manifest
    covered = registry.covered(fleet, version.version)
    fresh = site.intake.spans_since(fleet, covered)
    before = site.intake.spans_since(fleet, set(fresh.batches)).spans
    # After the batches: the readings must hold all of those that will count as judged.
    readings_version = site.lake.readings(fleet).version()
    extents = stretches.extents(fresh.spans, before)
    horizon = stretches.horizon(extents)
    masks = expand(site.calendar.list(fleet), fleet, horizon).clipped(horizon)
    outdated = site.calendar_marks.outdated(fleet, version.version, masks)
    return _Work(
        fleet=fleet,
        version=version,
        manifest=manifest,
        readings_version=readings_version,
        fresh=fresh,
        run="",
        spans=stretches.together(
            stretches.to_judge(manifest, fresh.spans, before, masks),
            stretches.to_rejudge(manifest, outdated, before, masks),
        ),
        extents=extents,
        masks=masks,
        begun=begun,
    )


def _begun(site: Site, work: _Work) -> _Work:
    """Note down what the run is going to do, and give it the name of just that."""
    fleet, version = work.fleet, work.version.version
    told = site.calendar_marks.intend(fleet, version, work.masks)
    named = "\0".join(sorted(work.fresh.batches))
    promotions = len(site.registry.promotions(fleet))
    digest = hashlib.sha256(f"{named}\0{promotions}\0{told}".encode()).hexdigest()
    run = f"score-{fleet}-{version}-{work.readings_version}-{digest[:12]}"
    return replace(work, run=run)


def _promoted_since(site: Site, champion: ModelVersion) -> bool:
    """Whether events stand that this champion has not looked at since its promotion."""
    batches = site.registry.score_batches(champion.fleet)
    promoted = site.registry.promotions(champion.fleet)[-1].at
    own = (b.at for b in batches if b.model_version == champion.version)
    return bool(batches) and not any(at > promoted for at in own)


def _batch(work: _Work, counts: _Counts) -> ScoreBatch:
    return ScoreBatch(
        id=work.run,
        fleet=work.fleet,
        model_version=work.version.version,
        readings_version=work.readings_version,
        batches=work.fresh.batches,
        rows=counts.rows,
        judged=counts.judged,
        alarms=counts.alarms,
        at=work.begun,
    )


# ---------------------------------------------------------------- scores
def _judge(site: Site, work: _Work, engine: Engine, progress: Progress) -> _Counts:
    """Judge every stretch; each chunk's scores are committed once, over what stood there."""
    sink = site.lake.scores(work.fleet)
    readings = site.lake.readings(work.fleet)
    cells = site.chunk_cells(work.fleet, engine.workers)
    # Cut in another way, a part would be another one under the same number.
    run = f"{work.run}-{cells}"
    counts, part = _Counts(), 0
    for spans in stretches.rounds(work.spans):
        # A sensor fault that reaches into a stretch is to be seen whole.
        wide = site.events.around(work.fleet, spans, near=NEAR, kind=EventKind.SENSOR_FAULT)
        start, end = stretches.to_read(work.manifest, wide, work.masks)
        chunks = readings.chunks(
            cells=cells,
            assets=sorted(spans),
            start=start,
            end=end,
            version=work.readings_version,
        )
        seen = []
        for scored in score_fleet(
            chunks,
            work.folder,
            sink,
            engine,
            model_version=work.version.version,
            spans=spans,
            extents=work.extents,
            masks=work.masks,
            progress=progress,
        ):
            if scored.staged is not None:
                sink.commit([scored.staged], run=run, part=part + scored.index)
            counts = counts.plus(scored)
            seen.append(scored.faults)
        part += len(chunks)
        counts.faults.append((spans, pl.concat(seen) if seen else None))
    return counts


# ---------------------------------------------------------------- events
def _revise(
    site: Site, work: _Work, counts: _Counts, engine: Engine, progress: Progress, *, whole: bool
) -> Revised:
    """Find events around what was judged, and bring the stored ones up to them."""
    around = _around(site, work, whole=whole)
    found = find_fleet_events(
        ScoredFleet(
            site.lake.readings(work.fleet),
            site.lake.scores(work.fleet),
            work.folder,
            work.version.version,
            work.masks,
        ),
        around,
        engine,
        assets_a_task=_assets_a_task(site, work, engine),
        progress=progress,
    )
    drafts = [draft for some in found for draft in some]
    changed = site.events.revise(
        work.fleet,
        drafts,
        around,
        kinds=[EventKind.ANOMALY],
        near=stretches.merging(work.manifest),
        model_version=work.version.version,
        score_batch=work.run,
    )
    ends = {asset: end for asset, (_, end) in work.extents.items()}
    for spans, faults in counts.faults:
        changed += site.events.revise(
            work.fleet,
            fault_drafts(faults, ends) if faults is not None else [],
            spans,
            kinds=[EventKind.SENSOR_FAULT],
            near=NEAR,
            model_version=work.version.version,
            score_batch=work.run,
        )
    return Revised.of(changed)


def _around(site: Site, work: _Work, *, whole: bool) -> dict[str, Span]:
    """Return the time to look for events in, for each asset that has a model.

    It begins in a calm before what was judged and goes on to the last reading: what was
    judged anew may be the beginning of what follows.
    """
    readings = site.lake.readings(work.fleet).span()
    if readings is None:
        return {}
    if whole:
        return dict.fromkeys(work.manifest.assets, readings)
    judged = {
        asset: (spans[0][0], max(spans[-1][1], readings[1]))
        for asset, spans in work.spans.items()
        if asset in work.manifest.assets
    }
    calm = stretches.after_calm(work.manifest, judged)
    wide = site.events.around(work.fleet, calm, near=stretches.merging(work.manifest))
    return stretches.after_calm(work.manifest, wide)


def _assets_a_task(site: Site, work: _Work, engine: Engine) -> int:
    assets = max(len(work.manifest.assets), 1)
    rows = site.lake.readings(work.fleet).row_count() / assets
    cells = rows * (len(work.manifest.sensors) + 1)
    limit = site.chunk_cells(work.fleet, engine.workers)
    return max(int(limit // max(cells, 1)), 1)
