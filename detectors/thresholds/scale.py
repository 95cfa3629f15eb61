"""From scores of any scale to surprise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from detectors.errors import NotFitted, StateCorrupt, TooLittleData
from detectors.thresholds.suspicion import without_suspicious
from detectors.thresholds.tail import Tail, fit_tail
from detectors.validation import FloatVector

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

_KNOTS = 400
_FEWEST = 10
_LARGEST = 300.0
"""Logarithms above it are as one: what is far beyond any distance."""
_LOGARITHMIC = "logarithmic"


class SurpriseScale:
    """Monotone map from an asset's scores to surprise.

    Surprise is −log10 of the probability that normal running gives a score at least this high:
    3 means once in a thousand readings.  Up to the tail it follows the empirical quantiles,
    beyond that a generalised Pareto tail (see `detectors.thresholds.tail`).  It rises strictly
    from the lowest training score on, so that ranks are kept.  Stretches that look like faults
    inside the training data are left out.

    Parameters
    ----------
    logarithmic
        The scores are logarithms, log(1 + distance): the tail is that of the distances.  How
        rare something far off is can be told of few scores only by how far it is.

    Examples
    --------
    >>> scale = SurpriseScale().fit(np.random.default_rng(0).exponential(size=20_000))
    >>> scale.surprise([0.0, np.log(100), np.nan]).round(1)
    array([ 0.,  2., nan])
    """

    _tail: Tail
    _scores: FloatVector
    _surprises: FloatVector

    def __init__(self, *, logarithmic: bool = False) -> None:
        self._logarithmic = logarithmic

    def fit(
        self, scores: ArrayLike, suspicious: Sequence[tuple[int, int]] | None = None
    ) -> Self:
        """Learn the map.

        Parameters
        ----------
        scores
            Left-out scores of the training rows in time order, shape (n_rows,); NaN or
            infinite where not computed.
        suspicious
            What `suspicious_stretches` returned for these scores; looked for if not given.

        Raises
        ------
        TooLittleData
            Fewer than ten scores.
        InvalidInput
            Not one-dimensional.
        """
        clean = without_suspicious(np.asarray(scores, np.float64), suspicious)
        if len(clean) < _FEWEST:
            raise TooLittleData(
                f"{len(clean)} scores, but a surprise scale needs at least {_FEWEST}"
            )
        from detectors.kernels.ordering import ordered as sort  # compiled only for training

        clean = self._distances(clean)
        ordered, _ = sort(clean)
        self._tail = fit_tail(clean, ordered)
        self._scores, self._surprises = _body(ordered, self._tail)
        return self

    def surprise(self, scores: ArrayLike) -> FloatVector:
        """Return the surprise of scores, from 0 up and finite; NaN stays NaN."""
        if not hasattr(self, "_tail"):
            raise NotFitted("this SurpriseScale is not fitted yet: call fit first")
        from detectors.kernels.levels import read_off  # compiled only where scores are judged

        values = self._distances(np.asarray(scores, np.float64))
        out = read_off(values.reshape(-1), self._scores, self._surprises).reshape(values.shape)
        rare = values > self._tail.start
        if rare.any():
            out[rare] = self._tail.surprise(values[rare])
        return np.asarray(out)

    def _distances(self, scores: FloatVector) -> FloatVector:
        if not self._logarithmic:
            return scores
        return np.asarray(np.expm1(np.minimum(scores, _LARGEST)))

    def state(self) -> dict[str, NDArray[Any]]:
        """Return what was learned as arrays."""
        if not hasattr(self, "_tail"):
            raise NotFitted("this SurpriseScale is not fitted yet: call fit first")
        t = self._tail
        state = {
            "scores": self._scores,
            "surprises": self._surprises,
            "tail": np.array([t.start, t.share, t.scale, t.shape, t.reach, t.support]),
        }
        return state | ({_LOGARITHMIC: np.array([1], np.uint8)} if self._logarithmic else {})

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """Rebuild a fitted scale.

        Raises
        ------
        StateCorrupt
            An array is missing or has the wrong shape.
        """
        scale = cls(logarithmic=_LOGARITHMIC in state)
        try:
            scale._scores = np.asarray(state["scores"], np.float64)
            scale._surprises = np.asarray(state["surprises"], np.float64)
            scale._tail = Tail(*map(float, state["tail"]))
        except (KeyError, TypeError, ValueError) as error:
            raise StateCorrupt(f"a surprise scale cannot be read: {error!r}") from error
        if scale._scores.ndim != 1 or scale._scores.shape != scale._surprises.shape:
            raise StateCorrupt("a surprise scale cannot be read: its knots do not match")
        return scale


def _body(ordered: FloatVector, tail: Tail) -> tuple[FloatVector, FloatVector]:
    """Return knots of the empirical map from the lowest score to the start of the tail."""
    shares = 10.0 ** -np.linspace(0.0, -np.log10(tail.share), _KNOTS)
    rows = np.clip(np.rint((1.0 - shares) * len(ordered)), 0, len(ordered) - 1)
    knots = np.unique(
        np.append(np.minimum(ordered[rows.astype(np.int64)], tail.start), tail.start)
    )
    at_least = 1.0 - np.searchsorted(ordered, knots, side="left") / len(ordered)
    return knots, np.asarray(0.0 - np.log10(np.maximum(at_least, tail.share)))
