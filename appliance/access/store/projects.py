"""Projects, and which fleet is in which."""

from __future__ import annotations

import builtins
from collections.abc import Collection
from datetime import UTC

from sqlalchemy import select
from sqlalchemy.orm import Session

from appliance.access import names
from appliance.access.person import Person
from appliance.access.roles import DEFAULT_PROJECT
from appliance.access.store.audit import AuditLog
from appliance.access.store.people import require_project
from appliance.access.store.tables import GrantRow, ProjectFleetRow, ProjectRow
from appliance.core.db import Database, utc
from appliance.core.errors import Conflict
from appliance.schemas.access import Project, Right, Role
from appliance.schemas.base import fleet_name


class ProjectStore:
    """The projects of a site."""

    def __init__(self, database: Database, log: AuditLog) -> None:
        self._database = database
        self._log = log

    def list(
        self, by: Person, *, after: str | None = None, limit: int | None = None
    ) -> builtins.list[Project]:
        """Return the projects that somebody may look into, by name.

        Parameters
        ----------
        after
            Only those that come after this name: the next page.
        """
        query = select(ProjectRow).order_by(ProjectRow.name).limit(limit)
        if not by.admin:
            query = query.where(ProjectRow.name.in_(tuple(by.roles)))
        if by.scope is not None and by.scope.project is not None:
            query = query.where(ProjectRow.name == by.scope.project)
        if after is not None:
            query = query.where(ProjectRow.name > after)
        with self._database.session() as session:
            rows = [r for r in session.scalars(query) if by.may(Right.READ, r.name)]
            fleets = _fleets_in(session, [row.name for row in rows])
            return [
                Project(name=r.name, created=utc(r.created), fleets=tuple(fleets[r.name]))
                for r in rows
            ]

    def add(self, by: Person, name: str) -> Project:
        """Make a project; raises `InvalidRequest` or `Conflict`."""
        by.require(Right.MANAGE_PROJECTS)
        wanted = names.project_name(name)
        with self._log.change(by) as change:
            if change.session.get(ProjectRow, wanted) is not None:
                raise Conflict(f"there is a project {wanted} already.")
            change.session.add(ProjectRow(name=wanted, created=change.at.astimezone(UTC)))
            change.note("project.added", f"project:{wanted}")
            return Project(name=wanted, created=change.at)

    def assign(self, by: Person, fleet: str, project: str) -> None:
        """Put a fleet, be it there yet or not, into a project.

        Raises
        ------
        NotFound
            There is no such project.
        """
        by.require(Right.MANAGE_PROJECTS)
        wanted, where = fleet_name(fleet), names.project_name(project)
        with self._log.change(by) as change:
            require_project(change.session, where)
            row = change.session.get(ProjectFleetRow, wanted)
            before = DEFAULT_PROJECT if row is None else row.project
            if before == where:
                return
            if row is None:
                change.session.add(ProjectFleetRow(fleet=wanted, project=where))
            elif where == DEFAULT_PROJECT:
                change.session.delete(row)
            else:
                row.project = where
            told = {"project": before}, {"project": where}
            change.note("fleet.assigned", f"fleet:{wanted}", *told)

    def of(self, fleets: Collection[str]) -> dict[str, str]:
        """Return the project of each fleet."""
        wanted = [fleet_name(fleet) for fleet in fleets]
        query = select(ProjectFleetRow).where(ProjectFleetRow.fleet.in_(wanted))
        with self._database.session() as session:
            assigned = {row.fleet: row.project for row in session.scalars(query)}
        return {fleet: assigned.get(fleet, DEFAULT_PROJECT) for fleet in wanted}

    def members(
        self, by: Person, project: str, *, after: str | None = None, limit: int | None = None
    ) -> dict[str, Role]:
        """Return who has which role in a project, by name.

        Parameters
        ----------
        after
            Only those that come after this user: the next page.
        """
        by.require(Right.MANAGE_MEMBERS, names.project_name(project))
        return self._members(project, after, limit)

    def colleagues(
        self, by: Person, project: str, *, after: str | None = None, limit: int | None = None
    ) -> dict[str, Role]:
        """Return the members of a project, for those who give them something to do."""
        by.require(Right.ANNOTATE, names.project_name(project))
        return self._members(project, after, limit)

    def _members(self, project: str, after: str | None, limit: int | None) -> dict[str, Role]:
        where = names.project_name(project)
        query = select(GrantRow).where(GrantRow.project == where).order_by(GrantRow.user)
        if after is not None:
            query = query.where(GrantRow.user > after)
        query = query.limit(limit)
        with self._database.session() as session:
            require_project(session, where)
            return {row.user: Role(row.role) for row in session.scalars(query)}


def _fleets_in(session: Session, projects: builtins.list[str]) -> dict[str, builtins.list[str]]:
    """Return the fleets assigned to each of some projects, by name."""
    found: dict[str, builtins.list[str]] = {name: [] for name in projects}
    query = select(ProjectFleetRow).where(ProjectFleetRow.project.in_(projects))
    for row in session.scalars(query.order_by(ProjectFleetRow.fleet)):
        found[row.project].append(row.fleet)
    return found
