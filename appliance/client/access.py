"""Users, tokens and projects."""

from __future__ import annotations

from collections.abc import Iterable

from appliance.client.line import parsed
from appliance.client.pages import Listing, listing
from appliance.client.request import Request
from appliance.client.resource import Resource, at
from appliance.client.verbs import Awaiting, Blocking, verb
from appliance.schemas.access import LoginSession, Member, NewToken, Project, Role, Token, User


class _Users(Resource):
    """Who is known to the site."""

    @listing
    def list(self) -> Listing[User]:
        """Return the users."""
        return Listing(self._line, "/users", User)

    @verb
    async def get(self, name: str) -> User:
        """Return one user."""
        return parsed(User, await self._line.get(at("users", name)))

    @verb
    async def add(self, name: str, password: str | None = None, *, admin: bool = False) -> User:
        """Add a user; one without a password comes by token."""
        value = {"name": name, "password": password, "admin": admin}
        return parsed(User, await self._line.post("/users", value))

    @verb
    async def set_admin(self, name: str, admin: bool) -> User:
        """Make somebody an admin of the whole site, or no longer."""
        return await self._edit(name, admin=admin)

    @verb
    async def let_code_run(self, name: str, allowed: bool = True) -> User:
        """Let code of somebody's own run on the site's machines, or no longer."""
        return await self._edit(name, runs_code=allowed)

    @verb
    async def disable(self, name: str) -> User:
        """Keep a user out at once, with their sessions and tokens."""
        return await self._edit(name, disabled=True)

    @verb
    async def enable(self, name: str) -> User:
        """Let a disabled user in again."""
        return await self._edit(name, disabled=False)

    @verb
    async def unlock(self, name: str) -> None:
        """Let a user log in at once that failed too often."""
        await self._line.post(at("users", name, "unlock"))

    @verb
    async def set_password(self, name: str, password: str | None) -> None:
        """Give a user another password, or none, and end their sessions."""
        await self._put(at("users", name, "password"), {"password": password})

    @verb
    async def grant(self, name: str, project: str, role: Role | str) -> None:
        """Give a user a role in a project, in place of the one that they have there."""
        path = at("users", name, "roles", project)
        await self._put(path, {"role": Role(role).value})

    @verb
    async def revoke(self, name: str, project: str) -> None:
        """Take a user's role in a project."""
        await self._line.ask(Request("DELETE", at("users", name, "roles", project)))

    @verb
    async def expect_identity(self, name: str, subject: str | None = None) -> None:
        """Say that a user comes by the site's identity provider.

        Parameters
        ----------
        subject
            What the provider calls them for good; whoever comes first under their name if
            not said.
        """
        await self._put(at("users", name, "identity"), {"subject": subject})

    @verb
    async def forget_identity(self, name: str) -> None:
        """Let a user come by no identity provider any more."""
        await self._line.ask(Request("DELETE", at("users", name, "identity")))

    @listing
    def sessions(self, name: str) -> Listing[LoginSession]:
        """Return a user's sessions."""
        return Listing(self._line, at("users", name, "sessions"), LoginSession)

    @verb
    async def end_sessions(self, name: str) -> None:
        """End all of a user's sessions."""
        await self._line.ask(Request("DELETE", at("users", name, "sessions")))

    @verb
    async def end_session(self, session: str) -> None:
        """End one session: one's own, or a user's."""
        await self._line.ask(Request("DELETE", at("sessions", session)))

    async def _edit(self, name: str, **changes: object) -> User:
        request = Request("PATCH", at("users", name), json=changes)
        return parsed(User, await self._line.data(request))

    async def _put(self, path: str, value: object) -> None:
        await self._line.ask(Request("PUT", path, json=value))


class Users(Blocking, _Users):
    """Users, for those who wait."""


class AsyncUsers(Awaiting, _Users):
    """Users, for those who await."""


class _Tokens(Resource):
    """What programs show instead of a password."""

    @listing
    def list(self, owner: str | None = None) -> Listing[Token]:
        """Return tokens, the newest first."""
        return Listing(self._line, "/tokens", Token, {"owner": owner})

    @verb
    async def create(
        self,
        label: str,
        rights: Iterable[str],
        *,
        owner: str | None = None,
        project: str | None = None,
        days: int = 90,
    ) -> NewToken:
        """Make a token; its secret is told this once.

        Parameters
        ----------
        owner
            User whose rights it takes a part of; whoever asks if not given.
        """
        value = {"label": label, "rights": [*rights], "project": project, "days": days}
        if owner is not None:
            value["owner"] = owner
        return parsed(NewToken, await self._line.post("/tokens", value))

    @verb
    async def revoke(self, token: str) -> None:
        """End a token for good."""
        await self._line.ask(Request("DELETE", at("tokens", token)))


class Tokens(Blocking, _Tokens):
    """Tokens, for those who wait."""


class AsyncTokens(Awaiting, _Tokens):
    """Tokens, for those who await."""


class _Projects(Resource):
    """Which fleets belong together."""

    @listing
    def list(self) -> Listing[Project]:
        """Return the projects and the fleets assigned to them."""
        return Listing(self._line, "/projects", Project)

    @verb
    async def add(self, name: str) -> Project:
        """Make a project."""
        return parsed(Project, await self._line.post("/projects", {"name": name}))

    @listing
    def members(self, project: str) -> Listing[Member]:
        """Return who has which role in a project."""
        return Listing(self._line, at("projects", project, "members"), Member)

    @verb
    async def assign(self, fleet: str, project: str) -> None:
        """Put a fleet into a project."""
        await self._line.ask(Request("PUT", at("projects", project, "fleets", fleet)))


class Projects(Blocking, _Projects):
    """Projects, for those who wait."""


class AsyncProjects(Awaiting, _Projects):
    """Projects, for those who await."""
