"""Events of a fleet: found by tasks that read the scores themselves and return only drafts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from appliance.calendar.masks import Masks
from appliance.engine.base import Engine
from appliance.fleet.artifact import Artifact, Place
from appliance.fleet.findings import drafts_of, with_directions
from appliance.fleet.outcome import value_of
from appliance.fleet.scoring import Models, Span, inside, opened
from appliance.schemas.event import EventDraft
from appliance.schemas.progress import Progress, Silent

if TYPE_CHECKING:
    from appliance.lake import Readings, Scores

_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class ScoredFleet:
    """Where the scores of one model version are, and the readings behind them.

    Attributes
    ----------
    folder
        The artifact.
    masks
        Stretches that the calendar takes out, and that the scores leave out.
    """

    readings: Readings
    scores: Scores
    folder: Place
    model_version: int
    masks: Masks = field(default_factory=Masks)


@dataclass(frozen=True)
class _Task:
    fleet: ScoredFleet
    digest: str
    spans: Mapping[str, Span]


def find_fleet_events(
    fleet: ScoredFleet,
    spans: Mapping[str, Span],
    engine: Engine,
    *,
    assets_a_task: int,
    progress: Progress | None = None,
) -> Iterator[list[EventDraft]]:
    """Find the events in stored scores, with the way each sensor went.

    Parameters
    ----------
    spans
        By asset, the closed time range to look at.
    assets_a_task
        Assets whose scores a task holds at once.

    Yields
    ------
    list of EventDraft
        Of some assets; in order of finishing.

    Raises
    ------
    ArtifactError, StorageError, EngineError
        The model, scores or readings cannot be read, or a worker not be kept alive.
    """
    progress = progress or Silent()
    names = sorted(spans)
    groups = [names[i : i + assets_a_task] for i in range(0, len(names), assets_a_task)]
    progress.step("Finding events", total=len(groups))
    digest = Artifact(fleet.folder).digest
    tasks = [_Task(fleet, digest, {name: spans[name] for name in group}) for group in groups]
    for outcome in engine.map(_find, tasks):
        progress.advance()
        yield value_of(outcome)


def _find(task: _Task) -> list[EventDraft]:
    models = opened(str(task.fleet.folder), task.digest)
    low = min(start for start, _ in task.spans.values())
    high = max(end for _, end in task.spans.values())
    scores = task.fleet.scores.read(
        list(task.spans), low, high + _INSTANT, model_version=task.fleet.model_version
    )
    drafts = drafts_of(models, scores.filter(inside(task.spans)), task.fleet.masks)
    return directed(task.fleet, models, drafts)


def directed(
    fleet: ScoredFleet, models: Models, drafts: Sequence[EventDraft]
) -> list[EventDraft]:
    """Say for each sensor of anomalies whether it was above or below normal."""
    by_asset: dict[str, list[EventDraft]] = {}
    for draft in drafts:
        by_asset.setdefault(draft.asset, []).append(draft)
    return [
        draft
        for asset, own in by_asset.items()
        for draft in with_directions(
            models, _readings_of(fleet, models, asset, own), own, fleet.masks
        )
    ]


def _readings_of(
    fleet: ScoredFleet, models: Models, asset: str, drafts: Sequence[EventDraft]
) -> pl.DataFrame:
    """Return the readings of an asset's events and what led to them."""
    entry = models.entry(asset)
    warm = timedelta(seconds=entry.warm_rows * entry.interval_seconds)
    return fleet.readings.read(
        [asset],
        fleet.masks.before(asset, min(draft.start for draft in drafts), warm),
        max(draft.end for draft in drafts) + _INSTANT,
        columns=models.columns.names,
    )
