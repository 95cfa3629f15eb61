"""How rare each reading is among the training readings of its sensor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from typing_extensions import override

from detectors.base import Detector
from detectors.kernels.tails import TailArrays, fit_tails, score_tails, tail_contributions
from detectors.models.scaling import SinglePrecision
from detectors.tags import Tags
from detectors.validation import FloatMatrix, FloatVector

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from detectors.kernels.arrays import Floats


class ECOD(Detector):
    """Empirical tail probabilities, each column by itself.

    For every column the share of training readings at most, and at least, as large is kept in
    a table, exact in the tails.  A reading's term is minus the logarithm of its rarer tail;
    a row's score is the sum over columns, and its terms are exact contributions.  Unlike
    other forms of the method the tables come from the training rows alone: a row's score does
    not depend on what it is scored with.

    Assumes that what is unusual is unusual in single sensors, high or low.  No parameters, no
    scale, very fast.  Not for faults within a sensor's range (a broken relation, a missing
    mode in the middle), and readings beyond every training value are all equally rare.

    Attributes
    ----------
    tails_ : TailArrays
        The tables.

    References
    ----------
    Li, Zhao, Hu, Botta, Ionescu, Chen (2022), ECOD: unsupervised outlier detection using
    empirical cumulative distribution functions, doi:10.1109/TKDE.2022.3159580.

    Examples
    --------
    >>> import numpy as np
    >>> pump = np.random.default_rng(0).normal(size=(1000, 3))
    >>> detector = ECOD().fit(pump)
    >>> normal, faulty = detector.score([[0.0, 0.0, 0.0], [0.0, 9.0, 0.0]])
    >>> bool(faulty > normal)
    True
    >>> detector.contributions([[0.0, 9.0, 0.0]]).argmax()
    np.int64(1)
    """

    tags: ClassVar[Tags] = Tags(exact_contributions=True, scale_invariant=True)
    _single_columns: ClassVar[bool] = True

    @staticmethod
    def _tables(columns: Floats) -> TailArrays:
        return fit_tails(columns)

    @override
    def _fit(self, X: FloatMatrix) -> None:
        self._columns = SinglePrecision.learn(X)
        self.tails_ = self._tables(self._columns.apply(X))

    @override
    def _score(self, X: FloatMatrix) -> FloatVector:
        return np.asarray(score_tails(self.tails_, self._columns.apply(X)), np.float64)

    @override
    def _contributions(self, X: FloatMatrix) -> FloatMatrix:
        parts = tail_contributions(self.tails_, self._columns.apply(X))
        return np.asarray(parts, np.float64)

    @override
    def _calibration_scores(self, X: FloatMatrix) -> FloatVector:
        """Return plain scores: leaving a row out moves its ranks by one of all."""
        return self._score(X)

    @override
    def _state(self) -> dict[str, NDArray[Any]]:
        return dict(self.tails_._asdict()) | self._columns.state()

    @override
    def _restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._columns = SinglePrecision.restore(state)
        self.tails_ = TailArrays(*(state[name] for name in TailArrays._fields))
