"""Remaining life from a fleet whose machines ran to failure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from detectors.errors import InvalidInput, NotFitted, StateCorrupt, TooLittleData
from detectors.prognostics.courses import LIFE_STEPS
from detectors.prognostics.intervals import LeftOut
from detectors.prognostics.members import (
    LEAST_STEPS,
    Choice,
    Cuts,
    Member,
    Plan,
    chosen,
    courses_of,
    ordered,
    packed,
    unpacked,
)
from detectors.validation import check_columns

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from detectors.prognostics.indices import Course
    from detectors.validation import FloatVector

    IntVector = NDArray[np.int64]

FEWEST_LIVES = 6
_CAP_SHARE = 0.6


def fewest_rows(lengths: Sequence[int]) -> int:
    """Return the rows that the shortest of some lives needs for them to be learned from.

    Parameters
    ----------
    lengths
        Rows of all of them, it among them.
    """
    return 2 * LEAST_STEPS * _step(lengths)


def _step(lengths: Sequence[int]) -> int:
    return max(round(float(np.median(lengths)) / LIFE_STEPS), 1)


@dataclass(frozen=True)
class Remaining:
    """What is left of machines' lives, in rows.

    Attributes
    ----------
    rul
        The cap where more is left; NaN for a course that is too short.
    low, high
        Bounds that hold the truth, capped, with the coverage asked for.
    wear
        Whether the course shows wear: the wear index goes towards failure, and that is hardly
        chance.  Without it the figures say no more than that the machine is not old.
    """

    rul: FloatVector
    low: FloatVector
    high: FloatVector
    wear: NDArray[np.bool_]


class RemainingLife:
    """Remaining life by kernel ridge regression on wear indices, with intervals.

    Sensors are freed from load and ambient (`Conditions`) and become one to three wear indices:
    the direction that tells the remaining life of the training machines, and principal
    components.  From an index' whole past (windows of several widths, slopes, the change since
    the machine was new, memory, age) two kernels tell what is left.  Components, width and
    penalty are chosen by the error on machines left out.

    The intervals come from cross-validation by machine: each of `folds` members predicts the
    machines that it had not seen, and the errors, in units of the error usual at such a
    prediction, give the reach, with one machine more at infinity.  All cuts of one machine
    together weigh as one.  What is told is the members' mean, whose squared error is less by
    their variance, and the reach is shortened by that.  So they hold the truth in about the
    share `coverage` of cases, for machines that are like those learned from (exchangeable),
    cut at any moment of the last 1.2 caps of their lives: measured, not guaranteed.  With
    fewer than nine lives nothing can be said at 90 %: the interval is all from 0 to the cap.

    Assumes that machines fail in the way they failed before, and that a recording begins when
    the machine was new or overhauled.  Not for a fleet without failures: there, see
    `time_to_limit`.

    Parameters
    ----------
    cap
        Rows left from which on a machine counts as new: what lies further ahead shows in no
        sensor.  0.6 median lives if not given.
    coverage
        Of the intervals.
    folds
        Members; more cost time and learn from more machines each.

    Attributes
    ----------
    cap_ : float
        In rows.
    step_ : int
        Rows averaged to one: lives are cut into some 200 steps.
    cv_rmse_ : float
        Root of the mean squared error, capped, on machines left out, in rows.

    References
    ----------
    Saxena, Goebel, Simon, Eklund (2008), Damage propagation modeling for aircraft engine
    run-to-failure simulation, doi:10.1109/PHM.2008.4711414 (data and score).  Saunders,
    Gammerman, Vovk (1998), Ridge regression learning algorithm in dual variables.  Vovk
    (2015), Cross-conformal predictors, doi:10.1007/s10472-013-9368-4.  Krogh, Vedelsby (1995),
    Neural network ensembles, cross validation, and active learning (the mean's error is less by
    the variance).  Lee, Barber, Willett (2023), Distribution-free inference with hierarchical
    data, arXiv:2306.06342 (one machine, many cuts).

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> lives = [
    ...     np.linspace(0, 1, rows)[:, None] ** 2 + 0.05 * rng.normal(size=(rows, 2))
    ...     for rows in rng.integers(80, 140, 12)
    ... ]
    >>> model = RemainingLife(folds=4).fit(lives[:10])
    >>> bool(abs(model.predict([lives[11][:-20]]).rul[0] - 20) < 8)
    True
    """

    def __init__(self, cap: float | None = None, coverage: float = 0.9, folds: int = 8) -> None:
        self.cap = cap
        self.coverage = coverage
        self.folds = folds

    @property
    def fewest_(self) -> int:
        """Rows of a course without which nothing is said of it."""
        return LEAST_STEPS * self.step_

    # ------------------------------------------------------------------ learning
    def fit(
        self, lives: Sequence[ArrayLike], contexts: Sequence[ArrayLike] | None = None
    ) -> Self:
        """Learn from whole lives, from new to failed.

        Parameters
        ----------
        lives
            For each machine rows × sensors, in order of time; NaN where a reading is missing.
        contexts
            For each machine rows × contexts: what explains normal change.

        Raises
        ------
        TooLittleData
            Fewer than six lives, or one that is too short.
        InvalidInput
            The arrays do not fit together, or a parameter cannot be used.
        """
        self._check_parameters()
        courses = ordered(courses_of(lives, contexts))
        self._plan = self._planned(courses)
        self.step_, self.cap_ = self._plan.step, self._plan.cap * self._plan.step
        self.n_sensors_ = courses[0].sensors.shape[1]
        self.n_contexts_ = courses[0].contexts.shape[1]
        folds = np.arange(len(courses)) % min(self.folds, len(courses))
        self.choice_ = chosen(courses, folds, self._plan)
        self._learn(courses, folds)
        return self

    def _check_parameters(self) -> None:
        if self.cap is not None and not self.cap > 0:
            raise InvalidInput(f"cap must be above 0, not {self.cap}")
        if not 0 < self.coverage < 1:
            raise InvalidInput(f"coverage must lie between 0 and 1, not {self.coverage}")
        if not self.folds >= 2:
            raise InvalidInput(f"folds must be at least 2, not {self.folds}")

    def _planned(self, courses: Sequence[Course]) -> Plan:
        if len(courses) < FEWEST_LIVES:
            raise TooLittleData(
                f"{len(courses)} lives that ended are too few to learn remaining life from: "
                f"at least {FEWEST_LIVES} are needed"
            )
        lengths = [len(course) for course in courses]
        step, fewest = _step(lengths), fewest_rows(lengths)
        if min(lengths) < fewest:
            raise TooLittleData(
                f"the shortest life has {min(lengths)} rows; at least {fewest} are needed"
            )
        cap = self.cap if self.cap is not None else _CAP_SHARE * float(np.median(lengths))
        return Plan(step, float(cap) / step)

    def _learn(self, courses: Sequence[Course], folds: IntVector) -> None:
        cuts = Cuts.of(courses, self._plan)
        said = np.zeros(len(cuts.at))
        self._members: list[Member] = []
        for fold in np.unique(folds):
            seen = [one for one, of in zip(courses, folds, strict=True) if of != fold]
            member = Member.learn(seen, self._plan, self.choice_)
            for number in np.flatnonzero(folds == fold).tolist():
                own = cuts.machines == number
                said[own] = cuts.predicted(member, number, courses[number], self._plan.cap)
            self._members.append(member)
        self._left_out = LeftOut.learn(said, cuts.truth, cuts.machines, self._plan.cap)
        squares = self._left_out.weights @ (said - cuts.truth) ** 2 / len(courses)
        self.cv_rmse_ = float(np.sqrt(squares)) * self.step_

    # ------------------------------------------------------------------ telling
    def predict(
        self, courses: Sequence[ArrayLike], contexts: Sequence[ArrayLike] | None = None
    ) -> Remaining:
        """Return what is left after the last row of each course.

        Parameters
        ----------
        courses
            For each machine its rows since it was new.
        contexts
            As for `fit`.
        """
        machines = self._checked(courses, contexts)
        told = np.full((3, len(machines)), np.nan)
        long = [n for n, one in enumerate(machines) if len(one) >= self.fewest_]
        if long:
            wanted = [machines[n] for n in long]
            each = [member.last(wanted, self._plan.cap) for member in self._members]
            told[:, long] = self._told(np.column_stack(each))
        wear = np.array([self._members[0].wears(one) for one in machines], bool)
        rul, low, high = told * self.step_
        return Remaining(rul, low, high, wear)

    def course(
        self, course: ArrayLike, context: ArrayLike | None = None
    ) -> tuple[FloatVector, FloatVector, FloatVector]:
        """Return what was left after every step of one course, from what was known then.

        The steps, of `step_` rows, end with the last row.

        Returns
        -------
        rul, low, high
            As in `Remaining`.
        """
        (machine,) = self._checked([course], None if context is None else [context])
        each = [member.course(machine, self._plan.cap) for member in self._members]
        told = np.array(self._told(np.column_stack(each)))
        told[:, : LEAST_STEPS - 1] = np.nan
        rul, low, high = told * self.step_
        return rul, low, high

    def _told(self, each: NDArray[np.float64]) -> tuple[FloatVector, FloatVector, FloatVector]:
        low, high = self._left_out.bounds(each, self.coverage)
        rul = each.mean(axis=1)
        return rul, np.minimum(low, rul), np.maximum(high, rul)

    def _checked(
        self, courses: Sequence[ArrayLike], contexts: Sequence[ArrayLike] | None
    ) -> list[Course]:
        if not hasattr(self, "_members"):
            raise NotFitted("this RemainingLife is not fitted yet: call fit first")
        found = courses_of(courses, contexts)
        for one in found:
            check_columns(one.sensors, self.n_sensors_, "RemainingLife")
            if one.contexts.shape[1] != self.n_contexts_:
                raise InvalidInput(
                    f"a course has {one.contexts.shape[1]} contexts, but RemainingLife is "
                    f"expecting {self.n_contexts_}"
                )
        return found

    # ------------------------------------------------------------------ state
    def get_params(self) -> dict[str, Any]:
        """Return the constructor parameters by name."""
        return {"cap": self.cap, "coverage": self.coverage, "folds": self.folds}

    def state(self) -> dict[str, NDArray[Any]]:
        """Return everything `fit` learned, as named arrays of numbers."""
        self._checked([], None)
        own = {
            "plan": np.array([self._plan.step, self._plan.cap]),
            "columns": np.array([self.n_sensors_, self.n_contexts_]),
            "choice": np.array([getattr(self.choice_, n) for n in Choice.__dataclass_fields__]),
            "cv_rmse": np.array(self.cv_rmse_),
        }
        errors = {f"left_out/{k}": v for k, v in self._left_out.state().items()}
        return own | errors | packed(self._members)

    @classmethod
    def from_state(
        cls, state: Mapping[str, NDArray[Any]], params: Mapping[str, Any] | None = None
    ) -> Self:
        """Return the fitted model of `state`.

        Raises
        ------
        StateCorrupt
            Arrays are missing or do not belong to it.
        """
        model = cls(**dict(params or {}))
        prefix = "left_out/"
        try:
            model._plan = Plan(int(state["plan"][0]), float(state["plan"][1]))
            model.step_, model.cap_ = model._plan.step, model._plan.cap * model._plan.step
            model.n_sensors_, model.n_contexts_ = (int(n) for n in state["columns"])
            components, rate, penalty = (float(number) for number in state["choice"])
            model.choice_ = Choice(int(components), rate, penalty)
            model.cv_rmse_ = float(state["cv_rmse"])
            model._left_out = LeftOut.restore(
                {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
            )
            model._members = unpacked(state)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise StateCorrupt(
                f"this is not the state of a RemainingLife: {type(error).__name__}: {error}"
            ) from error
        return model
