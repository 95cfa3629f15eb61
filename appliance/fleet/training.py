"""Training a fleet: chunks of assets on an engine, one artifact in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from appliance import __version__
from appliance.calendar.masks import Masks
from appliance.core.errors import ArtifactError, InvalidRequest, NotFound
from appliance.core.log import get
from appliance.engine.base import Engine
from appliance.fleet import sharing
from appliance.fleet.artifact import Artifact, draft_of, part_file, write_manifest, write_part
from appliance.fleet.chunks import AssetRows, Chunk, Columns, assets_of
from appliance.fleet.frames import Layout
from appliance.fleet.guide import Guide, keep_former, keep_shared
from appliance.fleet.learning import Fitted, Unfit, fit_asset
from appliance.fleet.modes import learn_modes
from appliance.fleet.outcome import value_of
from appliance.fleet.scoring import Models
from appliance.fleet.sharing import Sample
from appliance.fleet.trial_words import trial_words
from appliance.fleet.trying import is_young, try_own
from appliance.schemas.manifest import AssetManifest, FleetManifest, Trial
from appliance.schemas.progress import Progress, Silent
from appliance.schemas.recipe import Recipe
from detectors.errors import DetectorError

_log = get(__name__)
_UNTOUCHED = "it was not to be learned anew"


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
    held
        Readings that the guide's reasons take out beside it.
    kept
        Why assets keep the sub-model that they had.
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
    held: dict[str, int] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    code_version: str = __version__


@dataclass(frozen=True)
class _Task:
    number: int
    chunk: Chunk
    columns: Columns
    recipe: Recipe
    folder: str
    masks: Masks | None = None
    guide: Guide = field(default_factory=Guide)
    donors: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Part:
    """What a task returns: entries without their number of the file.

    Attributes
    ----------
    trials
        By which young machines stay with the shared sub-model.
    samples
        Of machines that a shared one may be learned from.
    """

    entries: dict[str, AssetManifest]
    failures: dict[str, str]
    rows: int
    masked: int = 0
    held: dict[str, int] = field(default_factory=dict)
    trials: dict[str, Trial] = field(default_factory=dict)
    samples: tuple[Sample, ...] = ()


def fit_fleet(  # noqa: PLR0913 - what is read, learned, written to and left out
    chunks: Sequence[Chunk],
    recipe: Recipe,
    layout: Layout,
    folder: Path,
    engine: Engine,
    *,
    masks: Masks | None = None,
    guide: Guide | None = None,
    progress: Progress | None = None,
    machines: int | None = None,
    donors: frozenset[str] = frozenset(),
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
    guide
        What people said of events, and the model that stays where too little is left.
    machines
        How many assets the chunks hold: progress is told in them; in chunks if not given.
    donors
        Assets that also a sub-model is learned from that machines without an own are judged
        by; without them the guide's former one stays.

    Raises
    ------
    InvalidRequest
        No asset could be modelled.
    StorageError, StorageFull, EngineError
        Data could not be read, the artifact not be written, or a worker not be kept alive.
    """
    progress = progress or Silent()
    progress.step("Training", total=machines or len(chunks))
    columns = Columns.of(recipe, layout.sensors, layout.context)
    guide = guide or Guide()
    with draft_of(folder) as draft:
        tasks = [
            _Task(number, chunk, columns, recipe, str(draft), masks, guide, donors)
            for number, chunk in enumerate(chunks)
        ]
        parts = _learned(engine, tasks, progress, by_machine=bool(machines))
        learned = _placed(parts)
        failures = {a: why for part in parts.values() for a, why in part.failures.items()}
        failures |= dict.fromkeys(guide.untouched, _UNTOUCHED)
        _require_any(learned, failures)
        written = [number for number in sorted(parts) if parts[number].entries]
        kept = keep_former(guide, failures, recipe, layout, draft, len(tasks))
        reasons = {asset: failures.pop(asset) for asset in kept}
        entries = dict(learned)
        for asset, entry in kept.items():
            entries[asset] = entry.model_copy(update={"part": len(written)})
        written += [len(tasks)] if kept else []
        number = len(tasks) + 1
        shared = _shared(parts, recipe, columns, draft, number, engine)
        shared = shared or keep_shared(guide, recipe, layout, draft, number)
        if shared is not None:
            shared = shared.model_copy(update={"part": len(written)})
            written.append(number)
        files = {
            "parts": tuple(part_file(draft, number) for number in written),
            "shared": shared,
            "trials": {a: t for part in parts.values() for a, t in part.trials.items()},
        }
        manifest = _manifest(recipe, layout, entries, failures).model_copy(update=files)
        digest = write_manifest(draft, manifest)
    return FitReport(
        folder=folder,
        digest=digest,
        assets=len(entries),
        extrapolated=sum(e.budget.basis == "extrapolated" for e in entries.values()),
        failures=failures,
        rows=sum(part.rows for part in parts.values()),
        data_start=min(entry.data_start for entry in learned.values()),
        data_end=max(entry.data_end for entry in learned.values()),
        seed=recipe.seed,
        masked=sum(part.masked for part in parts.values()),
        held=dict(sum((Counter(part.held) for part in parts.values()), Counter())),
        kept=reasons,
    )


def _learned(
    engine: Engine, tasks: Sequence[_Task], progress: Progress, *, by_machine: bool
) -> dict[int, _Part]:
    """Learn the chunks, and tell of each what came of it."""
    parts: dict[int, _Part] = {}
    for outcome in engine.map(_fit_chunk, tasks):
        part = parts[outcome.index] = value_of(outcome)
        progress.advance(len(part.entries) + len(part.failures) if by_machine else 1)
        _tell(part, progress)
    return parts


def _tell(part: _Part, progress: Progress) -> None:
    """Say which machines were learned, and why others were not."""
    if part.entries:
        progress.note(f"learned: {', '.join(sorted(part.entries))}")
    for asset, reason in sorted(part.failures.items()):
        progress.note(f"not learned: {asset}: {reason}")


def _placed(parts: Mapping[int, _Part]) -> dict[str, AssetManifest]:
    """Return the entries of all parts with the number of their file."""
    written = [parts[number] for number in sorted(parts) if parts[number].entries]
    return {
        asset: entry.model_copy(update={"part": place})
        for place, part in enumerate(written)
        for asset, entry in part.entries.items()
    }


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


@dataclass(frozen=True)
class _Sharing:
    samples: tuple[Sample, ...]
    entries: dict[str, AssetManifest]
    recipe: Recipe
    sensors: tuple[str, ...]
    folder: str
    number: int


def _shared(
    parts: Mapping[int, _Part],
    recipe: Recipe,
    columns: Columns,
    draft: Path,
    number: int,
    engine: Engine,
) -> AssetManifest | None:
    """Learn the shared sub-model where the tasks brought samples, and write its file."""
    found = [one for part in parts.values() for one in part.samples]
    samples = tuple(sorted(found, key=lambda one: one.asset))
    if len(samples) < sharing.FEWEST:
        return None
    entries = {a: entry for part in parts.values() for a, entry in part.entries.items()}
    task = _Sharing(samples, entries, recipe, columns.sensors, str(draft), number)
    [outcome] = engine.map(_fit_shared, [task])
    made: AssetManifest | None = value_of(outcome)
    return made


def _fit_shared(task: _Sharing) -> AssetManifest | None:
    made = sharing.fit_shared(task.samples, task.entries, task.recipe, task.sensors)
    if made is None:
        return None
    [checksum] = write_part(Path(task.folder), task.number, [made.arrays])
    return made.entry.model_copy(update={"index": 0, "checksum": checksum})


def _fit_chunk(task: _Task) -> _Part:
    former = _former(task.guide)
    trials: dict[str, Trial] = {}
    samples: list[Sample] = []
    fitted: dict[str, Fitted] = {}
    failures: dict[str, str] = {}
    rows = masked = 0
    held: Counter[str] = Counter()
    guide = task.guide
    masks = guide.masks(task.masks)
    parts = task.chunk.parts(task.columns.names)
    for found in (one for part in parts for one in assets_of(part, task.columns, masks)):
        times = found.rows.times
        by_calendar, by_reason = guide.counted(found.asset, times, task.masks)
        masked += by_calendar
        held.update(by_reason)
        vouched = guide.in_normal_running(found.asset, times)
        try:
            model = fit_asset(
                found.asset, found.rows, task.columns.sensors, task.recipe, vouched
            )
            trial = _tried(task, found, former)
        except (Unfit, DetectorError) as reason:
            failures[found.asset] = str(reason)
        except (ArithmeticError, ValueError, LookupError) as error:
            # A fault of ours or of a plugged-in detector costs this asset, never the fleet.
            _log.warning("asset %s could not be learned", found.asset, exc_info=True)
            failures[found.asset] = f"it could not be learned: {error}"
        else:
            if found.asset in task.donors:
                samples.append(sharing.sample_of(found, model.entry, len(task.donors)))
            if trial is not None and not trial.better:
                trials[found.asset] = trial
                failures[found.asset] = trial_words(trial)
                continue
            arrays, modes = learn_modes(found, model.entry, task.columns)
            entry = model.entry.model_copy(update={"modes": modes, "trial": trial})
            fitted[found.asset] = Fitted({**model.arrays, **arrays}, entry)
            rows += len(times) - by_calendar - sum(by_reason.values())
    if not fitted:
        return _Part({}, failures, 0, masked, dict(held), trials)
    models = sorted(fitted.items())
    sums = write_part(Path(task.folder), task.number, [model.arrays for _, model in models])
    entries = {
        asset: model.entry.model_copy(update={"index": index, "checksum": sums[index]})
        for index, (asset, model) in enumerate(models)
    }
    return _Part(entries, failures, rows, masked, dict(held), trials, tuple(samples))


def _former(guide: Guide) -> Models | None:
    """Return the champion, if it shares what it knows with machines that it does not know."""
    if guide.former is None:
        return None
    try:
        models = Models(Artifact(guide.former))
    except (ArtifactError, NotFound) as error:
        _log.warning("nothing can be set beside the champion: %s", error)
        return None
    return models if models.manifest.shared is not None else None


def _tried(task: _Task, found: AssetRows, former: Models | None) -> Trial | None:
    """Set a young machine's own sub-model beside the shared one, if that judges it now."""
    if (
        former is None
        or found.asset in former.manifest.assets
        or former.manifest.sensors != task.columns.sensors
        or former.manifest.context != task.columns.context
        or not is_young(found.rows)
    ):
        return None
    return try_own(found.asset, found.rows, task.columns.sensors, task.recipe, former)
