"""Users, projects, tokens and the audit log, by whoever is at the machine."""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from datetime import timedelta

from appliance.access import Access, Person
from appliance.schemas.access import NewToken, Project, Right, Role, Token, User


class Users:
    """Who is known to the site."""

    def __init__(self, access: Access, me: Person) -> None:
        self._users = access.users
        self._me = me

    def list(self) -> builtins.list[User]:
        """Return the users."""
        return self._users.list(self._me)

    def get(self, name: str) -> User:
        """Return one user."""
        return self._users.get(self._me, name)

    def add(self, name: str, password: str | None = None, *, admin: bool = False) -> User:
        """Add a user; one without a password comes by token."""
        return self._users.add(self._me, name, password, admin=admin)

    def set_admin(self, name: str, admin: bool) -> User:
        """Make somebody an admin of the whole site, or no longer."""
        return self._users.edit(self._me, name, admin=admin)

    def let_code_run(self, name: str, allowed: bool = True) -> User:
        """Let code of somebody's own run on the site's machines, or no longer."""
        return self._users.edit(self._me, name, runs_code=allowed)

    def disable(self, name: str) -> User:
        """Keep a user out at once, with their sessions and tokens."""
        return self._users.edit(self._me, name, disabled=True)

    def enable(self, name: str) -> User:
        """Let a disabled user in again."""
        return self._users.edit(self._me, name, disabled=False)

    def unlock(self, name: str) -> None:
        """Let a user log in at once that failed too often."""
        self._users.unlock(self._me, name)

    def set_password(self, name: str, password: str | None) -> None:
        """Give a user another password, or none, and end their sessions."""
        self._users.set_password(self._me, name, password)

    def grant(self, name: str, project: str, role: Role | str) -> None:
        """Give a user a role in a project."""
        self._users.grant(self._me, name, project, Role(role))

    def revoke(self, name: str, project: str) -> None:
        """Take a user's role in a project."""
        self._users.revoke(self._me, name, project)


class Projects:
    """Which fleets belong together."""

    def __init__(self, access: Access, me: Person) -> None:
        self._projects = access.projects
        self._me = me

    def list(self) -> builtins.list[Project]:
        """Return the projects and the fleets assigned to them."""
        return self._projects.list(self._me)

    def add(self, name: str) -> Project:
        """Make a project."""
        return self._projects.add(self._me, name)

    def assign(self, fleet: str, project: str) -> None:
        """Put a fleet into a project."""
        self._projects.assign(self._me, fleet, project)


class Tokens:
    """What programs show instead of a password."""

    def __init__(self, access: Access, me: Person) -> None:
        self._tokens = access.tokens
        self._me = me

    def list(self, owner: str | None = None) -> builtins.list[Token]:
        """Return tokens, the newest first."""
        return self._tokens.list(self._me, owner)

    def create(
        self,
        label: str,
        rights: Iterable[str],
        *,
        owner: str | None = None,
        project: str | None = None,
        days: int = 90,
    ) -> NewToken:
        """Make a token; its secret is told this once."""
        return self._tokens.create(
            self._me,
            owner or self._me.name,
            label,
            [Right(right) for right in rights],
            project=project,
            lifetime=timedelta(days=days),
        )

    def revoke(self, token: str) -> None:
        """End a token for good."""
        self._tokens.revoke(self._me, token)
