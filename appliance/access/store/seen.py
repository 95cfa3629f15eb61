"""Which fleets somebody may see, by the projects that their names are in."""

from __future__ import annotations

from sqlalchemy import select

from appliance.access.person import Person
from appliance.access.roles import DEFAULT_PROJECT
from appliance.access.seen import Seen
from appliance.access.store.tables import ProjectFleetRow
from appliance.core.db import Database
from appliance.schemas.access import Right


def seen_by(database: Database, person: Person) -> Seen:
    """Return the fleets that somebody may see, be they there yet or not."""
    query = select(ProjectFleetRow.fleet, ProjectFleetRow.project)
    with database.session() as session:
        assigned = [(row.fleet, row.project) for row in session.execute(query)]
    projects = {DEFAULT_PROJECT, *(project for _, project in assigned)}
    open_to = {project for project in projects if person.may(Right.READ, project)}
    if DEFAULT_PROJECT in open_to:
        return Seen(but=frozenset(fleet for fleet, where in assigned if where not in open_to))
    return Seen(only=frozenset(fleet for fleet, where in assigned if where in open_to))
