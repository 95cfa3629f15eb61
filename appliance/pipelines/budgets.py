"""Budgets of projects and of the site, set by those who operate it."""

from __future__ import annotations

from collections.abc import Collection

from appliance.access import Person
from appliance.access.names import project_name
from appliance.access.store.people import require_project
from appliance.core.clock import now
from appliance.pipelines.site import Site
from appliance.schemas.access import Right
from appliance.schemas.cost import Budget, BudgetDraft
from appliance.telemetry.cost.book import price_book


def visible(site: Site, projects: Collection[str] | None) -> list[Budget]:
    """Return the budgets of some projects, all and the site's if None, as they stand."""
    found = site.budgets.list(now())
    return [one for one in found if projects is None or one.project in projects]


def put(site: Site, by: Person, project: str | None, draft: BudgetDraft) -> Budget:
    """Set what a project, or the site, may cost in a month.

    Raises
    ------
    Forbidden
        `by` may not.
    NotFound
        There is no such project.
    """
    by.require(Right.OPERATE)
    wanted = None if project is None else project_name(project)
    currency = price_book(site.settings).currency
    with site.access.audit.change(by) as change:
        if wanted is not None:
            require_project(change.session, wanted)
        return site.budgets.put(change, wanted, draft, currency)


def remove(site: Site, by: Person, project: str | None) -> None:
    """Remove a budget.

    Raises
    ------
    Forbidden
        `by` may not.
    NotFound
        There is none.
    """
    by.require(Right.OPERATE)
    wanted = None if project is None else project_name(project)
    with site.access.audit.change(by) as change:
        site.budgets.remove(change, wanted)
