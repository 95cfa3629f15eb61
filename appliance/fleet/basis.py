"""Contexts as columns of a regression: bent lines, indicators, products, smoothed in time."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from appliance.fleet.series import Course, Floats, Ints, Mask

_KNOTS = (0.1, 0.3, 0.5, 0.7, 0.9)
MOST_LEVELS = 20
"""A context of at most so many whole numbers is a category, such as a recipe's number."""
_MOST_FRACTIONS = 3
_SMOOTHED_LEVELS = 12
_FIRM, _LOOSE = 1e-3, 1e-5
"""Ridge on what a quantity does, which may leave what was seen, and on a level's mean."""
_MOST_PRODUCTS = 4
_FEWEST_OF_LEVEL = 20
_TAILS = (0.0005, 0.9995)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A continuous context, scaled to 0..1 over training."""

    low: float
    high: float
    knots: tuple[float, ...]
    ridge: ClassVar[float] = _FIRM

    def terms(self, values: Floats, margin: float) -> list[NDArray[np.float64]]:
        """Return the context, and what exceeds each knot."""
        return self._bent(values, margin, self.knots)

    def slow_terms(self, values: Floats, margin: float) -> list[NDArray[np.float64]]:
        """Return those that are smoothed: the same, bent in the middle only."""
        return self._bent(values, margin, self.knots[len(self.knots) // 2 :][:1])

    def _bent(
        self, values: Floats, margin: float, knots: Sequence[float]
    ) -> list[NDArray[np.float64]]:
        u = self.scaled(values, margin)
        return [u, *(np.maximum(u - knot, 0.0) for knot in knots)]

    def scaled(self, values: Floats, margin: float) -> NDArray[np.float64]:
        """Return the context as a share of its training range, held at the margin."""
        return np.clip((values - self.low) / (self.high - self.low), -margin, 1 + margin)

    def unseen(self, values: Floats, margin: float) -> Mask:
        """Whether a value is farther out than the margin."""
        spare = margin * (self.high - self.low)
        inside = (values >= self.low - spare) & (values <= self.high + spare)
        return ~inside


@dataclass(frozen=True, slots=True)
class Category:
    """A context of few levels.

    Attributes
    ----------
    smoothed
        Whether what it does may take time: a setpoint's temperatures do.
    """

    levels: tuple[float, ...]
    smoothed: bool
    ridge: ClassVar[float] = _LOOSE

    def terms(self, values: Floats, margin: float) -> list[NDArray[np.float64]]:  # noqa: ARG002 - as Quantity's
        """Return one indicator a level but the first."""
        return [self._is(values, level).astype(np.float64) for level in self.levels[1:]]

    def slow_terms(self, values: Floats, margin: float) -> list[NDArray[np.float64]]:
        """Return those that are smoothed."""
        return self.terms(values, margin) if self.smoothed else []

    def unseen(self, values: Floats, margin: float) -> Mask:  # noqa: ARG002 - as Quantity's
        """Whether a value is none of the levels."""
        seen = np.any([self._is(values, level) for level in self.levels], axis=0)
        return np.asarray(~seen)

    @staticmethod
    def _is(values: Floats, level: float) -> Mask:
        return np.asarray(np.abs(values - level) <= 1e-6 * max(abs(level), 1.0))


def read_contexts(context: Floats) -> list[Quantity | Category] | None:
    """Decide how each context is read; None if one of them has no value at all."""
    found: list[Quantity | Category] = []
    for values in context:
        known = values[~np.isnan(values)].astype(np.float64)
        if not len(known):
            return None
        levels, counts = np.unique(known, return_counts=True)
        whole = bool((levels == np.round(levels)).all())
        if len(levels) <= (MOST_LEVELS if whole else _MOST_FRACTIONS):
            fewest = min(_FEWEST_OF_LEVEL, max(len(known) // 200, 3), int(counts.max()))
            often = tuple(float(v) for v in levels[counts >= fewest])
            found.append(Category(often, smoothed=len(often) <= _SMOOTHED_LEVELS))
            continue
        low, high = np.quantile(known, _TAILS)
        if high <= low:
            low, high = known.min(), known.max()
        knots = np.unique(np.round((np.quantile(known, _KNOTS) - low) / (high - low), 2))
        inner = tuple(float(k) for k in knots if 0 < k < 1)
        found.append(Quantity(float(low), float(high), inner))
    return found


class Terms:
    """The basis of some contexts: computed in blocks, except what is smoothed over time.

    Parameters
    ----------
    course
        What lies behind the cells for what is smoothed; begun anew in each stretch without it.
    rests
        Whether standing still is smoothed as well: none of the contexts' values is what a
        machine does then.
    """

    def __init__(
        self,
        contexts: Sequence[Quantity | Category],
        context: Floats,
        bounds: Ints,
        margin: float,
        lags: Sequence[int],
        course: Course | None = None,
        *,
        rests: bool = False,
    ) -> None:
        self._contexts = contexts
        self._margin = margin
        self._context = hold(context, bounds)
        self._lags = lags
        anew = np.full(len(bounds) - 1, np.inf)
        self._course = Course(self._context, bounds, anew) if course is None else course
        self._rests = rests
        self._smoothed: NDArray[np.float32] | None = None
        self.static_count = len(self._static(slice(0, 1)))

    def at(self, block: slice, *, smoothed: bool) -> NDArray[np.float64]:
        """Return the terms of some cells, shape (n_terms, n_cells of the block)."""
        static = self._static(block)
        if not smoothed:
            return static
        if self._smoothed is None:
            self._smoothed = self._smooth()
        return np.vstack([static, self._smoothed[:, block]])

    def ridge(self) -> NDArray[np.float64]:
        """Return how much each term's weight is held back, of ``at(…, smoothed=True)``."""
        one = list(zip(self._context[:, :1], self._contexts, strict=True))
        static = [h.ridge for x, h in one for _ in h.terms(x, self._margin)]
        slow = [h.ridge for x, h in one for _ in h.slow_terms(x, self._margin)]
        slow += [Category.ridge] * self._rests
        products = [_FIRM] * (self.static_count - len(static))
        return np.array([*static, *products, *(slow * len(self._lags))])

    def thinned(self, step: int, *, smoothed: bool) -> NDArray[np.float64]:
        """Return the terms of every `step`-th cell."""
        return self.at(slice(0, self._context.shape[1], step), smoothed=smoothed)

    def _static(self, block: slice) -> NDArray[np.float64]:
        quantities: list[NDArray[np.float64]] = []
        terms: list[NDArray[np.float64]] = []
        for values, how in zip(self._context[:, block], self._contexts, strict=True):
            own = how.terms(values, self._margin)
            terms += own
            quantities += own[:1] if isinstance(how, Quantity) else []
        for a, b in itertools.combinations(quantities[:_MOST_PRODUCTS], 2):
            terms.append(a * b)
        cells = len(range(*block.indices(self._context.shape[1])))
        return np.stack(terms) if terms else np.zeros((0, cells))

    def _smooth(self) -> NDArray[np.float32]:
        course = self._course
        contexts = zip(hold(course.context, course.bounds), self._contexts, strict=True)
        raw = [term for x, how in contexts for term in how.slow_terms(x, self._margin)]
        if self._rests:
            still = course.resting
            none = np.zeros(course.context.shape[1])
            raw.append(none if still is None else still.astype(np.float64))
        out = [
            exponential(term, lag, course.bounds, course.gaps)
            for lag in self._lags
            for term in raw
        ]
        if course.cells is not None:
            out = [one[course.cells] for one in out]
        cells = self._context.shape[1]
        return np.stack(out) if out else np.zeros((0, cells), np.float32)


def hold(context: Floats, bounds: Ints) -> Floats:
    """Return contexts with gaps filled by the last value, at a stretch's begin by the next."""
    if not np.isnan(context).any():
        return context
    out = context.astype(np.float64)
    for a, b in itertools.pairwise(bounds):
        part = out[:, a:b]
        for row in part:
            known = np.flatnonzero(~np.isnan(row))
            if not len(known):
                row[:] = 0.0
                continue
            last = np.maximum.accumulate(np.where(np.isnan(row), -1, np.arange(len(row))))
            row[:] = row[np.where(last < 0, known[0], last)]
    return out


def exponential(
    x: NDArray[np.float64], lag: int, bounds: Ints, gaps: NDArray[np.float64] | None = None
) -> NDArray[np.float32]:
    """Return the exponentially weighted mean of the past.

    Parameters
    ----------
    gaps
        Cells without a value before each stretch, in which the one after them is taken to have
        held; without it the mean begins anew in each stretch.
    """
    from scipy.signal import lfilter  # takes longer than all else here, and most have no use

    share = 1.0 - np.exp(-1.0 / lag)
    out = np.empty(len(x), np.float32)
    left = np.zeros(len(bounds) - 1) if gaps is None else np.exp(-gaps / lag)
    last = 0.0
    for (a, b), kept in zip(itertools.pairwise(bounds), left, strict=True):
        begin = x[a] + kept * (last - x[a])
        part, _ = lfilter([share], [1.0, share - 1.0], x[a:b], zi=[(1.0 - share) * begin])
        out[a:b] = part
        last = part[-1]
    return out
