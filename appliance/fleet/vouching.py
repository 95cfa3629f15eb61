"""What people called normal does not alarm again, where the data are too short to count it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from appliance.fleet.artifact import Arrays
from appliance.fleet.judging import AssetModel
from appliance.fleet.levels import Levels
from appliance.fleet.series import Mask, Rows
from appliance.schemas.manifest import AssetManifest
from appliance.schemas.recipe import Recipe

_SPARE = 1e-6
"""Scores are kept as 32-bit numbers."""


def stay_silent(
    entry: AssetManifest,
    arrays: Arrays,
    rows: Rows,
    sensors: Sequence[str],
    recipe: Recipe,
    vouched: Mask,
) -> tuple[AssetManifest, Arrays]:
    """Raise the levels that were prolonged until no row that was called normal reaches them.

    Levels that were counted hold those rows' events among the promised number already.  The
    model has learned these rows, so the levels rise to about the surprise of one row in as
    many as there are, not to what a model without them would say.

    Parameters
    ----------
    entry, arrays
        What was learned.
    rows, sensors
        What from, and the names of its sensors.
    vouched
        Rows that a person called normal.
    """
    model = AssetModel(entry, arrays, recipe)
    own = model.rows_of(rows, sensors)
    surprise = model.judge(own, explain=False).surprise[vouched]
    if model.has_live_scores:
        live = model.judge(own, explain=False, live=True).surprise[vouched]
        surprise = np.fmax(surprise, live)
    return silent_at(entry, arrays, surprise, recipe)


def silent_at(
    entry: AssetManifest, arrays: Arrays, surprise: NDArray[np.float64], recipe: Recipe
) -> tuple[AssetManifest, Arrays]:
    """Raise the levels that were prolonged above the surprise of rows called normal.

    Parameters
    ----------
    surprise
        Of those rows, by what was learned; NaN where not judged.
    """
    if np.isnan(surprise).all():
        return entry, arrays
    floor = float(np.nanmax(surprise)) * (1 + _SPARE)
    raised = Levels(arrays["levels"]).raised(floor, entry.budget.months)
    level = raised.at(recipe.threshold.false_alarms_per_month)
    return entry.model_copy(update={"threshold": level}), {**arrays, **raised.state()}
