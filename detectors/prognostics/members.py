"""One regression from courses to remaining steps, and the choice of its settings."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from detectors.errors import InvalidInput
from detectors.prognostics.courses import features
from detectors.prognostics.indices import Course, Indices
from detectors.prognostics.smooth import KernelRidge
from detectors.prognostics.tendency import trend
from detectors.validation import as_matrix

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from detectors.validation import FloatMatrix, FloatVector

    IntVector = NDArray[np.int64]

LEAST_STEPS = 20
"""Steps without which nothing is said of a machine."""
_BEYOND = 1.6
"""Remaining steps, in caps, up to which rows are learned from."""
_CUT_TO = 1.2
_CUTS = 12
_CHOICE_ROWS, _ROWS = 1_200, 2_000
_CHOICE_FOLDS = 4
_COMPONENTS = (0, 1, 2)
_RATES = (1.0, 0.5, 2.0)
_PENALTIES = (0.01, 0.03, 0.1, 0.3, 1.0)


@dataclass(frozen=True)
class Plan:
    """What the regressions of a fleet have in common.

    Attributes
    ----------
    step
        Rows averaged to one step.
    cap
        Remaining steps from which on a machine counts as new.
    """

    step: int
    cap: float


@dataclass(frozen=True, order=True)
class Choice:
    """Settings of a member, chosen on machines left out."""

    components: int = 0
    rate: float = 1.0
    penalty: float = 0.03


@dataclass(frozen=True)
class Member:
    """Courses to indices to features to remaining steps."""

    indices: Indices
    function: KernelRidge

    @classmethod
    def learn(cls, lives: Sequence[Course], plan: Plan, choice: Choice) -> Member:
        """Learn from whole lives."""
        return _each(lives, plan, choice, (choice.penalty,), _ROWS)[0]

    def course(self, course: Course, cap: float) -> FloatVector:
        """Return the remaining steps after every step of a course."""
        return np.clip(self.function.predict(features(self.indices.apply(course))), 0.0, cap)

    def wears(self, course: Course) -> bool:
        """Tell whether the wear index of a course goes towards failure."""
        found = trend(self.indices.apply(course)[:, 0])
        return found.significant() and found.per_step < 0

    def last(self, courses: Sequence[Course], cap: float) -> FloatVector:
        """Return the remaining steps after the last row of each course."""
        rows = [features(self.indices.apply(course))[-1] for course in courses]
        return np.clip(self.function.predict(np.array(rows)), 0.0, cap)


def _each(
    lives: Sequence[Course],
    plan: Plan,
    choice: Choice,
    penalties: Sequence[float],
    most: int,
) -> list[Member]:
    indices = Indices.learn(lives, plan.step, plan.cap, choice.components)
    known = [features(indices.apply(life)) for life in lives]
    left = [np.arange(len(one))[::-1] for one in known]
    wanted = [
        (rest < _BEYOND * plan.cap) & (np.arange(len(rest)) >= LEAST_STEPS) for rest in left
    ]
    stride = -(-sum(int(one.sum()) for one in wanted) // most)
    taken = [keep & (rest % stride == 0) for keep, rest in zip(wanted, left, strict=True)]
    rows = np.concatenate([one[keep] for one, keep in zip(known, taken, strict=True)])
    targets = np.concatenate([one[keep] for one, keep in zip(left, taken, strict=True)])
    capped = np.minimum(targets, plan.cap).astype(np.float64)
    functions = KernelRidge.learn_each(rows, capped, choice.rate, penalties)
    return [Member(indices, function) for function in functions]


# ---------------------------------------------------------------- machines left out
@dataclass(frozen=True)
class Cuts:
    """Lives cut at moments near their end, each machine at as many."""

    machines: IntVector
    at: IntVector
    truth: FloatVector

    @classmethod
    def of(cls, lives: Sequence[Course], plan: Plan) -> Cuts:
        """Return cuts at equal distances over the last 1.2 caps of each life."""
        machines, at, truth = [], [], []
        for number, life in enumerate(lives):
            steps = -(-len(life) // plan.step)
            most = min(_CUT_TO * plan.cap, steps - LEAST_STEPS - 1)
            # Other machines are cut at other moments, so that together all are covered.
            shift = (number * 0.618034) % 1.0
            rest = np.unique(((np.arange(_CUTS) + shift) * most / _CUTS).astype(np.int64))
            machines.append(np.full(len(rest), number))
            at.append(steps - 1 - rest)
            truth.append(np.minimum(rest, plan.cap))
        return cls(
            np.concatenate(machines), np.concatenate(at), np.concatenate(truth).astype(float)
        )

    def predicted(self, member: Member, number: int, life: Course, cap: float) -> FloatVector:
        """Return what a member says at the cuts of one machine."""
        known = features(member.indices.apply(life))[self.at[self.machines == number]]
        return np.clip(member.function.predict(known), 0.0, cap)


def chosen(lives: Sequence[Course], folds: IntVector, plan: Plan) -> Choice:
    """Return the settings with the least error on machines left out.

    Components first, with the middle width; then the width.  Every penalty is tried with each.
    """
    errors: dict[Choice, float] = {}
    for components in _COMPONENTS:
        errors |= _errors(lives, folds, plan, Choice(components, _RATES[0]))
    best = min(errors, key=lambda choice: (errors[choice], choice))
    for rate in _RATES[1:]:
        errors |= _errors(lives, folds, plan, Choice(best.components, rate))
    return min(errors, key=lambda choice: (errors[choice], choice))


def _errors(
    lives: Sequence[Course], folds: IntVector, plan: Plan, base: Choice
) -> dict[Choice, float]:
    """Return the mean squared error of a choice by penalty."""
    cuts, folds = Cuts.of(lives, plan), folds % _CHOICE_FOLDS
    squares = np.zeros(len(_PENALTIES))
    for fold in np.unique(folds):
        seen = [life for life, of in zip(lives, folds, strict=True) if of != fold]
        members = _each(seen, plan, base, _PENALTIES, _CHOICE_ROWS)
        for number in np.flatnonzero(folds == fold).tolist():
            truth = cuts.truth[cuts.machines == number]
            for at, member in enumerate(members):
                said = cuts.predicted(member, number, lives[number], plan.cap)
                squares[at] += float(np.mean((said - truth) ** 2))
    return {
        Choice(base.components, base.rate, penalty): float(square) / len(lives)
        for penalty, square in zip(_PENALTIES, squares, strict=True)
    }


# ---------------------------------------------------------------- input
def courses_of(
    sensors: Sequence[ArrayLike], contexts: Sequence[ArrayLike] | None
) -> list[Course]:
    """Return arrays as courses, checked.

    Raises
    ------
    InvalidInput
        They cannot be used or do not fit together.
    """
    if contexts is not None and len(contexts) != len(sensors):
        raise InvalidInput("there must be as many courses of contexts as of sensors")
    found = []
    for number, one in enumerate(sensors):
        rows = as_matrix(one, allow_missing=True)
        own = np.zeros((len(rows), 0))
        if contexts is not None:
            own = as_matrix(contexts[number], allow_missing=True)
        if len(own) != len(rows):
            raise InvalidInput("a course must have as many rows of contexts as of sensors")
        found.append(Course(rows, own))
    shapes = {(one.sensors.shape[1], one.contexts.shape[1]) for one in found}
    if len(shapes) > 1:
        raise InvalidInput("all courses must have the same columns")
    return found


def ordered(lives: Sequence[Course]) -> list[Course]:
    """Return lives by length, then content: in no order of the caller's."""
    return sorted(lives, key=lambda life: (len(life), _digest(life.sensors)))


def _digest(rows: FloatMatrix) -> bytes:
    return hashlib.sha256(np.ascontiguousarray(rows).tobytes()).digest()


def packed(members: Sequence[Member]) -> dict[str, NDArray[Any]]:
    """Return members as arrays."""
    out: dict[str, NDArray[Any]] = {"members": np.array(len(members))}
    for number, member in enumerate(members):
        out |= {f"{number}/indices/{k}": v for k, v in member.indices.state().items()}
        out |= {f"{number}/function/{k}": v for k, v in member.function.state().items()}
    return out


def unpacked(arrays: Mapping[str, NDArray[Any]]) -> list[Member]:
    """Return the members of `packed`."""
    return [
        Member(
            Indices.restore(_below(arrays, f"{number}/indices/")),
            KernelRidge.restore(_below(arrays, f"{number}/function/")),
        )
        for number in range(int(arrays["members"]))
    ]


def _below(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
