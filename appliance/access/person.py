"""Who asks: a person or program that the site knows, and what they may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from appliance.access.roles import SITE_RIGHTS, grants
from appliance.core.errors import Forbidden
from appliance.schemas.access import Right, Role


class Via(StrEnum):
    """How the site knows who asks."""

    NOTHING = "nothing"
    SHELL = "shell"
    SESSION = "session"
    TOKEN = "token"  # noqa: S105 - a word, not a secret
    GATEWAY = "gateway"
    """A gateway that the site has joined vouches for them."""


@dataclass(frozen=True)
class Scope:
    """What a token narrows its owner's rights to."""

    rights: frozenset[Right]
    project: str | None = None

    def covers(self, right: Right, project: str | None) -> bool:
        """Whether the token is good for a right, in a project or over the site."""
        return right in self.rights and self.project in (None, project)


@dataclass(frozen=True)
class Person:
    """Somebody who asks.

    Attributes
    ----------
    name
        Of the user; ``shell:NAME`` for whoever is at the machine itself.
    via
        How they are known.
    admin
        Whether they are an admin of the whole site.
    roles
        By project.
    scope
        What a token narrows all this to.
    origin
        Where the request comes from.
    credential
        Identifier of the session or token; never its secret.
    runs_code
        Whether code of their own may run on the site's machines: a right that no role gives.
    """

    name: str
    via: Via
    admin: bool = False
    roles: Mapping[str, Role] = field(default_factory=dict)
    scope: Scope | None = None
    origin: str = ""
    credential: str = ""
    runs_code: bool = False

    def may(self, right: Right, project: str | None = None) -> bool:
        """Whether they have a right: in a project, or over the site where none is named."""
        if right in SITE_RIGHTS:
            project = None  # no project makes them smaller
        if self.scope is not None and not self.scope.covers(right, project):
            return False
        if self.admin or (self.runs_code and right is Right.REGISTER_CODE):
            return True
        if project is None:
            return False
        role = self.roles.get(project)
        return role is not None and grants(role, right)

    def may_somewhere(self, right: Right) -> bool:
        """Whether they have a right in any project at all, or over the site."""
        narrowed = [self.scope.project] if self.scope is not None else []
        return any(self.may(right, project) for project in (None, *self.roles, *narrowed))

    def require(self, right: Right, project: str | None = None) -> None:
        """Refuse what they may not.

        Raises
        ------
        Forbidden
            They do not have the right.
        """
        if not self.may(right, project):
            where = "over the whole site" if project is None else f"in project {project}"
            raise Forbidden(
                f"{self.name} does not have the right {right.value} {where}.",
                remedy="Ask an admin for a role that has it, or use a token made for it.",
            )


def shell(name: str) -> Person:
    """Return whoever is at the machine itself, where the home's files are open to them."""
    return Person(name=f"shell:{name}", via=Via.SHELL, admin=True, origin="shell")


GATEWAY = "gateway:"
"""Stands before the names of a gateway's users: no user of the site has such a name."""


def known(by: Person | str) -> Person:
    """Return who changes something; a bare name is the platform's own, at work as that."""
    return by if isinstance(by, Person) else Person(name=by, via=Via.NOTHING)


def nobody(origin: str) -> Person:
    """Return whoever tries to log in: known by nothing yet, and denied everything."""
    return Person(name="?", via=Via.NOTHING, origin=origin)
