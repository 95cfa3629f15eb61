"""Projects: which fleets the same people see, and who those are."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path

from appliance.api.guard import Caller, TheSite
from appliance.api.needs import Over, needs
from appliance.api.paging import Cursor, Limit, Page, only_key, page
from appliance.api.router import make_router
from appliance.schemas.access import Member, NewProject, Project, Right

router = make_router("projects")
Name = Annotated[str, Path(max_length=63, description="Name of the project.")]
_MANAGE = needs(Right.MANAGE_PROJECTS, Over.SITE)


@router.get("/projects", summary="List projects", **needs(Right.READ, Over.VISIBLE))
def list_projects(
    person: Caller, site: TheSite, limit: Limit = 100, cursor: Cursor = None
) -> Page[Project]:
    """Return the projects that whoever asks may look into, by name."""
    after = only_key(cursor, str)
    found = site.access.projects.list(person, after=after, limit=limit + 1)
    return page(found, limit, lambda project: (project.name,))


@router.post("/projects", status_code=201, summary="Make a project", **_MANAGE)
def make_project(wanted: NewProject, person: Caller, site: TheSite) -> Project:
    """Make a project, with no fleet and nobody in it."""
    return site.access.projects.add(person, wanted.name)


@router.get(
    "/projects/{project}/members",
    summary="List a project's members",
    **needs(Right.MANAGE_MEMBERS, Over.PROJECT),
)
def list_members(
    project: Name, person: Caller, site: TheSite, limit: Limit = 100, cursor: Cursor = None
) -> Page[Member]:
    """Return who has which role in a project, by name."""
    after = only_key(cursor, str)
    found = site.access.projects.members(person, project, after=after, limit=limit + 1)
    members = [Member(user=user, role=role) for user, role in found.items()]
    return page(members, limit, lambda member: (member.user,))


@router.put(
    "/projects/{project}/fleets/{fleet}",
    status_code=204,
    summary="Put a fleet into a project",
    **_MANAGE,
)
def assign_fleet(
    project: Name,
    fleet: Annotated[str, Path(max_length=63, description="Name of the fleet.")],
    person: Caller,
    site: TheSite,
) -> None:
    """Put a fleet, be it there yet or not, into a project: its members alone see it then."""
    site.access.projects.assign(person, fleet, project)
