"""Training a fleet: chunks of assets on an engine, one artifact in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from appliance import __version__
from appliance.calendar.masks import Masks
from appliance.core.errors import InvalidRequest
from appliance.engine.base import Engine
from appliance.fleet import sharing
from appliance.fleet.artifact import (
    Place,
    draft_of,
    part_file,
    write_manifest,
    write_part,
)
from appliance.fleet.chunks import Chunk, Columns
from appliance.fleet.fitting import Part, Task, fit_chunk
from appliance.fleet.frames import Layout
from appliance.fleet.guide import Guide, keep_former, keep_shared
from appliance.fleet.outcome import value_of
from appliance.fleet.past import MOST_CELLS
from appliance.fleet.pooled import network_of, without_network, write_network
from appliance.fleet.pooling import Pooled
from appliance.fleet.sharing import Sample
from appliance.schemas.manifest import AssetManifest, FleetManifest, PooledNetwork
from appliance.schemas.progress import Progress, Silent
from appliance.schemas.recipe import Recipe

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

    folder: Place
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


def fit_fleet(  # noqa: PLR0913 - what is read, learned, written to and left out
    chunks: Sequence[Chunk],
    recipe: Recipe,
    layout: Layout,
    folder: Place,
    engine: Engine,
    *,
    masks: Masks | None = None,
    guide: Guide | None = None,
    progress: Progress | None = None,
    machines: int | None = None,
    donors: frozenset[str] = frozenset(),
    pool: Pooled | None = None,
    most_cells: int = MOST_CELLS,
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
        Where the artifact will stand, all at once, when everything succeeded: a folder, or an
        address that workers on several machines reach.
    masks
        Stretches that the calendar takes out: not learned from.
    guide
        What people said of events, and the model that stays where too little is left.
    machines
        How many assets the chunks hold: progress is told in them; in chunks if not given.
    donors
        Assets that also a sub-model is learned from that machines without an own are judged
        by; without them the guide's former one stays.
    pool
        The network that all machines together taught; without it each is learned alone.
    most_cells
        Readings × columns of one machine up to which all are learned from: of a longer past
        stretches are, and its alarm level is that of what lies between them.

    Raises
    ------
    InvalidRequest
        No asset could be modelled.
    StorageError, StorageFull, EngineError
        Data could not be read, the artifact not be written, or a worker not be kept alive.
    """
    progress = progress or Silent()
    progress.step("Training", total=machines or len(chunks))
    guide = guide or Guide()
    common = None if pool is None else len(chunks) + 2
    with draft_of(folder) as draft:
        columns = Columns.of(recipe, layout.sensors, layout.context)
        how = (columns, recipe, str(draft), masks, guide, donors, common, most_cells)
        tasks = [Task(number, chunk, *how) for number, chunk in enumerate(chunks)]
        network = _network(pool, draft, len(chunks) + 2)
        parts = _learned(engine, tasks, progress, by_machine=bool(machines))
        learned = _placed(parts)
        failures = {a: why for part in parts.values() for a, why in part.failures.items()}
        failures |= dict.fromkeys(guide.untouched, _UNTOUCHED)
        _require_any(learned, failures)
        written = [number for number in sorted(parts) if parts[number].entries]
        lacking = {a: why for a, why in failures.items() if a not in learned}
        kept = keep_former(guide, lacking, recipe, layout, draft, len(tasks))
        reasons = {asset: failures.pop(asset) for asset in kept}
        own = {"part": len(written)}
        entries = learned | {a: one.model_copy(update=own) for a, one in kept.items()}
        written += [len(tasks)] if kept else []
        number = len(tasks) + 1
        shared = _shared(parts, tasks[0], number, engine)
        shared = shared or keep_shared(guide, recipe, layout, draft, number)
        if shared is not None:
            shared = shared.model_copy(update={"part": len(written)})
            written.append(number)
        if network is not None and common is not None:
            network = network.model_copy(update={"part": len(written)})
            written.append(common)
        files = {
            "network": network,
            "parts": tuple(part_file(draft, number) for number in written),
            "shared": shared,
            "trials": {a: t for part in parts.values() for a, t in part.trials.items()},
        }
        manifest = _manifest(recipe, layout, entries, failures).model_copy(update=files)
        digest = write_manifest(draft, manifest)
    return _report(folder, digest, manifest, parts.values(), reasons)


def _report(
    folder: Place,
    digest: str,
    manifest: FleetManifest,
    parts: Collection[Part],
    kept: dict[str, str],
) -> FitReport:
    """Return what was learned, with `kept` as why machines keep what they had."""
    learned = [entry for asset, entry in manifest.assets.items() if asset not in kept]
    return FitReport(
        folder=folder,
        digest=digest,
        assets=len(manifest.assets),
        extrapolated=sum(e.budget.basis == "extrapolated" for e in manifest.assets.values()),
        failures=manifest.failures,
        rows=sum(part.rows for part in parts),
        data_start=min(entry.data_start for entry in learned),
        data_end=max(entry.data_end for entry in learned),
        seed=manifest.recipe.seed,
        masked=sum(part.masked for part in parts),
        held=dict(sum((Counter(part.held) for part in parts), Counter())),
        kept=kept,
    )


def _learned(
    engine: Engine, tasks: Sequence[Task], progress: Progress, *, by_machine: bool
) -> dict[int, Part]:
    """Learn the chunks, and tell of each what came of it."""
    parts: dict[int, Part] = {}
    for outcome in engine.map(fit_chunk, tasks):
        part = parts[outcome.index] = value_of(outcome)
        progress.advance(len(part.entries) + len(part.failures) if by_machine else 1)
        _tell(part, progress)
    return parts


def _tell(part: Part, progress: Progress) -> None:
    """Say which machines were learned, and why others were not."""
    if part.entries:
        progress.note(f"learned: {', '.join(sorted(part.entries))}")
    for asset, reason in sorted(part.failures.items()):
        progress.note(f"not learned: {asset}: {reason}")


def _placed(parts: Mapping[int, Part]) -> dict[str, AssetManifest]:
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


def _network(pool: Pooled | None, draft: Place, number: int) -> PooledNetwork | None:
    """Write the fleet's network, if there is one, before the tasks that read it."""
    if pool is None:
        return None
    checksum = write_network(draft, number, pool.network)
    return pool.facts.model_copy(update={"checksum": checksum})


@dataclass(frozen=True)
class _Sharing:
    samples: tuple[Sample, ...]
    entries: dict[str, AssetManifest]
    like: Task
    number: int


def _shared(
    parts: Mapping[int, Part], like: Task, number: int, engine: Engine
) -> AssetManifest | None:
    """Learn the shared sub-model where the tasks brought samples, and write its file."""
    found = [one for part in parts.values() for one in part.samples]
    samples = tuple(sorted(found, key=lambda one: one.asset))
    if len(samples) < sharing.FEWEST:
        return None
    entries = {a: entry for part in parts.values() for a, entry in part.entries.items()}
    task = _Sharing(samples, entries, like, number)
    [outcome] = engine.map(_fit_shared, [task])
    made: AssetManifest | None = value_of(outcome)
    return made


def _fit_shared(task: _Sharing) -> AssetManifest | None:
    folder, recipe, sensors = task.like.folder, task.like.recipe, task.like.columns.sensors
    network = network_of(folder, task.like.network, recipe, len(sensors))
    made = sharing.fit_shared(task.samples, task.entries, recipe, sensors, network)
    if made is None:
        return None
    made = made if network is None else without_network(made)
    [checksum] = write_part(folder, task.number, [made.arrays])
    return made.entry.model_copy(update={"index": 0, "checksum": checksum})
