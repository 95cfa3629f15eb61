"""Whether a run may still be paid for in this month."""

from __future__ import annotations

from appliance.core.clock import now
from appliance.core.errors import OverBudget
from appliance.schemas.cost import money
from appliance.telemetry.store.budgets import BudgetStore


class Gate:
    """Refuses runs that can wait once a budget is spent; called with a project, or None.

    Parameters
    ----------
    budgets
        Those of the site.
    """

    def __init__(self, budgets: BudgetStore) -> None:
        self._budgets = budgets

    def __call__(self, project: str | None) -> OverBudget | None:
        """Return why a project, or the site, may run nothing that can wait; None if it may."""
        found = self._budgets.stands_in_the_way(project, now())
        if found is None:
            return None
        whose = "the site" if found.project is None else f"project {found.project}"
        command = "--site" if found.project is None else f"--project {found.project}"
        spent, most = money(found.spent, found.currency), money(found.monthly, found.currency)
        return OverBudget(
            f"the budget of {whose} for this month is spent: {spent} of {most}.",
            remedy="Wait for the next month, or ask whoever has the right operate over the "
            f"site to raise it (`kizashi budget set AMOUNT {command}`) or to run this beyond "
            "it (`--over-budget`). Ingestion, live scoring and alarms go on.",
        )
