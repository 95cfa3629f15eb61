"""Training a fleet: chunks of assets on an engine, one artifact in the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from appliance import __version__
from appliance.calendar.masks import Masks
from appliance.core.errors import EngineError, InvalidRequest
from appliance.core.log import get
from appliance.engine.base import Engine, Outcome, Result
from appliance.fleet.artifact import draft_of, part_file, write_manifest, write_part
from appliance.fleet.chunks import Chunk, Columns, assets_of
from appliance.fleet.frames import Layout
from appliance.fleet.learning import Fitted, Unfit, fit_asset
from appliance.schemas.manifest import AssetManifest, FleetManifest
from appliance.schemas.progress import Progress, Silent
from appliance.schemas.recipe import Recipe
from detectors.errors import DetectorError

_log = get(__name__)


@dataclass(frozen=True)
class FitReport:
    """What training a fleet gave.

    Attributes
    ----------
    digest
        Of the artifact.
    assets
        Assets that have a model.
    extrapolated
        Assets whose training data are too short to hold one false alarm of the budget.
    failures
        Why the others have none.
    rows
        Readings of the modelled assets, those that the calendar takes out left out.
    masked
        Readings that it takes out.
    """

    folder: Path
    digest: str
    assets: int
    extrapolated: int
    failures: dict[str, str]
    rows: int
    data_start: datetime
    data_end: datetime
    seed: int
    masked: int = 0
    code_version: str = __version__


@dataclass(frozen=True)
class _Task:
    number: int
    chunk: Chunk
    columns: Columns
    recipe: Recipe
    folder: str
    masks: Masks | None = None


@dataclass(frozen=True)
class _Part:
    """What a task returns: entries without their number of the file."""

    entries: dict[str, AssetManifest]
    failures: dict[str, str]
    rows: int
    masked: int = 0


def fit_fleet(
    chunks: Sequence[Chunk],
    recipe: Recipe,
    layout: Layout,
    folder: Path,
    engine: Engine,
    *,
    masks: Masks | None = None,
    progress: Progress | None = None,
) -> FitReport:
    """Train a model for every asset and write them as one artifact.

    Each task reads its own chunk, learns asset after asset, writes one file of arrays and
    returns only what the manifest says of them; the caller holds neither data nor models.

    Parameters
    ----------
    chunks
        Whole assets each.
    layout
        Columns to learn, columns that explain them, and how a caller's frame was read.
    folder
        Where the artifact will stand, all at once, when everything succeeded.  With workers on
        several machines they must share it.
    masks
        Stretches that the calendar takes out: not learned from.

    Raises
    ------
    InvalidRequest
        No asset could be modelled.
    StorageError, StorageFull, EngineError
        Data could not be read, the artifact not be written, or a worker not be kept alive.
    """
    progress = progress or Silent()
    progress.step("Training", total=len(chunks))
    columns = Columns.of(recipe, layout.sensors, layout.context)
    entries: dict[str, AssetManifest] = {}
    failures: dict[str, str] = {}
    rows = masked = 0
    with draft_of(folder) as draft:
        tasks = [
            _Task(number, chunk, columns, recipe, str(draft), masks)
            for number, chunk in enumerate(chunks)
        ]
        parts: dict[int, _Part] = {}
        for outcome in engine.map(_fit_chunk, tasks):
            parts[outcome.index] = value_of(outcome)
            progress.advance()
        written = [number for number in sorted(parts) if parts[number].entries]
        for place, number in enumerate(written):
            for asset, entry in parts[number].entries.items():
                entries[asset] = entry.model_copy(update={"part": place})
        for part in parts.values():
            failures |= part.failures
            rows += part.rows
            masked += part.masked
        _require_any(entries, failures)
        manifest = _manifest(recipe, layout, entries, failures).model_copy(
            update={"parts": tuple(part_file(draft, number) for number in written)}
        )
        digest = write_manifest(draft, manifest)
    return FitReport(
        folder=folder,
        digest=digest,
        assets=len(entries),
        extrapolated=sum(e.budget.basis == "extrapolated" for e in entries.values()),
        failures=failures,
        rows=rows,
        data_start=min(entry.data_start for entry in entries.values()),
        data_end=max(entry.data_end for entry in entries.values()),
        seed=recipe.seed,
        masked=masked,
    )


def _manifest(
    recipe: Recipe,
    layout: Layout,
    entries: dict[str, AssetManifest],
    failures: dict[str, str],
) -> FleetManifest:
    return FleetManifest(
        code_version=__version__,
        recipe=recipe,
        sensors=layout.sensors,
        context=layout.context,
        levels=layout.levels,
        asset_column=layout.asset,
        time_column=layout.time,
        time_kind=layout.time_kind,
        parts=(),
        assets=dict(sorted(entries.items())),
        failures=dict(sorted(failures.items())),
        notes=layout.notes,
    )


def _require_any(entries: dict[str, AssetManifest], failures: dict[str, str]) -> None:
    if entries:
        return
    shown = "; ".join(f"{asset}: {reason}" for asset, reason in sorted(failures.items())[:3])
    raise InvalidRequest(
        f"no asset could be modelled ({shown or 'there is no data'}).",
        remedy="Bring more readings.",
    )


def value_of(outcome: Outcome[Result]) -> Result:
    """Return a task's result; a chunk that failed as a whole fails the job."""
    if outcome.cause is not None:
        raise outcome.cause
    if outcome.value is None:
        raise EngineError(
            f"a task failed: {outcome.error}.",
            remedy="Smaller chunks (setting chunk_cells) need less memory.",
        )
    return outcome.value


def _fit_chunk(task: _Task) -> _Part:
    fitted: dict[str, Fitted] = {}
    failures: dict[str, str] = {}
    rows = masked = 0
    frame = task.chunk.read(task.columns.names)
    for found in assets_of(frame, task.columns, task.masks):
        out = 0 if found.masked is None else int(found.masked.sum())
        masked += out
        try:
            model = fit_asset(found.asset, found.rows, task.columns.sensors, task.recipe)
        except (Unfit, DetectorError) as reason:
            failures[found.asset] = str(reason)
        except (ArithmeticError, ValueError, LookupError) as error:
            # A fault of ours or of a plugged-in detector costs this asset, never the fleet.
            _log.warning("asset %s could not be learned", found.asset, exc_info=True)
            failures[found.asset] = f"it could not be learned: {error}"
        else:
            fitted[found.asset] = model
            rows += len(found.rows.times) - out
    if not fitted:
        return _Part({}, failures, 0, masked)
    sums = write_part(
        Path(task.folder), task.number, [model.arrays for model in fitted.values()]
    )
    entries = {
        asset: model.entry.model_copy(update={"index": index, "checksum": sums[index]})
        for index, (asset, model) in enumerate(fitted.items())
    }
    return _Part(entries, failures, rows, masked)
