"""Users and their rights, from the gateway to a site.

Roles over all of a site are given at the gateway in the project of the site's name, and roles
in one of its projects in ``PROJECT@SITE``.  The site grants at most what its admin said when it
joined.
"""

from __future__ import annotations

from appliance.access import Access, Person
from appliance.access.person import GATEWAY, Scope, Via
from appliance.access.roles import DEFAULT_PROJECT
from appliance.gateway.hub import Asker
from appliance.gateway.naming import parted
from appliance.gateway.signing import EVERYWHERE, Claim
from appliance.gateway.store import Bond
from appliance.schemas.access import Role

_ORDER = tuple(Role)


def asker(person: Person, site: str) -> Asker | None:
    """Return who asks a site, as the gateway knows them; None without a place there."""
    roles: dict[str, Role] = {}
    for project, role in person.roles.items():
        name, at = parted(project, {site})
        if project == site:
            roles[EVERYWHERE] = role
        elif at is not None:
            roles[name] = role
    rights, project_only = None, None
    if person.scope is not None:
        rights = tuple(sorted(person.scope.rights))
        if person.scope.project is not None and person.scope.project != site:
            project_only, at = parted(person.scope.project, {site})
            if at is None:
                return None
    if not (person.admin or roles):
        return None
    return Asker(person.name, person.admin, roles, rights, project_only)


def vouched(claim: Claim, bond: Bond, access: Access, origin: str) -> Person:
    """Return who asks, with at most the rights that the site grants to its gateway's users.

    Parameters
    ----------
    access
        The site's: it knows its projects.
    origin
        Where requests come from, for the site's log.
    """
    everything = Person(name="", via=Via.GATEWAY, admin=True)
    projects = [DEFAULT_PROJECT, *(one.name for one in access.projects.list(everything))]
    roles: dict[str, Role] = {}
    for project in projects:
        given = claim.roles.get(project, claim.roles.get(EVERYWHERE))
        given = Role.ADMIN if claim.admin else given
        if given is not None:
            roles[project] = min(given, bond.most, key=_ORDER.index)
    scope = None if claim.rights is None else Scope(frozenset(claim.rights), claim.project)
    return Person(
        name=f"{GATEWAY}{claim.user}",
        via=Via.GATEWAY,
        admin=claim.admin and bond.operators,
        roles=roles,
        scope=scope,
        origin=origin,
        credential=f"{GATEWAY}{claim.user}",
    )
