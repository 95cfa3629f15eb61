"""Live scores of rows that arrive one by one or in parts, with bounded memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detectors.kernels.recursive import peak_hold
from detectors.learning import LearningDetector
from detectors.validation import FloatMatrix, FloatVector, as_matrix, check_columns
from detectors.windows import RingBuffer

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from detectors.base import Detector


class LiveScores(NamedTuple):
    """What is known of rows when they arrive.

    Attributes
    ----------
    onset
        How unusual the row is, by the rows up to it: what an alarm asks.
    span
        The same, held after its peaks as `detectors.spans` does: what ranks stretches.
    """

    onset: FloatVector
    span: FloatVector


class Stream:
    """Rows of one machine, scored as they come.

    However the rows are cut into parts, their scores are those of `Detector.score_live` of the
    whole, to the last bit.  Only the rows that the next score depends on are kept; a detector
    that goes on learning does so in a copy.

    Parameters
    ----------
    detector
        Fitted, with a live form.

    Examples
    --------
    >>> from detectors import catalog
    >>> pump = np.random.default_rng(0).normal(size=(300, 2))
    >>> detector = catalog.make("auto").fit(pump[:200])
    >>> stream = Stream(detector)
    >>> parts = [stream.feed(pump[200:201]).onset, stream.feed(pump[201:]).onset]
    >>> bool((np.concatenate(parts) == detector.score_live(pump[200:])).all())
    True
    """

    def __init__(self, detector: Detector) -> None:
        self._learner = _copied(detector)
        self._detector = self._learner or detector
        self._kept = RingBuffer(max(detector.live_reach(), 1), detector.n_features_in_)
        self._fading = detector.fading_rows()
        self._held = 0.0

    def feed(self, rows: ArrayLike) -> LiveScores:
        """Score the next rows, shape (n_rows, n_columns).

        Raises
        ------
        InvalidInput
            Not such rows as the detector takes, or it has no live form; nothing is kept then.
        """
        new = as_matrix(rows, allow_missing=True)
        check_columns(new, self._detector.n_features_in_, type(self._detector).__name__)
        onset = self._judged(new)
        if not self._fading:
            return LiveScores(onset, onset)
        span = peak_hold(onset, self._fading, self._held)
        self._held = float(span[-1])
        return LiveScores(onset, span)

    def _judged(self, new: FloatMatrix) -> FloatVector:
        if self._learner is not None:
            onset = self._learner.score_live(new)
            self._learner.partial_fit(new)
            return onset
        before = self._kept.latest()
        onset = self._detector.score_live(np.concatenate([before, new]))[len(before) :]
        self._kept.push(new)
        return onset


def _copied(detector: Detector) -> LearningDetector | None:
    """Return a copy that may learn; None of a detector that does not go on learning."""
    if not isinstance(detector, LearningDetector):
        return None
    return type(detector).from_state(detector.state(), detector.get_params())
