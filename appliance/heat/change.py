"""Whether a machine's normal has changed: it runs otherwise than before, and steadily so.

Maintenance, a new product or another setting moves a machine from one day to the next, and then
it stays where it is.  A fault that grows moves on, and so does a season.  A fault that neither
grows nor goes away looks as a change does, and so does one that has grown beyond what surprise
can tell apart: only a person knows, so a change is a question and never an answer.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from detectors.prognostics import trend

Floats = npt.NDArray[np.float64]
FEWEST_BEFORE = 3
"""Stretches of days before a change, to say that it was otherwise."""
FEWEST_AFTER = 8
"""Stretches since a change, to say that it is steady."""
_MOVED = 0.5
"""Least step, in parts of the way from normal running to the alarm level."""
_GROWN = 0.25
"""Most that a plateau may rise from one half to the other, in parts of the step."""
_STRAY = 0.125
"""Share of stretches that may lie on the wrong side of the middle of the step."""
_BEND = 0.05
_AT_ONCE = 2
_SHORT = 0.1
"""Most that the first stretches of a plateau may lie below it, in parts of the step."""
_BETWEEN = 1
"""Stretches that may lie between: scores look ahead, and no day need begin with a change."""
_AGAIN = 3
"""Stretches before, at each of which it was a plateau: one that grows is none all along."""
_NORMAL_MAD = 1.4826
_NOISE = 2.0


def changed_at(uppers: Sequence[float | None], normal: float, level: float) -> int | None:
    """Return the place of the first stretch since which normal has changed.

    The course is split where two plateaus explain it best.  The later one must be higher by a
    good part of the way to the alarm level, be reached at once, hold to the end, and not rise:
    neither by the trend test nor, by more than a quarter of the step, from half to half.  But
    for the trend test it must have looked so at each of the last stretches, too.

    Parameters
    ----------
    uppers
        Surprise that a tenth of the readings reach, by stretches of days; None where too little
        was judged.
    normal
        The same in normal running.
    level
        Surprise at which an alarm begins.

    Returns
    -------
    int or None
        None where normal is as before, or the course goes on rising, or it is too early to say.
    """
    known = [(at, value) for at, value in enumerate(uppers) if value is not None]
    values = np.array([value for _, value in known], np.float64)
    least = _MOVED * (level - normal)
    split = _plateau(values, least, FEWEST_AFTER)
    if split is None or _rising(values[split:]):
        return None
    before = (_plateau(values[:-n], least, FEWEST_AFTER - n) for n in range(1, _AGAIN + 1))
    return known[split][0] if all(found is not None for found in before) else None


def _plateau(values: Floats, least: float, fewest: int) -> int | None:
    """Return the number of values before a step to a plateau that holds to the end."""
    if len(values) < FEWEST_BEFORE + fewest:
        return None
    split = _split(values)
    before, after = values[:split], values[split:]
    if len(after) < fewest or len(before) < FEWEST_BEFORE:
        return None
    low, high = float(np.median(before)), float(np.median(after))
    step = high - low
    if step < least:
        return None
    middle = 0.5 * (low + high)
    apart = (before < middle).mean() >= 1 - _STRAY and (after > middle).mean() >= 1 - _STRAY
    return split if apart and _sudden(after, step) and _level(after, step) else None


def _split(values: Floats) -> int:
    """Return the number of values before the step that leaves the least absolute rest."""
    places = range(FEWEST_BEFORE, len(values) - 1)
    rest = [
        sum(float(np.abs(part - np.median(part)).sum()) for part in (values[:at], values[at:]))
        for at in places
    ]
    return places[int(np.argmin(rest))]


def _sudden(after: Floats, step: float) -> bool:
    high = float(np.median(after))
    noise = _NOISE * _NORMAL_MAD * float(np.median(np.abs(after - high)))
    first = (float(after[at : at + _AT_ONCE].mean()) for at in range(_BETWEEN + 1))
    return high - max(first) <= max(_SHORT * step, noise)


def _level(after: Floats, step: float) -> bool:
    half = len(after) // 2
    early, late = (float(np.median(part)) for part in (after[:half], after[half:]))
    return late - early <= _GROWN * step


def _rising(after: Floats) -> bool:
    found = trend(after)
    return found.per_step > 0 and found.significant(_BEND)
