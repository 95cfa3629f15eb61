"""What other masks would make of stored scores: judged in memory, nothing written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from appliance.engine.base import Engine
from appliance.fleet.artifact import Artifact
from appliance.fleet.detecting import ScoredFleet, directed
from appliance.fleet.findings import drafts_of, fault_drafts
from appliance.fleet.outcome import value_of
from appliance.fleet.scoring import Models, Span, inside, opened, score_frame, touching
from appliance.schemas.event import EventDraft
from appliance.schemas.progress import Progress, Silent
from appliance.schemas.score import Judgement

_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Stretch:
    """A stretch of one asset to be judged anew.

    Attributes
    ----------
    span
        Closed range whose scores give way.
    read
        Half-open range of readings that its scores need.
    """

    span: Span
    read: Span


@dataclass(frozen=True)
class AssetView:
    """One asset as it would be.

    Attributes
    ----------
    drafts
        Anomalies within the range looked at.
    faults
        Sensor faults by stretch.
    silenced, judged
        Readings that would no longer be judged, and that would be judged again.
    """

    asset: str
    drafts: tuple[EventDraft, ...]
    faults: tuple[tuple[EventDraft, ...], ...]
    silenced: int
    judged: int


@dataclass(frozen=True)
class _Task:
    fleet: ScoredFleet
    digest: str
    asset: str
    stretches: tuple[Stretch, ...]
    around: Span | None
    extent: Span


def preview_assets(
    fleet: ScoredFleet,
    stretches: Mapping[str, Sequence[Stretch]],
    around: Mapping[str, Span],
    extents: Mapping[str, Span],
    engine: Engine,
    *,
    progress: Progress | None = None,
) -> Iterator[AssetView]:
    """Judge stretches anew and find events as if their scores were stored.

    Parameters
    ----------
    fleet
        With the masks that would hold.
    stretches
        By asset, what is to be judged anew.
    around
        By asset, the closed range to look for events in.
    extents
        By asset, its first and last reading.

    Yields
    ------
    AssetView
        In order of finishing.

    Raises
    ------
    ArtifactError, StorageError, EngineError
        The model, scores or readings cannot be read, or a worker not be kept alive.
    """
    progress = progress or Silent()
    progress.step("Looking ahead", total=len(stretches))
    digest = Artifact(fleet.folder).digest
    tasks = [
        _Task(fleet, digest, asset, tuple(own), around.get(asset), extents[asset])
        for asset, own in sorted(stretches.items())
    ]
    for outcome in engine.map(_view, tasks):
        progress.advance()
        yield value_of(outcome)


def _view(task: _Task) -> AssetView:
    models = opened(str(task.fleet.folder), task.digest)
    spans = [stretch.span for stretch in task.stretches]
    spans += [] if task.around is None else [task.around]
    old = task.fleet.scores.read(
        [task.asset],
        min(start for start, _ in spans),
        max(end for _, end in spans) + _INSTANT,
        model_version=task.fleet.model_version,
    ).drop("version", strict=False)
    scores, silenced, judged = old, 0, 0
    faults = []
    for stretch in task.stretches:
        new, own = _judged(task, models, stretch)
        faults.append(tuple(own))
        both = old.join(new, on=["asset", "time"], suffix=" new")
        was, now = (pl.col(name) < Judgement.NO_MODEL for name in ("state", "state new"))
        silenced += both.filter(was & ~now).height
        judged += both.filter(~was & now).height
        kept = scores.filter(~inside({task.asset: stretch.span}))
        scores = pl.concat([kept, new.select(kept.columns).cast(kept.schema)])
    drafts: list[EventDraft] = []
    if task.around is not None:
        span = {task.asset: task.around}
        table = scores.filter(inside(span)).sort("time")
        drafts = directed(task.fleet, models, drafts_of(models, table, task.fleet.masks))
    return AssetView(task.asset, tuple(drafts), tuple(faults), silenced, judged)


def _judged(
    task: _Task, models: Models, stretch: Stretch
) -> tuple[pl.DataFrame, list[EventDraft]]:
    """Return the new scores of a stretch and the sensor faults in it."""
    readings = task.fleet.readings.read(
        [task.asset], *stretch.read, columns=models.columns.names
    )
    span, extent = {task.asset: stretch.span}, {task.asset: task.extent}
    scores, faults = score_frame(models, readings, masks=task.fleet.masks, extents=extent)
    own = faults.filter(touching(span)) if faults.height else faults
    drafts = fault_drafts(own, {task.asset: task.extent[1]})
    return scores.filter(inside(span)), drafts
