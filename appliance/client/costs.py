"""Costs: what was paid and who for, what a run will take, and budgets."""

from __future__ import annotations

import builtins
from datetime import datetime

from appliance.client.line import parsed
from appliance.client.request import Request
from appliance.client.resource import Resource, at
from appliance.client.verbs import Awaiting, Blocking, verb
from appliance.schemas.cost import (
    Budget,
    CostBy,
    Estimate,
    Prices,
    RunCost,
)
from appliance.schemas.cost import Budgets as Listed
from appliance.schemas.cost import Costs as Told


class _Costs(Resource):
    """What the site costs."""

    @verb
    async def __call__(
        self,
        by: CostBy | str = CostBy.FLEET,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Told:
        """Return what was paid, by project, fleet, asset, user or pipeline.

        Parameters
        ----------
        start, end
            Half-open; since the month began if not said.
        """
        query = {"by": CostBy(by), "from": start, "to": end}
        return parsed(Told, await self._line.get("/costs", **query))

    @verb
    async def estimate(self, pipeline: str, fleet: str | None = None) -> Estimate:
        """Return how long a run will take and what it will cost."""
        told = await self._line.get("/costs/estimate", pipeline=pipeline, fleet=fleet)
        return parsed(Estimate, told)

    @verb
    async def of_job(self, job: str) -> RunCost:
        """Return what a job has used and cost so far."""
        return parsed(RunCost, await self._line.get(at("jobs", job, "cost")))

    @verb
    async def prices(self) -> Prices:
        """Return what everything costs."""
        return parsed(Prices, await self._line.get("/costs/prices"))


class Costs(Blocking, _Costs):
    """What the site costs, for those who wait."""


class AsyncCosts(Awaiting, _Costs):
    """What the site costs, for those who await."""


class _Budgets(Resource):
    """What projects, and the site, may cost in a month."""

    @verb
    async def list(self) -> builtins.list[Budget]:
        """Return the budgets as they stand, the site's first."""
        return [*parsed(Listed, await self._line.get("/budgets")).budgets]

    @verb
    async def put(
        self, project: str | None, monthly: float, warn_ratio: float | None = None
    ) -> Budget:
        """Set what a project, or the site if None, may cost in a month.

        Parameters
        ----------
        warn_ratio
            The share of it at which people are warned; 0.8 if not said.
        """
        told = {"monthly": monthly} | ({} if warn_ratio is None else {"warn_ratio": warn_ratio})
        answer = await self._line.data(Request("PUT", _place(project), json=told))
        return parsed(Budget, answer)

    @verb
    async def remove(self, project: str | None) -> None:
        """Remove the budget of a project, or of the site if None."""
        await self._line.ask(Request("DELETE", _place(project)))


def _place(project: str | None) -> str:
    return at("budgets", "site") if project is None else at("budgets", "projects", project)


class Budgets(Blocking, _Budgets):
    """What projects, and the site, may cost in a month, for those who wait."""


class AsyncBudgets(Awaiting, _Budgets):
    """What projects, and the site, may cost in a month, for those who await."""
