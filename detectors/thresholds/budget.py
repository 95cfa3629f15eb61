"""The alarm level at which normal running raises no more events than promised."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple, TypedDict

import numpy as np

from detectors.errors import InvalidInput, TooLittleData
from detectors.thresholds.stretches import Rule, check_rule, find_stretches
from detectors.thresholds.suspicion import MOST
from detectors.validation import FloatVector

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

LOWEST = 1.0
"""No alarm below this surprise, whatever the budget: one reading in ten is not unusual."""
_BEYOND_CHANCE = 1.0
_ANCHOR = 20
_PRIOR_WEIGHT = 5.0
_PRIOR_EXCESS = 1.1
_COARSE = 12
_FINE = 12
_HALVINGS = 8
_DECADE = float(np.log(10.0))


@dataclass(frozen=True, slots=True)
class AlarmLevel:
    """Where alarms begin, and how far that rests on observation.

    Attributes
    ----------
    level
        Surprise.
    basis
        ``observed``: the training data are long enough to count events at this level;
        ``extrapolated``: they are not, the level was prolonged from lower ones.
    expected_per_month
        Events a month expected of normal running; the budget, or less where `LOWEST` holds.
    months
        Length of the training data that was judged and not suspicious.
    """

    level: float
    basis: Literal["observed", "extrapolated"]
    expected_per_month: float
    months: float


def alarm_threshold(
    surprise: ArrayLike, rows_per_month: float, budget: float, rule: Rule
) -> AlarmLevel:
    """Return the lowest surprise at which events are expected to stay within a budget.

    Events are counted exactly as they will be found (`find_stretches` under the same rule) on
    the left-out surprises of the training data.  A level that j stretches of the training data
    reach will be reached by j stretches of as many new rows in the mean, whatever the
    distribution: neither came first by anything but chance.  So where the training data should
    hold one promised event or more, the level is read off them.  Where they are shorter, it is
    prolonged from the level that twenty stretches reach (or as many as there are): their peaks
    above it are taken as exponential, which the calibration of surprise makes them nearly, with
    a weak prior on their mean, and the level is set by the predictive distribution, so that the
    promise holds in the mean over assets.

    Parameters
    ----------
    surprise
        Left-out surprise of the training rows in time order, shape (n_rows,); NaN where not
        computed.  Stretches that look like faults are left out.
    rows_per_month
        Rows in 30 days.
    budget
        Events a month.
    rule
        What makes an event.

    Raises
    ------
    InvalidInput
        The budget or the rows are not above 0, or the rule is out of its range.
    TooLittleData
        No surprise was computed.
    """
    return alarm_levels(surprise, rows_per_month, [budget], rule)[0]


def alarm_levels(
    surprise: ArrayLike,
    rows_per_month: float,
    budgets: Sequence[float],
    rule: Rule,
    told: Sequence[float] = (),
) -> list[AlarmLevel]:
    """Return the level of each of several budgets, as `alarm_threshold` does of one.

    Parameters
    ----------
    told
        By budget, events of that time whose rows are not among the surprises though they may be
        normal: so many fewer are left to be promised, but one, or all that are promised if
        those are less.  None where empty.
    """
    if not (min(budgets) > 0 and rows_per_month > 0):
        raise InvalidInput(
            f"budget {min(budgets)} and rows a month {rows_per_month} must exceed 0"
        )
    check_rule(LOWEST, rule.release, rule.merge_rows)
    values = _normal(np.asarray(surprise, np.float64))
    if not len(values):
        raise TooLittleData("no surprise to set an alarm threshold from")
    months = len(values) / rows_per_month
    promised = [budget * months for budget in budgets]
    wanted = [
        max(number - gone, min(number, 1.0))
        for number, gone in zip(promised, told or [0.0] * len(budgets), strict=True)
    ]
    counts = _Counts(values, rule, wanted)
    return [
        _level(counts, number, budget, months)
        for number, budget in zip(wanted, budgets, strict=True)
    ]


def _level(counts: _Counts, wanted: float, budget: float, months: float) -> AlarmLevel:
    if wanted < 1:
        level = max(_prolonged(counts, wanted), LOWEST)
        return AlarmLevel(level, "extrapolated", budget, months)
    if wanted >= counts.most + 1:
        return AlarmLevel(LOWEST, "observed", counts.lowest / months, months)
    return AlarmLevel(counts.level(wanted), "observed", budget, months)


def _normal(surprise: FloatVector) -> FloatVector:
    """Return what was computed, without stretches that the scale did not take for normal.

    The scale has learned the normal rows among these, and no normal row of n lies far beyond
    the surprise of one in n; a fault that was left out of the scale does.
    """
    known = surprise[np.isfinite(surprise)]
    limit = np.log10(max(len(known), 10)) + _BEYOND_CHANCE
    if known.max(initial=0.0) < limit:
        return known
    kept = np.ones(len(known), bool)
    for start, stop in find_stretches(known, limit, LOWEST / limit, 0, 1):
        kept[start:stop] = False
    return known[kept] if np.count_nonzero(~kept) <= MOST * len(known) else known


class _Counts:
    """Number of stretches by level, counted as `find_stretches` does.

    Attributes
    ----------
    top
        Highest surprise.
    most
        Largest number of stretches that a level from `LOWEST` up has.
    lowest
        Number at `LOWEST`.

    Parameters
    ----------
    wanted
        Numbers that `level` will be asked for.
    """

    def __init__(self, values: FloatVector, rule: Rule, wanted: Sequence[float]) -> None:
        # Lower rows are calm at every level asked for: only their number matters.
        self._rows = np.flatnonzero(values >= rule.release * LOWEST)
        self._values = values[self._rows]
        self._rule: _Numbers = {
            "release": rule.release,
            "merge_rows": rule.merge_rows,
            "minimum_rows": rule.minimum_rows,
        }
        self.top = max(float(values.max()), LOWEST)
        levels = np.linspace(LOWEST, self.top, _COARSE)
        found = self.at(levels)
        self.most = int(found.max())
        self.lowest = int(found[0])
        self._highest = self._looked_up(levels, found, wanted)

    def _looked_up(
        self, levels: FloatVector, found: NDArray[np.int64], wanted: Sequence[float]
    ) -> dict[int, float]:
        """Return by number, of those that will be asked for, what `highest` returns."""
        from detectors.kernels.levels import halved

        whole = [int(number) for number in wanted if 1 <= number < self.most + 1]
        numbers = np.array(sorted({*whole, *(n + 1 for n in whole), min(self.most, _ANCHOR)}))
        numbers = numbers[(numbers > 0) & (numbers <= self.most)]
        # Low levels merge stretches, so numbers rise before they fall: search from the top.
        reached = found >= numbers[:, None]
        last = len(levels) - 1 - reached[:, ::-1].argmax(axis=1)
        between = levels[last], levels[np.minimum(last + 1, len(levels) - 1)]
        out = halved(self._values, self._rows, numbers, between, _HALVINGS, **self._rule)
        return dict(zip(numbers.tolist(), out.tolist(), strict=True))

    def at(self, levels: FloatVector) -> NDArray[np.int64]:
        """Return how many stretches there are at each level."""
        from detectors.kernels.levels import count_stretches  # compiled only for training

        return count_stretches(self._values, self._rows, levels, **self._rule)

    def highest(self, number: int) -> float:
        """Return the level above which there are fewer stretches than this, up to `most`."""
        return self._highest[number]

    def level(self, number: float) -> float:
        """Return the level that a number of stretches reaches, which need not be whole.

        Below one more than there are: so many as that reach `LOWEST` at best, and of the levels
        that as many as there are reach, the lowest would be chosen for being the lowest.
        """
        whole = int(number)
        upper = self.highest(whole)
        if whole == number:
            return upper
        part = np.log(number / whole) / np.log((whole + 1) / whole)
        lower = self.highest(whole + 1) if whole < self.most else LOWEST
        return float(upper + part * (lower - upper))

    @cached_property
    def tail(self) -> _Tail | None:
        """The stretches above the anchor, the same for every budget; None if there are none."""
        number = min(self.most, _ANCHOR)
        if number == 0:
            return None
        anchor = self.highest(number)
        levels = np.linspace(anchor, self.top, _FINE)
        reached = np.minimum(self.at(levels), number - 1)
        # The area under the numbers is the sum of the peaks' excesses over the anchor.
        total = float(np.trapezoid(reached, levels)) * _DECADE
        return _Tail(number, anchor, total)


class _Numbers(TypedDict):
    """The numbers of a rule."""

    release: float
    merge_rows: int
    minimum_rows: int


class _Tail(NamedTuple):
    """So many stretches reach the anchor, and in sum exceed it by so many nats."""

    number: int
    anchor: float
    total: float


def _prolonged(counts: _Counts, wanted: float) -> float:
    """Return the level that less than one stretch is expected to reach."""
    if counts.tail is None:
        return counts.top
    number, anchor, total = counts.tail
    support = number - 1 + _PRIOR_WEIGHT
    mean = (total + _PRIOR_WEIGHT * _PRIOR_EXCESS) / support
    nats = support * np.expm1(np.log(number / wanted) / support)
    return float(anchor + mean * nats / _DECADE)
