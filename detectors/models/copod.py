"""How rare each reading is, with weight on the side that its sensor's readings lean to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from detectors.kernels.tails import TailArrays, fit_copula
from detectors.models.ecod import ECOD

if TYPE_CHECKING:
    from detectors.kernels.arrays import Floats


class COPOD(ECOD):
    """Empirical copula: both tails of each column, and the one it is skewed to.

    As `ECOD`, but a reading's term is the mean of minus the logarithms of its two tail
    probabilities, or that of the tail to which the column is skewed, whichever is more: what
    is rare on the short side counts half.  Like there the tables come from the training rows
    alone, and a row's terms are exact contributions.

    Assumes that faults lie where the readings already reach farthest (temperatures, currents,
    vibration).  Not for a fall of what usually rises, nor for faults within a sensor's range.

    References
    ----------
    Li, Zhao, Botta, Ionescu, Hu (2020), COPOD: copula-based outlier detection,
    doi:10.1109/ICDM50108.2020.00135.

    Examples
    --------
    >>> import numpy as np
    >>> vibration = np.random.default_rng(0).gamma(2.0, size=(1000, 1))
    >>> high, low = COPOD().fit(vibration).score([[40.0], [0.0]])
    >>> bool(high > low)
    True
    """

    @override
    @staticmethod
    def _tables(columns: Floats) -> TailArrays:
        return fit_copula(columns)
