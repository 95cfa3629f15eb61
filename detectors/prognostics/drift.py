"""Slow drift: days that have moved away from what they were, little by little.

Examples
--------
>>> import numpy as np
>>> noise = np.random.default_rng(0).normal(size=90)
>>> slow, step = np.maximum(np.arange(90) - 40, 0) * 0.2, np.where(np.arange(90) < 40, 0, 10)
>>> drift(noise, 30) is None, drift(noise + step, 30) is None
(True, True)
>>> found = drift(noise + slow, 30)
>>> bool(35 < found.since < 45 and found.moved > 8)
True
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from detectors.errors import InvalidInput
from detectors.prognostics.tendency import trend

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from detectors.validation import FloatMatrix, FloatVector

FEWEST_BEFORE = 10
"""Values that tell what was normal, at least."""
FEWEST_SINCE = 10
"""Values after them, at least."""
_RECENT = 7
_MOST = 120
"""Places that a ramp may begin and end at; a longer course is looked at in means."""
_AT_ONCE = 2
_SLOW = 6
"""A step is over within so many values; a ramp takes as many at least."""
_BETTER = 0.9
"""There are more ramps than steps: the best of them fits a step better by chance."""
_ROOM = 2.0
_CHANCE = 0.05


@dataclass(frozen=True)
class Drift:
    """How far values went, and from when on.

    Attributes
    ----------
    since
        Place of the last value that is as before.
    moved
        Median of the last values less the middle of the normal ones.
    limit
        What it had to exceed.
    per_step
        Pace from `since` to where the ramp ends.
    """

    since: int
    moved: float
    limit: float
    per_step: float


def limit_of(normal: ArrayLike, least: float = 0.0) -> tuple[float, float]:
    """Return the middle of normal values, and how far others may lie from it.

    Twice the widest distance of the normal ones, more where each depends on the one before and
    they therefore show less than all that may come.
    """
    known = np.asarray(normal, np.float64)
    known = known[np.isfinite(known)]
    middle = float(np.median(known))
    widest = float(np.abs(known - middle).max())
    return middle, max(_ROOM * widest * trend(known).dependence ** 0.5, least)


def drift(values: ArrayLike, normal: int, least: float = 0.0) -> Drift | None:
    """Return how values have drifted; None where they are as before, or changed at once.

    The last values lie farther from the normal ones than those ever did, the order of all is
    hardly chance (`trend`), and a ramp explains the course better than a step.

    Parameters
    ----------
    values
        One a day, in order; NaN where there is none.
    normal
        How many of them, from the first on, tell what is normal.
    least
        Distance that does not matter.

    Raises
    ------
    InvalidInput
        The values are no vector.
    """
    y = np.asarray(values, np.float64)
    if y.ndim != 1:
        raise InvalidInput("a drift is looked for in one value a day")
    places = np.flatnonzero(np.isfinite(y))
    before, known = int((places < normal).sum()), y[places]
    if before < FEWEST_BEFORE or len(known) - before < FEWEST_SINCE:
        return None
    middle, limit = limit_of(known[:before], least)
    moved = float(np.median(known[-_RECENT:])) - middle
    if abs(moved) <= limit:
        return None
    found = trend(known)
    if not found.significant(_CHANCE) or found.per_step * moved < 0:
        return None
    ramp = _ramp(places.astype(np.float64), known, before)
    if ramp is None:
        return None
    begin, end, height = ramp
    if height * moved <= 0:
        return None
    return Drift(int(begin), moved, limit, height / (end - begin))


def _ramp(t: FloatVector, y: FloatVector, before: int) -> tuple[float, float, float] | None:
    """Return where a ramp begins and ends, and its height; None where a step explains more."""
    width = -(-len(y) // _MOST)
    if width > 1:
        whole = len(y) % width
        t, y = (part[whole:].reshape(-1, width).mean(axis=1) for part in (t, y))
        before = max((before - whole) // width, 1)
    first, last = np.triu_indices(len(t), 1)
    # It may begin among the normal values: the last of them are as old as the first version.
    far = first >= before // 2
    first, last = first[far], last[far]
    apart = t[last] - t[first]
    shape = np.clip((t - t[first][:, None]) / apart[:, None], 0.0, 1.0)
    height, rest = _fitted(shape, y)
    # The mean of both sides of a step lies between them.
    slow, fast = apart >= max(_SLOW, 3 * width), apart <= _AT_ONCE * width
    best = int(np.argmin(np.where(slow, rest, np.inf)))
    if not slow.any() or (fast.any() and _BETTER * rest[fast].min() <= rest[best]):
        return None
    return float(t[first[best]]), float(t[last[best]]), float(height[best])


def _fitted(shape: FloatMatrix, y: FloatVector) -> tuple[FloatVector, FloatVector]:
    """Return the height of each shape that explains the values best, and what is left."""
    off = shape - shape.mean(axis=1, keepdims=True)
    own = y - y.mean()
    power = np.maximum((off**2).sum(axis=1), 1e-12)
    cross = off @ own
    return cross / power, float(own @ own) - cross**2 / power
