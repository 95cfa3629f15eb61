"""Alarm levels of one asset by budget: what another budget would mean, without training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from appliance.fleet.series import MICRO
from appliance.schemas.manifest import AssetManifest, BudgetNote
from appliance.schemas.recipe import Threshold
from detectors.thresholds import AlarmLevel, alarm_levels

BUDGETS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
"""False alarms a month whose levels every model keeps beside that of its own budget."""
_KEY = "levels"
_MONTH = 30 * 86_400 * MICRO


class Promise(NamedTuple):
    """What normal running may raise of events.

    Attributes
    ----------
    rows_per_month
        Rows in 30 days.
    rule
        The recipe's.
    unanswered
        Events that were told and that nobody answered, whose rows are not learned from.
    """

    rows_per_month: float
    rule: Threshold
    unanswered: int = 0

    @classmethod
    def of(cls, interval: int, rule: Threshold, unanswered: int = 0) -> Self:
        """Return the promise of rows that lie so many microseconds apart."""
        return cls(_MONTH / interval, rule, unanswered)


def learn_levels(
    surprise: NDArray[np.float64], promise: Promise
) -> tuple[AlarmLevel, dict[str, NDArray[np.float64]]]:
    """Return the level of a recipe's budget, and the array that keeps those of all."""
    own = promise.rule.false_alarms_per_month
    budgets = sorted({*BUDGETS, own})
    # Under a smaller budget fewer of them would have been told.
    told = [promise.unanswered * min(budget / own, 1.0) for budget in budgets]
    found = alarm_levels(surprise, promise.rows_per_month, budgets, promise.rule, told)
    table = [
        (budget, level.level, level.expected_per_month)
        for budget, level in zip(budgets, found, strict=True)
    ]
    return found[budgets.index(own)], Levels(np.array(table, np.float64)).state()


def budget_note(alarm: AlarmLevel) -> BudgetNote:
    """Return what a manifest says of how far an alarm level rests on observation."""
    return BudgetNote(
        basis=alarm.basis, expected_per_month=alarm.expected_per_month, months=alarm.months
    )


class Levels:
    """The levels that one asset's model keeps.

    Parameters
    ----------
    table
        Budget, level and expected events a month, by rising budget.
    """

    def __init__(self, table: NDArray[np.float64]) -> None:
        self._table = table

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]]) -> Levels | None:
        """Return the levels among an asset's arrays; None where a model keeps none."""
        return cls(np.asarray(arrays[_KEY])) if _KEY in arrays else None

    def state(self) -> dict[str, NDArray[np.float64]]:
        """Return the array that keeps them."""
        return {_KEY: self._table}

    def raised(self, floor: float, months: float) -> Levels:
        """Return levels none of which lies below a floor where it was prolonged.

        Parameters
        ----------
        months
            Length of the training data: it holds no event of a budget smaller than its inverse.
        """
        table = self._table.copy()
        prolonged = table[:, 0] * months < 1
        table[prolonged, 1] = np.maximum(table[prolonged, 1], floor)
        return Levels(table)

    @property
    def range(self) -> tuple[float, float]:
        """The smallest and the largest budget that there is a level for."""
        return float(self._table[0, 0]), float(self._table[-1, 0])

    def at(self, budget: float) -> float:
        """Return the surprise at which alarms begin under a budget.

        Between two budgets it is straight in the logarithm, as surprise is.
        """
        return self._between(budget, 1)

    def entry(self, entry: AssetManifest, budget: float) -> AssetManifest:
        """Return an asset's entry under another budget."""
        months = entry.budget.months
        note = BudgetNote(
            basis="observed" if budget * months >= 1 else "extrapolated",
            expected_per_month=min(self._between(budget, 2), budget),
            months=months,
        )
        return entry.model_copy(update={"threshold": self.at(budget), "budget": note})

    def _between(self, budget: float, column: int) -> float:
        budgets = np.log(self._table[:, 0])
        return float(np.interp(np.log(budget), budgets, self._table[:, column]))
