"""What `auto` chose by itself for some training rows, and the facts that it chose by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from detectors.metrics.period import dominant_period
from detectors.models.auto_columns import Sensors, filled, switches
from detectors.validation import FloatMatrix

if TYPE_CHECKING:
    from detectors.models.auto_shapes import ShapeViews

_VIEWS = ("raw", "level_free", "shape", "summary", "long_level_free", "long_shape")
NEAREST, JOINT = "nearest_shapes", "joint"
_IN_PLACE_OF = ("shape", "long_shape")
"""Random references say less of shapes than all windows do."""
ONE, SEVERAL, TOO_FEW, NO_WEIGHT = (
    "one sensor",
    "several sensors",
    "too few windows",
    "weight 0",
)


def choices(
    X: FloatMatrix,
    sensors: Sensors,
    widths: tuple[int, int, int],
    shapes: ShapeViews | None,
    *,
    joint: bool,
) -> dict[str, Any]:
    """Return the facts as JSON.

    Parameters
    ----------
    X
        The training rows.
    sensors, widths, shapes, joint
        What was learned from them.

    Returns
    -------
    dict
        ``rows``; ``missing``, the share of the judged sensors' readings; ``sensors``,
        ``switches``, ``silent`` and ``gappy``, numbers of columns: judged, left out as they
        hold only 0 and 1, nothing, or too few windows without gaps; ``period``, of a single
        sensor, in rows, None without one; ``windows``, rows of the short, long and joint
        one; ``views``, by name; ``left_out``, other views, each with the reason.
    """
    used = [int(column) for column in sensors.used]
    flags = switches(X)
    silent = np.asarray(np.isnan(X).all(axis=0))
    rest = [column for column in range(X.shape[1]) if column not in used]
    gone = {
        "silent": [column for column in rest if silent[column]],
        "switches": [column for column in rest if flags[column] and not silent[column]],
    }
    gone["gappy"] = [one for one in rest if one not in gone["silent"] + gone["switches"]]
    views, left_out = _views(len(used), shapes, joint=joint)
    return {
        "rows": len(X),
        "missing": round(float(np.isnan(X[:, used]).mean()), 4),
        "sensors": used,
        **gone,
        "period": _period(X, sensors, widths),
        "windows": list(widths),
        "views": views,
        "left_out": left_out,
    }


def _period(X: FloatMatrix, sensors: Sensors, widths: tuple[int, int, int]) -> int | None:
    if len(sensors.used) != 1:
        return None
    columns, _ = filled(sensors.apply(X), widths[0])
    return dominant_period(columns[0], default=0) or None


def _views(
    count: int, shapes: ShapeViews | None, *, joint: bool
) -> tuple[Sequence[str], dict[str, str]]:
    left_out: dict[str, str] = {}
    if shapes is None:
        left_out[NEAREST] = SEVERAL if count > 1 else TOO_FEW
    if not joint:
        left_out[JOINT] = ONE if count == 1 else NO_WEIGHT
    by_references = [one for one in _VIEWS if shapes is None or one not in _IN_PLACE_OF]
    more = [one for one in (NEAREST, JOINT) if one not in left_out]
    return [*by_references, *more], left_out
