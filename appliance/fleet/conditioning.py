"""What is normal *at this load, speed and recipe*: sensors explained by context columns.

Each sensor is regressed on a small basis of the contexts: straight lines bent at quantiles for
quantities, one indicator a level for categories, products of two quantities, and the same
smoothed in time, because temperatures follow the load with a lag.  Ridge regression (Hoerl and
Kennard, 1970, doi:10.1080/00401706.1970.10488634) with hinges as in Friedman (1991,
doi:10.1214/aos/1176347963) on a fixed grid.  A sensor is conditioned only if the basis explains
its variance on *held-out* contiguous stretches; what remains unexplained is then judged.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.fleet.basis import Category, Quantity, Terms, read_contexts
from appliance.fleet.cleaning import bridge
from appliance.fleet.series import Course, Floats, Ints, Mask, Series
from appliance.schemas.recipe import Conditioning

_FOLDS = 5
_SMOOTHED_BEFORE = 4
"""Levels up to which a category was smoothed by models that do not tell."""
_FIT_CELLS = 50_000
_BLOCK = 65_536
_LAG_WORTH, _LAG_LEAVES = 0.02, 0.7
"""Share of the variance that lags must add, or of what is left without them that they leave."""
_SETTLED = 4
_IDLE_MARGIN = 1.0


class Conditioner:
    """Explains sensors by contexts.

    Parameters
    ----------
    contexts
        How each context is read.
    lags
        Time constants of the smoothed terms, in cells.
    margin
        Share of a quantity's range that a value may leave it by.
    weights
        Shape (1 + n_terms, n_sensors); zero for sensors that are not conditioned.
    uses_lags
        Whether any weight of a smoothed term is not zero.
    goes_on
        Whether what is smoothed goes on through stops and gaps; models of before do not tell,
        and begin anew after each.
    rests
        Whether standing still is smoothed as well.
    """

    def __init__(
        self,
        contexts: Sequence[Quantity | Category],
        lags: Sequence[int],
        margin: float,
        weights: NDArray[np.float64],
        *,
        uses_lags: bool,
        goes_on: bool = False,
        rests: bool = False,
    ) -> None:
        self.contexts = tuple(contexts)
        self.lags = tuple(lags)
        self.margin = margin
        self.weights = weights
        self.uses_lags = uses_lags
        self.goes_on = goes_on
        self.rests = rests
        self.conditioned = np.any(weights != 0, axis=0)

    @property
    def warm_cells(self) -> int:
        """Cells before a stretch after which the smoothed terms have settled."""
        return _SETTLED * max(self.lags, default=0) if self.uses_lags else 0

    def unseen(self, context: Floats) -> Mask:
        """Whether each cell's context lies outside every mode seen in training.

        Where no sensor depends on the contexts, a missing one is ignored, and a quantity must
        leave its range by as much again: it moved in training without any effect.
        """
        out = np.zeros(context.shape[1], bool)
        needed = bool(self.conditioned.any())
        for values, how in zip(context, self.contexts, strict=True):
            gone = np.isnan(values)
            margin = self.margin if needed else max(self.margin, _IDLE_MARGIN)
            out |= np.where(gone, needed, how.unseen(values, margin))
        return out

    def expected(
        self, context: Floats, bounds: Ints, course: Course | None = None
    ) -> NDArray[np.float64]:
        """Return what is normal for each conditioned sensor; zero for the others.

        Parameters
        ----------
        context, bounds, course
            Of a `Series`; what is smoothed begins anew in each stretch without the last.

        Returns
        -------
        ndarray of shape (n_sensors, n_cells)
        """
        out = np.zeros((self.weights.shape[1], context.shape[1]))
        which = np.flatnonzero(self.conditioned)
        if not len(which):
            return out
        # A model that never saw a machine stand still begins anew after a stop.
        known = course is not None and (self.rests or course.resting is None)
        behind = course if self.goes_on and known else None
        terms = Terms(
            self.contexts, context, bounds, self.margin, self.lags, behind, rests=self.rests
        )
        weights = np.ascontiguousarray(self.weights[:, which])
        if not self.uses_lags:
            weights = weights[: 1 + terms.static_count]
        for low in range(0, context.shape[1], _BLOCK):
            block = slice(low, min(low + _BLOCK, context.shape[1]))
            basis = terms.at(block, smoothed=self.uses_lags)
            out[which, block] = weights[1:].T @ basis + weights[0][:, None]
        return out

    def left(self, values: Floats, series: Series, fill_rows: int) -> Floats:
        """Return what the contexts of a series leave of its sensors' values.

        Cells of short stops, and beside a machine's stops also those whose context was never
        seen, are filled from what is left around them: nobody knows what is normal there, and
        their neighbours' windows hold them.

        Parameters
        ----------
        fill_rows
            Longest run of cells that is filled.
        """
        if not self.conditioned.any():
            return values
        out: Floats = values - self.expected(series.context, series.bounds, series.course)
        if self.rests:
            unknown = self.unseen(series.context)
            if series.course.stops is not None:
                unknown |= series.course.stops
            if unknown.any():
                out[:, unknown] = np.nan
                out = bridge(out, series.bounds, fill_rows)
        return out

    # ------------------------------------------------------------------ state
    def describe(self) -> dict[str, Any]:
        """Return everything but the weights, ready for JSON."""
        return {
            "contexts": [
                {"low": c.low, "high": c.high, "knots": list(c.knots)}
                if isinstance(c, Quantity)
                else {"levels": list(c.levels), "smoothed": c.smoothed}
                for c in self.contexts
            ],
            "lags": list(self.lags),
            "margin": self.margin,
            "uses_lags": self.uses_lags,
            "goes_on": self.goes_on,
            "rests": self.rests,
        }

    @classmethod
    def rebuilt(cls, data: Mapping[str, Any], weights: NDArray[np.float64]) -> Conditioner:
        """Return the conditioner that `describe` told of."""
        contexts: list[Quantity | Category] = [
            Category(
                tuple(c["levels"]), c.get("smoothed", len(c["levels"]) <= _SMOOTHED_BEFORE)
            )
            if "levels" in c
            else Quantity(c["low"], c["high"], tuple(c["knots"]))
            for c in data["contexts"]
        ]
        return cls(
            contexts,
            data["lags"],
            data["margin"],
            weights,
            uses_lags=data["uses_lags"],
            goes_on=data.get("goes_on", False),
            rests=data.get("rests", False),
        )


# ---------------------------------------------------------------- learning
def learn(
    sensors: Floats,
    context: Floats,
    bounds: Ints,
    recipe: Conditioning,
    normal: Mask,
    course: Course | None = None,
) -> tuple[Conditioner | None, NDArray[np.float64]]:
    """Learn which sensors the contexts explain.

    Parameters
    ----------
    sensors, context, bounds, course
        Of a `Series`; what is smoothed begins anew in each stretch without the last.
    normal
        Cells to learn from.

    Returns
    -------
    conditioner
        None without usable contexts.
    explained
        Share of each sensor's held-out variance that is explained; zero where the sensor is
        not conditioned.
    """
    explained = np.zeros(len(sensors))
    if recipe.method == "none" or not len(context) or not normal.any():
        return None, explained
    contexts = read_contexts(context[:, normal])
    if contexts is None:
        return None, explained
    rests = course is not None and course.resting is not None
    terms = Terms(contexts, context, bounds, recipe.margin, recipe.lags, course, rests=rests)
    step = max(-(-sensors.shape[1] // _FIT_CELLS), 1)
    basis, ridge = terms.thinned(step, smoothed=True), terms.ridge()
    weights = np.zeros((1 + len(basis), len(sensors)))
    usable = normal[::step]
    gone = np.isnan(sensors[:, ::step])
    for group in _alike(gone, usable):
        rows = np.flatnonzero(usable & ~gone[group].any(axis=0))
        if len(rows) < 2 * _FOLDS:
            continue
        y = sensors[group][:, ::step][:, rows].astype(np.float64)
        static, both = (
            _regress(basis[:count, rows], y, ridge[:count])
            for count in (terms.static_count, len(basis))
        )
        without = np.maximum(static[1], 0)
        smooth = (both[1] > without + _LAG_WORTH) | (1 - both[1] < _LAG_LEAVES * (1 - without))
        best = np.where(smooth, both[1], static[1])
        worth = best > recipe.minimum_explained
        for number, sensor in enumerate(group):
            if worth[number]:
                chosen = both[0] if smooth[number] else static[0]
                weights[: len(chosen), sensor] = chosen[:, number]
                explained[sensor] = best[number]
    uses_lags = bool(np.any(weights[1 + terms.static_count :] != 0))
    learned = Conditioner(
        contexts,
        recipe.lags,
        recipe.margin,
        weights,
        uses_lags=uses_lags,
        goes_on=course is not None,
        rests=rests,
    )
    return learned, explained


def _alike(gone: Mask, usable: Mask) -> list[Ints]:
    """Group sensors to be fitted on the same cells: those with few gaps together."""
    share = gone[:, usable].mean(axis=1)
    full = np.flatnonzero(share < 0.05)
    holed = np.flatnonzero((share >= 0.05) & (share < 0.9))
    return ([full] if len(full) else []) + [np.array([sensor]) for sensor in holed]


def _regress(
    basis: NDArray[np.float64], y: NDArray[np.float64], ridge: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ridge regression and the share of variance it explains on left-out contiguous folds.

    Parameters
    ----------
    ridge
        How much each term's weight is held back, (n_terms,).

    Returns
    -------
    weights
        Shape (1 + n_terms, n_sensors), the constant first.
    explained
        Shape (n_sensors,); negative where the mean would have been better.
    """
    cells = basis.shape[1]
    edges = np.linspace(0, cells, _FOLDS + 1).astype(int)
    mean, spread = basis.mean(axis=1), basis.std(axis=1)
    live = spread > 1e-9
    z = np.where(live, 1.0 / np.where(live, spread, 1.0), 0.0)[:, None] * (
        basis - mean[:, None]
    )
    folds = [slice(a, b) for a, b in itertools.pairwise(edges)]
    grams = [z[:, f] @ z[:, f].T for f in folds]
    crosses = [z[:, f] @ y[:, f].T for f in folds]
    sums = [(z[:, f].sum(axis=1), y[:, f].sum(axis=1), f.stop - f.start) for f in folds]
    gram, cross = sum(grams), sum(crosses)
    sz, sy, n = (sum(parts) for parts in zip(*sums, strict=True))
    left, total = np.zeros(len(y)), np.zeros(len(y))
    for f, g, c, (pz, py, pn) in zip(folds, grams, crosses, sums, strict=True):
        beta, at, base = _solve(gram - g, cross - c, sz - pz, sy - py, n - pn, ridge)
        predicted = beta.T @ (z[:, f] - at[:, None]) + base[:, None]
        left += ((y[:, f] - predicted) ** 2).sum(axis=1)
        total += ((y[:, f] - base[:, None]) ** 2).sum(axis=1)
    beta, at, base = _solve(gram, cross, sz, sy, n, ridge)
    slope = beta * np.where(live, 1.0 / np.where(live, spread, 1.0), 0.0)[:, None]
    constant = base - at @ beta - mean @ slope
    explained = np.where(total > 0, 1.0 - left / np.where(total > 0, total, 1.0), 0.0)
    return np.vstack([constant, slope]), explained


def _solve(
    gram: NDArray[np.float64],
    cross: NDArray[np.float64],
    sz: NDArray[np.float64],
    sy: NDArray[np.float64],
    n: int,
    ridge: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    at, base = sz / n, sy / n
    centred = gram - n * np.outer(at, at)
    centred[np.diag_indices_from(centred)] += ridge * n
    slope = np.linalg.solve(centred, cross - n * np.outer(at, base))
    return np.asarray(slope, np.float64), at, base
