"""How unusual the stretch around each row is: a score that stays near what stood out.

A fault seldom shows in every row of its stretch, least where one sensor is all there is to
look at.  To rank rows by whether they lie in a faulty stretch, a score is held around its
peaks and fades with the distance from them.  Since when something is unusual, and whether to
alarm, is asked of the score itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detectors.kernels.recursive import peak_hold

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from detectors.validation import FloatVector

_ROWS, _WINDOW = 24.0, 32.0


def fading_rows(window: int, n_sensors: int) -> float:
    """Return the rows in which a peak fades to 37 %: 24 · √(32 · window) / sensors.

    Between so many windows and so many rows: labels of periodic series span periods, those of
    others hours.  The more sensors, the likelier one of them shows the fault in any row.

    Parameters
    ----------
    window
        Rows that a detector looks at together, at least 1.
    n_sensors
        Sensors that it judges by, at least 1.
    """
    return _ROWS * float(np.sqrt(_WINDOW * window)) / n_sensors


def span_scores(scores: ArrayLike, fading: float) -> FloatVector:
    """Hold scores around their peaks, before and after, fading by ``exp(-1 / fading)`` a row.

    Parameters
    ----------
    scores
        At least 0, shape (n_rows,); NaN where a row was not judged.
    fading
        Rows in which a peak fades to 37 %; 0 leaves the scores as they are.

    Returns
    -------
    ndarray of shape (n_rows,)
        At least `scores`; NaN where they are.
    """
    values = np.asarray(scores, np.float64)
    if fading == 0:
        return values
    known = np.nan_to_num(values, nan=0.0)
    held = np.maximum(peak_hold(known, fading), peak_hold(known[::-1], fading)[::-1])
    return np.where(np.isnan(values), np.nan, held)
