"""Scoring a fleet on an engine: chunks of readings in, staged scores and sensor faults out."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from appliance.calendar.masks import Masks
from appliance.engine.base import Engine
from appliance.fleet.artifact import Artifact, Place
from appliance.fleet.chunks import Chunk
from appliance.fleet.outcome import value_of
from appliance.fleet.scoring import (
    Models,
    Span,
    fault_frame,
    inside,
    opened,
    score_packed,
    touching,
)
from appliance.metrics.described import SURPRISE
from appliance.schemas.progress import Progress, Silent
from appliance.schemas.score import Judgement, share_column

if TYPE_CHECKING:
    from appliance.lake import Scores, StagedFiles


@dataclass(frozen=True)
class _Task:
    chunk: Chunk
    model: str
    digest: str
    sink: Scores
    model_version: int
    spans: Mapping[str, Span] | None
    extents: Mapping[str, Span] | None
    masks: Masks | None


@dataclass(frozen=True)
class ScoredChunk:
    """What scoring one chunk gave.

    Attributes
    ----------
    index
        Of the chunk.
    staged
        Files that wait for their commit; None where no row was to be judged.
    faults
        Sensor faults, columns of `FAULTS`.
    rows, judged, alarms, masked
        Counts; the last one of readings that the calendar takes out.
    unknown
        Assets that have no model.
    surprises, total
        Judged readings by their surprise, in the buckets of `SURPRISE`; and its sum.
    """

    index: int
    staged: StagedFiles | None
    faults: pl.DataFrame = field(repr=False)
    rows: int
    judged: int
    alarms: int
    masked: int = 0
    unknown: tuple[str, ...] = ()
    surprises: tuple[int, ...] = ()
    total: float = 0.0


def score_fleet(  # noqa: PLR0913 - what is read, judged by, written to and wanted
    chunks: Sequence[Chunk],
    folder: Place,
    sink: Scores,
    engine: Engine,
    *,
    model_version: int,
    spans: Mapping[str, Span] | None = None,
    extents: Mapping[str, Span] | None = None,
    masks: Masks | None = None,
    progress: Progress | None = None,
) -> Iterator[ScoredChunk]:
    """Score chunks and stage the scores; the caller commits them as they come.

    Parameters
    ----------
    chunks
        Readings, which may reach beyond what is to be scored (see `warm_up`).
    folder
        The artifact.
    sink
        The table that the tasks stage into.
    spans
        By asset, the closed time range whose scores are wanted and give way to the new ones;
        other assets and times are read only for what they tell of these.  None: everything
        is scored, and nothing gives way.
    extents
        By asset, its first and last reading of all, where the chunks hold only a part.
    masks
        Stretches that the calendar takes out.

    Yields
    ------
    ScoredChunk
        In order of finishing.

    Raises
    ------
    ArtifactError, StorageError, StorageFull, EngineError
        The model or data could not be read, scores not be written, or a worker not be kept
        alive.
    """
    progress = progress or Silent()
    progress.step("Scoring", total=len(chunks))
    digest = Artifact(folder).digest
    tasks = [
        _Task(chunk, str(folder), digest, sink, model_version, spans, extents, masks)
        for chunk in chunks
    ]
    for outcome in engine.map(_score_chunk, tasks):
        scored = value_of(outcome)
        progress.advance()
        yield ScoredChunk(**{**scored.__dict__, "index": outcome.index})


def _score_chunk(task: _Task) -> ScoredChunk:
    models = opened(task.model, task.digest)
    found: list[ScoredChunk] = []
    try:
        for part in task.chunk.parts(models.columns.names):
            found.append(_score_part(task, models, part))
            del part  # before the next one is read
    except BaseException:
        task.sink.unstage(one.staged for one in found if one.staged is not None)
        raise
    return _together(found)


def _score_part(task: _Task, models: Models, frame: pl.DataFrame) -> ScoredChunk:
    scores, faults = score_packed(models, frame, masks=task.masks, extents=task.extents)
    if task.spans is not None:
        scores = scores.filter(inside(task.spans))
        faults = faults.filter(touching(task.spans)) if faults.height else faults
    staged = None
    if scores.height:
        replaced = None
        if task.spans is not None:
            present = set(scores["asset"].unique())
            replaced = {a: span for a, span in task.spans.items() if a in present}
        staged = task.sink.stage(
            scores,
            model_version=task.model_version,
            replace=replaced,
            sensors=list(map(share_column, models.manifest.sensors)),
        )
    unknown = scores["asset"].filter(scores["state"] == Judgement.NO_MODEL).unique().sort()
    judged = scores["state"] < Judgement.NO_MODEL
    surprise = scores["surprise"].filter(judged).cast(pl.Float64).to_numpy()
    return ScoredChunk(
        index=0,
        staged=staged,
        faults=faults,
        rows=scores.height,
        judged=int(judged.sum()),
        alarms=int(scores["alarm"].sum()),
        masked=int((scores["state"] == Judgement.MAINTENANCE).sum()),
        unknown=tuple(unknown),
        surprises=_by_surprise(surprise),
        total=float(surprise.sum()),
    )


def _together(parts: Sequence[ScoredChunk]) -> ScoredChunk:
    """Return parts of a chunk as one."""
    staged = [part.staged for part in parts if part.staged is not None]
    faults = pl.concat([fault_frame(()), *(part.faults for part in parts)])
    nothing = _by_surprise(np.empty(0))
    return ScoredChunk(
        index=0,
        staged=staged[0].together(staged) if staged else None,
        faults=faults.sort("asset", maintain_order=True),
        rows=sum(part.rows for part in parts),
        judged=sum(part.judged for part in parts),
        alarms=sum(part.alarms for part in parts),
        masked=sum(part.masked for part in parts),
        unknown=tuple(sorted(asset for part in parts for asset in part.unknown)),
        surprises=tuple(map(sum, zip(nothing, *(one.surprises for one in parts), strict=True))),
        total=sum(part.total for part in parts),
    )


def _by_surprise(surprise: NDArray[np.float64]) -> tuple[int, ...]:
    """Return how many values lie up to each bound of `SURPRISE`, and beyond the last."""
    up_to = [int(np.count_nonzero(surprise <= bound)) for bound in SURPRISE]
    return tuple(b - a for a, b in itertools.pairwise([0, *up_to, len(surprise)]))
