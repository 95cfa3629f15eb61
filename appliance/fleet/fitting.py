"""Training the machines of a chunk: the task of an engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from appliance.calendar.masks import Masks
from appliance.core.errors import ArtifactError, NotFound
from appliance.core.log import get
from appliance.fleet import sharing
from appliance.fleet.artifact import Artifact, write_part
from appliance.fleet.chunks import AssetRows, Chunk, Columns, assets_of
from appliance.fleet.guide import Guide
from appliance.fleet.learning import Fitted, Unfit, fit_asset
from appliance.fleet.modes import learn_modes
from appliance.fleet.pooled import network_of, without_network
from appliance.fleet.scoring import Models
from appliance.fleet.sharing import Sample
from appliance.fleet.trial_words import trial_words
from appliance.fleet.trying import is_young, try_own
from appliance.schemas.manifest import AssetManifest, Trial
from appliance.schemas.recipe import Recipe
from detectors.errors import DetectorError
from detectors.pools import Network

_log = get(__name__)


@dataclass(frozen=True)
class Task:
    """Some machines to be learned, and where they are written.

    Attributes
    ----------
    network
        Number of the file that holds the network of the whole fleet; None without one.
    """

    number: int
    chunk: Chunk
    columns: Columns
    recipe: Recipe
    folder: str
    masks: Masks | None = None
    guide: Guide = field(default_factory=Guide)
    donors: frozenset[str] = frozenset()
    network: int | None = None


@dataclass(frozen=True)
class Part:
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


def fit_chunk(task: Task) -> Part:
    """Learn a chunk's machines one after the other, and write their arrays as one file."""
    network = network_of(task.folder, task.network, task.recipe, len(task.columns.sensors))
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
                found.asset, found.rows, task.columns.sensors, task.recipe, vouched, network
            )
            trial = _tried(task, found, former, network)
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
            own = Fitted({**model.arrays, **arrays}, entry)
            fitted[found.asset] = own if network is None else without_network(own)
            rows += len(times) - by_calendar - sum(by_reason.values())
    entries = _written(task, fitted)
    lent = tuple(samples) if entries else ()
    return Part(entries, failures, rows, masked, dict(held), trials, lent)


def _written(task: Task, fitted: Mapping[str, Fitted]) -> dict[str, AssetManifest]:
    """Write the arrays of machines as one file, if there are any; return their entries."""
    if not fitted:
        return {}
    models = sorted(fitted.items())
    sums = write_part(task.folder, task.number, [model.arrays for _, model in models])
    return {
        asset: model.entry.model_copy(update={"index": index, "checksum": sums[index]})
        for index, (asset, model) in enumerate(models)
    }


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


def _tried(
    task: Task, found: AssetRows, former: Models | None, network: Network | None
) -> Trial | None:
    """Set a young machine's own sub-model beside the shared one, if that judges it now."""
    if (
        former is None
        or found.asset in former.manifest.assets
        or former.manifest.sensors != task.columns.sensors
        or former.manifest.context != task.columns.context
        or not is_young(found.rows)
    ):
        return None
    sensors = task.columns.sensors
    return try_own(found.asset, found.rows, sensors, task.recipe, former, network)
