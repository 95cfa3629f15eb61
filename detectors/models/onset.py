"""When something begins that was never seen before: called once, then learned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from typing_extensions import override

from detectors.errors import StateCorrupt
from detectors.kernels.novelty import FIRST_VIEWS, VIEWS, Memory, Quiet, advance, calls
from detectors.learning import LearningDetector
from detectors.models.auto_columns import Sensors
from detectors.models.parameters import require_int, require_number
from detectors.tags import Tags
from detectors.validation import FloatMatrix, FloatVector

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from detectors.models.auto_columns import Floats

_CONTEXT = 512
_WARMING = 82
"""Rows after which windows of 16 can be surprising: 32 to look back on, 50 novelties."""


class Onset(LearningDetector):
    """Calls the beginning of what no row before has shown, and learns it with every row.

    Every sensor's newest window is compared with references kept of all rows before it, in
    seven views: four rows, eight means of four rows, the shape of eight means of eight rows,
    the spread of 16 and of 64 rows, eight peaks of five rows, and the shape of eight peaks of
    eight rows.  The distance to the nearest reference is turned into a surprise by all
    distances before it (decades, as in an alarm level); of four rows it counts together with
    the size of the newest jump.  Of a single sensor the highest surprise of a row
    counts, of several the mean of the two highest; it is lowered where high ones are more
    frequent than they should be.  A row scores it if it exceeds, by a tenth of a decade, what
    is held of those before, and 0 otherwise.  What is held fades with the rows seen.  So an
    onset is said once, in the row in which it is seen, and what lasts or comes again is silent:
    for live alarms, not for ranking all rows of a fault.

    Rows are judged in time order, first those learned from: `score` goes on after them.
    Readings are carried over gaps of up to 16 rows; a sensor takes no part in longer ones.
    Columns that hold only 0 and 1 are switches and left out.

    Assumes that what is normal comes again.  Slow drifts within what was seen are invisible
    to it, and so is a fault that resembles something seen before.

    Parameters
    ----------
    silence
        Share of the rows seen so far in which what is held of earlier surprises fades to 37 %.
    n_references
        Windows kept of each sensor and view.

    References
    ----------
    Lavin, Ahmad (2015), Evaluating real-time anomaly detection algorithms,
    doi:10.1109/ICMLA.2015.141, on what early calls are worth.

    Examples
    --------
    >>> import numpy as np
    >>> pump = np.random.default_rng(0).normal(size=(2000, 2))
    >>> pump[1500:, 1] += 12
    >>> detector = Onset().fit(pump[:1000])
    >>> scores = detector.score(pump[1000:])
    >>> bool(500 <= scores.argmax() < 504)
    True
    >>> bool(scores[520:].max() < scores.max() / 2)
    True
    """

    tags: ClassVar[Tags] = Tags(
        ordered=True,
        handles_missing=True,
        masks_columns=True,
        partial_fit=True,
        scale_invariant=True,
    )

    def __init__(self, silence: float = 0.1, n_references: int = 300) -> None:
        self.silence = silence
        self.n_references = n_references

    @override
    def check_parameters(self) -> None:
        require_number("silence", self.silence, 0, 1000)
        require_int("n_references", self.n_references, 16, 100_000)

    @override
    def reach(self) -> tuple[int, int]:
        return (_CONTEXT, 0)

    @override
    def _fit(self, X: FloatMatrix) -> None:
        self._sensors = Sensors.learn(X)
        self._forget()
        self._learn(X)

    def _forget(self, views: int = VIEWS) -> None:
        self._memory = Memory.empty(len(self._sensors.used), self.n_references, views)
        self._quiet = Quiet.empty()

    @override
    def _learn(self, X: FloatMatrix) -> None:
        calls(self._quiet, _together(self._memory, self._sensors.apply(X)), self.silence)

    @override
    def _score(self, X: FloatMatrix) -> FloatVector:
        surprises = _together(self._memory.copy(), self._sensors.apply(X))
        return calls(self._quiet.copy(), surprises, self.silence)

    @override
    def _contributions(self, X: FloatMatrix) -> FloatMatrix:
        """Return the two highest surprises, each with the sensor that it is of."""
        surprises, owners = advance(self._memory.copy(), self._sensors.apply(X))
        out, rows = np.zeros(X.shape), np.arange(len(X))
        for surprise, owner in zip(surprises, owners.T, strict=True):
            known = owner >= 0
            out[rows[known], self._sensors.used[owner[known]]] += surprise[known]
        return out

    @override
    def _calibration_scores(self, X: FloatMatrix) -> FloatVector:
        """Score the rows as they came, each before it was learned; the first are NaN."""
        new = self.clone()
        new._sensors = self._sensors
        new._forget(self._memory.counts.shape[1])
        scores = new._score(X)
        scores[:_WARMING] = np.nan
        return scores

    # ------------------------------------------------------------------ state
    @override
    def _state(self) -> dict[str, NDArray[Any]]:
        own = self._sensors.state() | self._memory._asdict() | self._quiet._asdict()
        return {name: array.copy() for name, array in own.items()}

    @override
    def _restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._sensors = Sensors.restore(state)
        # Models of earlier versions look in fewer views, and go on doing so.
        views = FIRST_VIEWS if state["counts"].shape[-1] == FIRST_VIEWS else VIEWS
        empty = Memory.empty(len(self._sensors.used), self.n_references, views)
        self._memory = Memory(*_like(empty._asdict(), state))
        counts = self._memory.counts
        if not ((counts >= 0) & (counts <= self.n_references)).all():
            raise StateCorrupt(f"references from {counts.min()} to {counts.max()} are counted")
        self._quiet = Quiet(*_like(Quiet.empty()._asdict(), state))


def _together(memory: Memory, columns: Floats) -> FloatVector:
    """Return the mean of the two highest surprises; of a single sensor the highest."""
    surprises, _ = advance(memory, columns)
    return np.asarray(surprises[: len(columns)].mean(axis=0))


def _like(
    expected: Mapping[str, NDArray[Any]], state: Mapping[str, NDArray[Any]]
) -> list[NDArray[Any]]:
    """Return copies of the arrays of a state, which learning changes; check their shapes."""
    found = []
    for name, array in expected.items():
        kept = np.array(state[name], array.dtype, order="C")
        if kept.shape != array.shape:
            raise StateCorrupt(f"{name} of shape {kept.shape} where {array.shape} is expected")
        found.append(kept)
    return found
