"""The fleet's shared sub-model for one machine: calibrated by what it says of that machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from appliance.core.errors import ArtifactError, NotFound
from appliance.core.log import get
from appliance.fleet.artifact import Arrays, Artifact, Place
from appliance.fleet.chunks import AssetRows, Columns
from appliance.fleet.guide import fits
from appliance.fleet.judging import AssetModel
from appliance.fleet.learning import Fitted, Unfit
from appliance.fleet.levels import Promise, budget_note
from appliance.fleet.own_level import learn_own_level, with_offset
from appliance.fleet.series import MICRO, Rows, moment, sampling_interval
from appliance.schemas.manifest import AssetManifest
from appliance.schemas.recipe import Recipe
from detectors.errors import DetectorError

_log = get(__name__)

LEAST_DAYS = 3.0
"""Of readings by which a machine's level is learned: one day is not like another."""
_FEWEST = 50
_DAY = 86_400 * MICRO


def known_days(rows: Rows) -> float:
    """Return for how many days a machine is known, its last reading's interval included."""
    if not len(rows.times):
        return 0.0
    return float(rows.times[-1] - rows.times[0] + sampling_interval(rows.times)) / _DAY


def at_own_level(
    shared: AssetManifest, arrays: Arrays, rows: Rows, sensors: Sequence[str], recipe: Recipe
) -> Fitted:
    """Return the shared sub-model with a machine's own middles, surprise and alarm level.

    Parameters
    ----------
    shared, arrays
        The sub-model.
    rows, sensors
        The machine's readings, which the sub-model was not learned from, and their names.
    recipe
        The fleet's.

    Raises
    ------
    Unfit
        The machine is known for less than three days, or too few of its readings can be judged.
    DetectorError
        They cannot be calibrated.
    """
    days = known_days(rows)
    if days < LEAST_DAYS:
        raise Unfit(f"known for {days:.2g} days, its level is learned from {LEAST_DAYS:g} on")
    model = AssetModel(shared, arrays, recipe)
    own = model.rows_of(rows, sensors)
    moved = with_offset(arrays, model.offset(own))
    model = AssetModel(shared, moved, recipe)
    said = model.judge(own, explain=False).surprise
    known = int(np.isfinite(said).sum())
    if known < _FEWEST:
        raise Unfit(f"{known} of its readings can be judged by the fleet's model")
    promise = Promise.of(sampling_interval(rows.times), recipe.threshold)
    live = None
    if model.has_live_scores:
        live = model.judge(own, explain=False, live=True).surprise
    alarm, stored = learn_own_level(said, live, promise)
    entry = shared.model_copy(
        update={
            "threshold": float(alarm.level),
            "budget": budget_note(alarm),
            "levelled_days": round(days, 2),
            "rows": known,
            "data_start": moment(rows.times[0]),
            "data_end": moment(rows.times[-1]),
        }
    )
    return Fitted({**moved, **stored}, entry)


@dataclass(frozen=True)
class Lent:
    """What a champion lends to machines that it has no sub-model of.

    Attributes
    ----------
    shared
        The fleet's sub-model.
    known
        Machines that have one of their own.
    """

    shared: Fitted
    known: frozenset[str]
    recipe: Recipe
    sensors: tuple[str, ...]

    def levelled(self, found: AssetRows) -> Fitted | None:
        """Return the sub-model at a machine's own level; None where that cannot be learned."""
        shared = self.shared
        try:
            return at_own_level(
                shared.entry, shared.arrays, found.rows, self.sensors, self.recipe
            )
        except (Unfit, DetectorError) as reason:
            _log.info("asset %s is judged at its sisters' level: %s", found.asset, reason)
            return None


def lent_by(former: Place | None, recipe: Recipe, columns: Columns) -> Lent | None:
    """Return what the champion lends; None where it lends nothing that could judge now."""
    if former is None:
        return None
    try:
        artifact = Artifact(former)
        manifest, entry = artifact.manifest, artifact.manifest.shared
        if entry is None or not fits(
            manifest, entry, recipe, sensors=columns.sensors, context=columns.context
        ):
            return None
        shared = Fitted(artifact.shared(), entry.model_copy(update={"pooled": False}))
    except (ArtifactError, NotFound) as error:
        _log.warning("the champion lends nothing: %s", error)
        return None
    own = frozenset(name for name, one in manifest.assets.items() if not one.donors)
    return Lent(shared, own, recipe, columns.sensors)
