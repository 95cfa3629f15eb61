"""Detectors to choose from for one series: `auto` at three widths, its views alone, others.

`auto` is a sum of views, so that what each of them says by itself, or any weighing of them,
costs nothing once it was learned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from benchmarks.quality.judging import fit_for
from detectors import catalog
from detectors.errors import DetectorError
from detectors.models.auto import Auto
from detectors.models.auto_columns import filled
from detectors.models.auto_judge import Judge, Verdicts, add_to_rows, view_weights
from detectors.models.auto_views import joined, whole_windows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from benchmarks.quality.loaders import Matrix
    from detectors.base import Detector
    from detectors.validation import FloatVector

DEFAULT = "auto"
GROUPS = ("raw", "level_free", "shape", "summary", "joint")
WIDTHS = {"half": 0.5, "twice": 2.0}
OTHERS = ("window_pca", "mahalanobis", "forecast")

_OF_VIEW = np.array([0, 1, 2, 3, 1, 2])
"""Which of `GROUPS` each view of reference windows belongs to."""
_LONG = 4
"""The first of them that is of the long window."""
_SHAPE, _JOINT = GROUPS.index("shape"), GROUPS.index("joint")


class Apart(Auto):
    """`auto`, taken apart into groups of views."""

    def parts(self, X: Matrix) -> NDArray[np.float64]:
        """Return what each group adds to the mean whose root is the score.

        Parameters
        ----------
        X
            Rows × columns; NaN where a reading is missing.

        Returns
        -------
        ndarray of shape (5, 2, n_rows)
            Weighted squares and weights of `GROUPS`: `score` is the root of the former's
            sum over the latter's.
        """
        columns, missing = filled(self._sensors.apply(X), self.widths_[0])
        out = np.zeros((len(GROUPS), 2, len(X)))
        for group, found in self._grouped(self._judge(), columns, missing):
            add_to_rows(out[group], 0, found.of_rows(), found.width)
        return out

    def _grouped(
        self, judge: Judge, columns: NDArray[np.float32], missing: NDArray[np.bool_] | None
    ) -> Iterator[tuple[int, Verdicts]]:
        rows, (short, long, joint) = columns.shape[1], self.widths_
        starts = np.arange(max(rows - short + 1, 0))
        if len(starts):
            padded = np.pad(columns, ((0, 0), (0, long - short)), mode="edge")
            found = judge.views.distances(padded, starts)
            weights = view_weights(judge.shapes)
            for group in range(_SHAPE + 2):
                own = (group == _OF_VIEW) & (weights > 0)
                alone = np.where(own[:, None, None], found, found * np.float32(0))
                verdicts = judge.of_views(alone, starts, rows, missing)
                for views, one in zip((own[:_LONG], own[_LONG:]), verdicts, strict=False):
                    if views.any():
                        yield group, one._replace(weight=float(views.sum()))
        starts = np.arange(max(rows - joint + 1, 0))
        if judge.joint is not None and len(starts):
            known = None if missing is None else whole_windows(missing, joint)[:, starts]
            rest = judge.joint.residuals(joined(columns, starts, joint), len(columns), known)
            yield _JOINT, judge.of_joint(rest, starts, missing)
        for one in judge.of_shapes(columns, missing, 0, rows):
            yield _SHAPE, one


class Opinion(NamedTuple):
    """What candidates say of some rows.

    Attributes
    ----------
    scores
        By candidate, a score a row.
    parts
        `Apart.parts` at the chosen width.
    """

    scores: dict[str, FloatVector]
    parts: NDArray[np.float64]


@dataclass(frozen=True)
class Candidates:
    """Candidates that learned the same rows.

    Attributes
    ----------
    learned
        The rows.
    auto
        At the width that it chooses.
    others
        All that are no group of its views, by name.
    """

    learned: Matrix
    auto: Apart
    others: Mapping[str, Detector]

    @classmethod
    def learn(cls, rows: Matrix, window: int | None = None) -> Candidates:
        """Learn all that can be learned from rows.

        Parameters
        ----------
        rows
            Normal rows × columns.
        window
            Width that `auto` chose for more of them; chosen anew if not given.

        Raises
        ------
        InvalidInput
            `auto` cannot learn them.
        """
        auto = Apart(window=window)
        auto.fit(rows)
        width = window or auto.widths_[0]
        made: dict[str, Detector] = {
            name: Apart(window=max(2, round(width * times))) for name, times in WIDTHS.items()
        }
        made |= {name: catalog.make(name) for name in OTHERS}
        others = {}
        for name, one in made.items():
            try:
                others[name] = one.fit(fit_for(one, rows, rows))
            except DetectorError:
                continue
        return cls(rows, auto, others)

    def judge(self, rows: Matrix) -> Opinion:
        """Score rows by every candidate."""
        parts = self.auto.parts(rows)
        usual = self.auto.usual_score_
        scores = {DEFAULT: weighed(parts, np.ones(len(GROUPS)), usual)}
        for number, group in enumerate(GROUPS):
            if parts[number, 1].any():
                scores[group] = weighed(parts, np.eye(len(GROUPS))[number], usual)
        for name, one in self.others.items():
            scores[name] = one.score(fit_for(one, rows, self.learned))
        return Opinion(scores, parts)


def weighed(
    parts: NDArray[np.float64], weights: Sequence[float] | FloatVector, usual: float
) -> FloatVector:
    """Return the score of `auto` with other weights of its groups.

    Parameters
    ----------
    parts
        As `Apart.parts` returns them.
    weights
        One a group, at least 0; all 1 is `auto` itself.
    usual
        Score of a row that no window judges.
    """
    total, weight = np.tensordot(np.asarray(weights, np.float64), parts, axes=1)
    known = weight > 0
    mean = np.divide(total, weight, out=np.zeros(len(total)), where=known)
    return np.where(known, np.sqrt(mean), usual)
