"""Training the machines of a chunk: the task of an engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from appliance.calendar.masks import Masks
from appliance.core.log import get
from appliance.fleet import sharing
from appliance.fleet.artifact import write_part
from appliance.fleet.chunks import AssetRows, Chunk, Columns
from appliance.fleet.guide import Guide
from appliance.fleet.learning import Fitted, Unfit, fit_asset
from appliance.fleet.levelling import Lent, lent_by
from appliance.fleet.modes import learn_modes
from appliance.fleet.past import MOST_CELLS, Past, learnable, past_of
from appliance.fleet.past_level import Rules, level_by_past
from appliance.fleet.pooled import network_of, without_network
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
    most_cells
        Readings × columns of one machine up to which all are learned from.
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
    most_cells: int = MOST_CELLS


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


@dataclass(frozen=True)
class _Outcome:
    """What came of one machine.

    Attributes
    ----------
    judged_by
        Its own sub-model, or the fleet's at its own level; None where it has neither.
    trial
        Of its own beside the fleet's.
    problem
        Why it has no own one.
    sample
        What it lends.
    """

    judged_by: Fitted | None = None
    trial: Trial | None = None
    problem: str = ""
    sample: Sample | None = None


def fit_chunk(task: Task) -> Part:
    """Learn a chunk's machines one after the other, and write their arrays as one file."""
    network = network_of(task.folder, task.network, task.recipe, len(task.columns.sensors))
    guide = task.guide
    lent = lent_by(guide.former, task.recipe, task.columns)
    outcomes: dict[str, _Outcome] = {}
    rows = masked = 0
    held: Counter[str] = Counter()
    masks = guide.masks(task.masks)
    past = past_of(task.chunk, task.columns, task.most_cells)
    for found in learnable(task.chunk, task.columns, masks, past):
        by_calendar, by_reason = guide.counted(found.asset, found.rows.times, task.masks)
        masked += by_calendar
        held.update(by_reason)
        outcome = outcomes[found.asset] = _of_machine(task, found, lent, network, past)
        if not outcome.problem:
            rows += len(found.rows.times) - by_calendar - sum(by_reason.values())
    fitted = {a: one.judged_by for a, one in outcomes.items() if one.judged_by is not None}
    entries = _written(task, fitted)
    samples = tuple(one.sample for one in outcomes.values() if one.sample is not None)
    return Part(
        entries,
        {asset: one.problem for asset, one in outcomes.items() if one.problem},
        rows,
        masked,
        dict(held),
        {a: one.trial for a, one in outcomes.items() if one.trial and not one.trial.better},
        samples if entries else (),
    )


def _of_machine(
    task: Task,
    found: AssetRows,
    lent: Lent | None,
    network: Network | None,
    past: Past | None,
) -> _Outcome:
    """Learn a machine; where its own sub-model is not there or no better, take the fleet's.

    Parameters
    ----------
    past
        That its rows were taken from; None where they are all.
    """
    asset, sensors, trial = found.asset, task.columns.sensors, None
    if lent is not None and asset in lent.known:
        lent = None
    try:
        vouched = task.guide.in_normal_running(asset, found.rows.times)
        unanswered = task.guide.unanswered(asset, found.rows.times)
        model = fit_asset(
            asset, found.rows, sensors, task.recipe, vouched, network, unanswered=unanswered
        )
        if past is not None:
            rules = Rules(task.columns, task.recipe, task.guide.masks(task.masks), task.guide)
            model = level_by_past(model, found, past, rules)
        if lent is not None and is_young(found.rows):
            trial = try_own(asset, found.rows, sensors, task.recipe, lent.shared, network)
    except (Unfit, DetectorError) as reason:
        return _borrowing(lent, found, str(reason))
    except (ArithmeticError, ValueError, LookupError) as error:
        # A fault of ours or of a plugged-in detector costs this asset, never the fleet.
        _log.warning("asset %s could not be learned", asset, exc_info=True)
        return _borrowing(lent, found, f"it could not be learned: {error}")
    sample = None
    if asset in task.donors:
        sample = sharing.sample_of(found, model.entry, len(task.donors))
    if lent is not None and trial is not None and not trial.better:
        return _Outcome(lent.levelled(found), trial, trial_words(trial), sample)
    arrays, modes = learn_modes(found, model.entry, task.columns)
    entry = model.entry.model_copy(update={"modes": modes, "trial": trial})
    own = Fitted({**model.arrays, **arrays}, entry)
    return _Outcome(own if network is None else without_network(own), trial, "", sample)


def _borrowing(lent: Lent | None, found: AssetRows, problem: str) -> _Outcome:
    """Return what a machine without an own sub-model is judged by."""
    return _Outcome(None if lent is None else lent.levelled(found), None, problem)


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
