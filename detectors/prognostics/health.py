"""A health index without labels: how far a machine is from when it was new, 0 to 100."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from detectors.errors import InvalidInput, NotFitted, StateCorrupt, TooLittleData
from detectors.prognostics.conditions import Conditions
from detectors.prognostics.indices import filled
from detectors.prognostics.members import courses_of
from detectors.validation import check_columns

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from detectors.prognostics.indices import Course
    from detectors.validation import FloatMatrix, FloatVector

_FEWEST = 10
_UPPER = 0.99
_TINY = 1e-12


def running_low(values: ArrayLike, hold: int = 1) -> FloatVector:
    """Return values as a course that never rises, each from what came before it alone.

    What is told falls to a value only when all of the last `hold` values are as low: a spike
    shorter than that changes nothing.  NaN where there is no value is passed over.
    """
    y = np.asarray(values, np.float64)
    known = np.flatnonzero(~np.isnan(y))
    out = np.full(len(y), np.nan)
    if len(known) < hold:
        return out
    held = np.lib.stride_tricks.sliding_window_view(y[known], hold).max(axis=1)
    out[known[hold - 1 :]] = np.minimum.accumulate(held)
    last = np.maximum.accumulate(np.where(np.isnan(out), -1, np.arange(len(y))))
    return np.where(last >= 0, out[np.maximum(last, 0)], np.nan)


class HealthIndex:
    """Health from sensors, by their distance from the machine's own first rows.

    Sensors are freed from load and ambient as all machines' first rows have it, and taken in
    the machine's own spreads of its first rows.  The distance of a row is the root of the mean
    square over the sensors of their means over `window` rows; 100 is as far as the most distant
    hundredth of the first rows, 0 is `worst` times further, and in between health falls with
    the logarithm.  It never rises, and falls only by what `window` rows agree on
    (`running_low`).  Machines of any sensors can be compared by it.

    Assumes that a course begins in good order.  A machine that was overhauled begins anew.

    Parameters
    ----------
    new
        Share of each course that is taken for good order.
    window
        Rows that are averaged.
    worst
        Distances of good order at which health is 0.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> good = rng.normal(size=(400, 3))
    >>> worn = good + np.linspace(0, 1, 400)[:, None] ** 3 * [[6.0, 0.0, 0.0]]
    >>> index = HealthIndex().fit([good])
    >>> bool(index.health(good)[-1] > 70 > index.health(worn)[-1])
    True
    """

    def __init__(self, new: float = 0.2, window: int = 10, worst: float = 10.0) -> None:
        self.new = new
        self.window = window
        self.worst = worst

    def fit(
        self, courses: Sequence[ArrayLike], contexts: Sequence[ArrayLike] | None = None
    ) -> Self:
        """Learn what contexts explain, from the first rows of all machines.

        Raises
        ------
        TooLittleData
            A course is too short.
        InvalidInput
            The arrays do not fit together, or a parameter cannot be used.
        """
        self._check_parameters()
        machines = courses_of(courses, contexts)
        if not machines:
            raise TooLittleData("health needs one course at least")
        first = [np.hstack([one.sensors, one.contexts])[: self._first(one)] for one in machines]
        rows = np.concatenate(first)
        self.n_sensors_ = machines[0].sensors.shape[1]
        self._usual = np.array(
            [np.median(c[~np.isnan(c)]) if (~np.isnan(c)).any() else 0.0 for c in rows.T]
        )
        whole = np.concatenate([filled(part, self._usual) for part in first])
        self._conditions = Conditions.learn(
            whole[:, : self.n_sensors_], whole[:, self.n_sensors_ :]
        )
        return self

    def health(self, course: ArrayLike, context: ArrayLike | None = None) -> FloatVector:
        """Return health after each row, from what was known then; NaN in the first rows."""
        return running_low(self.points(course, context), self.window)

    def points(self, course: ArrayLike, context: ArrayLike | None = None) -> FloatVector:
        """Return health as each row has it, which may rise again: what a trend is made from."""
        if not hasattr(self, "_conditions"):
            raise NotFitted("this HealthIndex is not fitted yet: call fit first")
        (one,) = courses_of([course], None if context is None else [context])
        check_columns(one.sensors, self.n_sensors_, "HealthIndex")
        far = self._distance(one)
        first = far[self.window - 1 : self._first(one)]
        limit = max(float(np.quantile(first, _UPPER)), _TINY)
        falls = np.log(np.maximum(far / limit, 1.0)) / np.log(self.worst)
        health = 100.0 * (1.0 - np.minimum(falls, 1.0))
        health[: self.window - 1] = np.nan
        return np.asarray(health)

    def _distance(self, one: Course) -> FloatVector:
        rows = filled(np.hstack([one.sensors, one.contexts]), self._usual)
        count = self.n_sensors_
        left = self._conditions.apply(rows[:, :count], rows[:, count:])
        new = left[: self._first(one)]
        spread = new.std(axis=0)
        moves = spread > _TINY
        scaled = np.where(moves, (left - new.mean(axis=0)) / np.where(moves, spread, 1.0), 0.0)
        return np.asarray(np.sqrt((_means(scaled, self.window) ** 2).mean(axis=1)))

    def _first(self, one: Course) -> int:
        count = max(int(self.new * len(one)), 2 * self.window)
        if len(one) < max(count, _FEWEST):
            raise TooLittleData(f"a course of {len(one)} rows is too short for a health index")
        return count

    def _check_parameters(self) -> None:
        if not 0 < self.new <= 1:
            raise InvalidInput(f"new must be above 0 and at most 1, not {self.new}")
        if not self.window >= 1:
            raise InvalidInput(f"window must be at least 1, not {self.window}")
        if not self.worst > 1:
            raise InvalidInput(f"worst must be above 1, not {self.worst}")

    def get_params(self) -> dict[str, Any]:
        """Return the constructor parameters by name."""
        return {"new": self.new, "window": self.window, "worst": self.worst}

    def state(self) -> dict[str, NDArray[Any]]:
        """Return everything `fit` learned, as named arrays of numbers."""
        if not hasattr(self, "_conditions"):
            raise NotFitted("this HealthIndex is not fitted yet: call fit first")
        own = {"columns": np.array(self.n_sensors_), "usual": self._usual}
        return own | self._conditions.state()

    @classmethod
    def from_state(
        cls, state: Mapping[str, NDArray[Any]], params: Mapping[str, Any] | None = None
    ) -> Self:
        """Return the index of `state`; raises `StateCorrupt` if it is none."""
        index = cls(**dict(params or {}))
        try:
            index.n_sensors_, index._usual = int(state["columns"]), state["usual"]
            index._conditions = Conditions.restore(state)
        except (KeyError, TypeError, ValueError) as error:
            raise StateCorrupt(f"this is not the state of a HealthIndex: {error!r}") from error
        return index


def _means(rows: FloatMatrix, width: int) -> FloatMatrix:
    """Return the mean of each row and those before it."""
    sums = np.vstack([np.zeros(rows.shape[1]), np.cumsum(rows, axis=0)])
    after = np.arange(1, len(rows) + 1)
    before = np.maximum(after - width, 0)
    return np.asarray((sums[after] - sums[before]) / (after - before)[:, None])
