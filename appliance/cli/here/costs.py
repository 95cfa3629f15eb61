"""Costs and budgets of this home, as whoever is at the machine sees and sets them."""

from __future__ import annotations

import builtins
from datetime import datetime

from appliance.access import Person
from appliance.access.seen import EVERYTHING
from appliance.cli.words import fitted
from appliance.core.clock import now
from appliance.core.errors import NotFound
from appliance.pipelines import budgets, cost_report, costs
from appliance.pipelines.site import Site
from appliance.schemas.cost import Budget, BudgetDraft, CostBy, Estimate, Prices, RunCost
from appliance.schemas.cost import Costs as Told
from appliance.telemetry.cost.book import prices


class Costs:
    """What the home costs."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def __call__(
        self,
        by: CostBy | str = CostBy.FLEET,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Told:
        """Return what was paid; since the month began if no time is named."""
        at = now()
        first, _ = cost_report.this_month(self._site, at)
        asked = cost_report.Asked(
            CostBy(by), start or first, end or at, projects=None, seen=EVERYTHING, whole=True
        )
        return cost_report.report(self._site, asked, at)

    def estimate(self, pipeline: str, fleet: str | None = None) -> Estimate:
        """Return how long a run will take and what it will cost."""
        return costs.expected(self._site, pipeline, fleet)

    def of_job(self, job: str) -> RunCost:
        """Return what a job has used and cost so far."""
        found = costs.run_cost(self._site, job)
        if found is None:
            raise NotFound(f"nothing was measured of job {job}.")
        return found

    def prices(self) -> Prices:
        """Return what everything costs."""
        return prices(self._site.settings)


class Budgets:
    """What projects, and the home, may cost in a month."""

    def __init__(self, site: Site, me: Person) -> None:
        self._site = site
        self._me = me

    def list(self) -> builtins.list[Budget]:
        """Return the budgets as they stand, the site's first."""
        return budgets.visible(self._site, None)

    def put(
        self, project: str | None, monthly: float, warn_ratio: float | None = None
    ) -> Budget:
        """Set what a project, or the site if None, may cost in a month."""
        told = {"monthly": monthly} | ({} if warn_ratio is None else {"warn_ratio": warn_ratio})
        return budgets.put(self._site, self._me, project, fitted(BudgetDraft, told, "budget"))

    def remove(self, project: str | None) -> None:
        """Remove the budget of a project, or of the site if None."""
        budgets.remove(self._site, self._me, project)
