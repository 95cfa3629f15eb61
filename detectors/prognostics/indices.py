"""A few wear indices in place of many sensors, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from detectors.prognostics.conditions import Conditions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from detectors.validation import FloatMatrix, FloatVector

_EVERY = 5
"""Steps apart of the rows that components are found from."""


@dataclass(frozen=True)
class Course:
    """One machine's rows in order of time.

    Attributes
    ----------
    sensors, contexts
        Rows × columns; NaN where a reading is missing.
    """

    sensors: FloatMatrix
    contexts: FloatMatrix

    def __len__(self) -> int:
        return len(self.sensors)


@dataclass(frozen=True)
class Indices:
    """How sensors become indices.

    Attributes
    ----------
    step
        Rows averaged to one step.
    usual
        Medians that stand in for what is missing from the beginning; contexts last.
    directions
        Sensors × indices.
    """

    step: int
    usual: FloatVector
    conditions: Conditions
    directions: FloatMatrix

    @classmethod
    def learn(cls, lives: Sequence[Course], step: int, cap: float, components: int) -> Indices:
        """Learn from whole lives.

        The first index is what tells remaining steps best in a straight line; others are the
        principal components of all rows.

        Parameters
        ----------
        cap
            Remaining steps beyond which a machine counts as new.
        components
            Principal components to add.
        """
        joined = [np.hstack([life.sensors, life.contexts]) for life in lives]
        usual = np.nan_to_num(np.nanmedian(np.concatenate(joined), axis=0))
        count = lives[0].sensors.shape[1]
        empty = np.zeros((count, 0))
        rows = np.concatenate([filled(own, usual) for own in joined])
        conditions = Conditions.learn(rows[:, :count], rows[:, count:])
        bare = cls(step, usual, conditions, empty)
        scaled = [bare.scaled(life) for life in lives]
        left = [np.minimum(np.arange(len(one))[::-1], cap) for one in scaled]
        directions = _directions(np.concatenate(scaled), np.concatenate(left), components)
        return cls(step, usual, conditions, directions)

    def apply(self, course: Course) -> FloatMatrix:
        """Return steps × indices; the last step ends with the last row."""
        return np.asarray(self.scaled(course) @ self.directions)

    def scaled(self, course: Course) -> FloatMatrix:
        """Return steps × sensors, in spreads from what is usual under the conditions."""
        rows = filled(np.hstack([course.sensors, course.contexts]), self.usual)
        count = course.sensors.shape[1]
        return blocks(self.conditions.apply(rows[:, :count], rows[:, count:]), self.step)

    def state(self) -> dict[str, NDArray[Any]]:
        """Return what was learned, as arrays."""
        own = {
            "step": np.array(self.step),
            "usual": self.usual,
            "directions": self.directions,
        }
        return own | {f"conditions/{k}": v for k, v in self.conditions.state().items()}

    @classmethod
    def restore(cls, state: Mapping[str, NDArray[Any]]) -> Indices:
        """Return the indices of `state`."""
        prefix = "conditions/"
        inner = {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
        return cls(
            int(state["step"]), state["usual"], Conditions.restore(inner), state["directions"]
        )


def blocks(rows: FloatMatrix, step: int) -> FloatMatrix:
    """Return means of so many rows each; the last block is whole, the first may be short."""
    if step == 1:
        return rows
    head = len(rows) % step
    parts = rows[head:].reshape(-1, step, rows.shape[1]).mean(axis=1)
    return np.vstack([rows[:head].mean(axis=0), parts]) if head else np.asarray(parts)


def filled(rows: FloatMatrix, usual: FloatVector) -> FloatMatrix:
    """Return rows with readings carried forward over gaps; before the first, what is usual."""
    there = ~np.isnan(rows)
    if there.all():
        return rows
    at = np.maximum.accumulate(np.where(there, np.arange(len(rows))[:, None], -1), axis=0)
    carried = np.take_along_axis(rows, np.maximum(at, 0), axis=0)
    return np.asarray(np.where(at >= 0, carried, usual))


def _directions(rows: FloatMatrix, left: FloatVector, components: int) -> FloatMatrix:
    off = rows - rows.mean(axis=0)
    gram = off.T @ off + np.eye(rows.shape[1])
    wear = np.linalg.solve(gram, off.T @ (left - left.mean()))
    some = rows[::_EVERY]
    found = np.linalg.svd(some, full_matrices=False)[2][:components].T
    found = found * np.where(wear @ found < 0, -1.0, 1.0)
    directions = np.column_stack([wear, found])
    spreads = (rows @ directions).std(axis=0)
    return np.asarray(directions / np.where(spreads > 0, spreads, 1.0))
