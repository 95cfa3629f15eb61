"""What a model would have made of a time range: judged in memory, nothing written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

import polars as pl

from appliance.calendar.masks import Masks
from appliance.engine.base import Engine
from appliance.events.detect import find_events
from appliance.fleet.artifact import Artifact, Place
from appliance.fleet.chunks import Chunk
from appliance.fleet.findings import drafts_of, with_directions
from appliance.fleet.levels import Levels
from appliance.fleet.outcome import value_of
from appliance.fleet.scoring import Models, Span, opened, score_frame
from appliance.schemas.backtest import Replay
from appliance.schemas.event import EventDraft
from appliance.schemas.progress import Progress, Silent


@dataclass(frozen=True)
class Period:
    """The time range that a model is asked about.

    Attributes
    ----------
    span
        Half-open.
    zone
        Of the calendar months that time judged is counted by.
    masks
        Stretches that the calendar takes out.
    """

    span: Span
    zone: str = "UTC"
    masks: Masks = field(default_factory=Masks)


_Key = tuple[str, float | None]
"""Asset and budget; None: the recipe's own."""


@dataclass(frozen=True)
class _Task:
    chunk: Chunk
    folder: str
    digest: str
    period: Period
    budgets: tuple[float, ...]


def replay_fleet(
    chunks: Sequence[Chunk],
    folder: Place,
    period: Period,
    engine: Engine,
    *,
    budgets: Sequence[float] = (),
    progress: Progress | None = None,
) -> Iterator[Replay]:
    """Judge a time range by a model and find its events.

    Parameters
    ----------
    chunks
        Readings, which may reach beyond the range as far as the model looks around.
    folder
        The artifact.
    budgets
        False alarms a month whose events are looked for as well.

    Yields
    ------
    Replay
        One for each asset with readings there, in order of finishing.

    Raises
    ------
    ArtifactError, StorageError, EngineError
        The model or readings cannot be read, or a worker not be kept alive.
    """
    progress = progress or Silent()
    progress.step("Replaying", total=len(chunks))
    digest = Artifact(folder).digest
    tasks = [_Task(chunk, str(folder), digest, period, tuple(budgets)) for chunk in chunks]
    for outcome in engine.map(_replay, tasks):
        progress.advance()
        yield from value_of(outcome)


def _replay(task: _Task) -> list[Replay]:
    models = opened(task.folder, task.digest)
    readings = task.chunk.read(models.columns.names)
    masks, (start, end) = task.period.masks, task.period.span
    scores, _ = score_frame(models, readings, masks=masks)
    scores = scores.filter(pl.col("time") >= start, pl.col("time") < end)
    raised = dict(_raised(task, models, scores))
    drafts = [draft for some in raised.values() for draft in some]
    named = iter(with_directions(models, readings, drafts, masks))
    found = {key: tuple(islice(named, len(some))) for key, some in raised.items()}
    return [
        _of_asset(task, models, own, found)
        if models.manifest.of(str(asset)) is not None
        else Replay(asset=str(asset))
        for (asset,), own in scores.group_by("asset", maintain_order=True)
    ]


def _of_asset(
    task: _Task,
    models: Models,
    scores: pl.DataFrame,
    found: Mapping[_Key, tuple[EventDraft, ...]],
) -> Replay:
    asset = str(scores["asset"][0])
    entry = models.entry(asset)
    judged = scores.filter(pl.col("surprise").is_not_null())
    month = pl.col("time").dt.convert_time_zone(task.period.zone).dt.strftime("%Y-%m")
    rows = dict(judged.group_by(month.alias("month")).len().iter_rows())
    first, last = _ends(judged)
    return Replay(
        asset=asset,
        events=found[asset, None],
        first=first,
        last=last,
        seconds={name: rows[name] * entry.interval_seconds for name in sorted(rows)},
        learned_from=entry.data_start,
        learned_until=entry.data_end,
        others=tuple(
            (budget, found[asset, budget])
            for budget in task.budgets
            if (asset, budget) in found
        ),
    )


def _ends(judged: pl.DataFrame) -> tuple[datetime | None, datetime | None]:
    return (judged["time"][0], judged["time"][-1]) if judged.height else (None, None)


def _raised(
    task: _Task, models: Models, scores: pl.DataFrame
) -> Iterator[tuple[_Key, list[EventDraft]]]:
    """Yield events without directions, of other budgets where a model keeps levels."""
    rule, masks = models.manifest.recipe.threshold, task.period.masks
    for (name,), own in scores.group_by("asset", maintain_order=True):
        asset = str(name)
        yield (asset, None), drafts_of(models, own, masks)
        entry = models.manifest.of(asset) if task.budgets else None
        levels = Levels.of(models.artifact.arrays(asset)) if entry is not None else None
        if entry is None or levels is None:
            continue
        seconds, breaks = entry.interval_seconds, masks.of(asset)
        for budget in task.budgets:
            level = levels.at(budget)
            yield (
                (asset, budget),
                find_events(own, level, rule, seconds, entry.sensors, breaks),
            )
