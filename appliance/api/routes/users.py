"""Users: who is known, what they are where, and their sessions."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Request, Response

from appliance.api.guard import Caller, TheSite
from appliance.api.needs import Over, needs, someone
from appliance.api.paging import Cursor, Limit, Page, only_key, page
from appliance.api.router import make_router
from appliance.core.errors import NotFound
from appliance.schemas.access import (
    Expected,
    Grant,
    LoginSession,
    NewPassword,
    NewUser,
    Right,
    User,
    UserEdit,
)

router = make_router("users")
_MANAGE = needs(Right.MANAGE_USERS, Over.SITE)
_MEMBERS = needs(Right.MANAGE_MEMBERS, Over.PROJECT)
Name = Annotated[str, Path(max_length=100, description="Name of the user.")]
InProject = Annotated[str, Path(max_length=63, description="Name of the project.")]


@router.get("/users", summary="List users", **_MANAGE)
def list_users(
    person: Caller, site: TheSite, limit: Limit = 100, cursor: Cursor = None
) -> Page[User]:
    """Return the users that the site knows, by name."""
    after = only_key(cursor, str)
    found = site.access.users.list(person, after=after, limit=limit + 1)
    return page(found, limit, lambda user: (user.name,))


@router.post("/users", status_code=201, summary="Add a user", **_MANAGE)
def add_user(
    wanted: NewUser, request: Request, response: Response, person: Caller, site: TheSite
) -> User:
    """Add a user; they have no role yet.  A name is given once and for good."""
    secret = None if wanted.password is None else wanted.password.get_secret_value()
    made = site.access.users.add(person, wanted.name, secret, admin=wanted.admin)
    response.headers["Location"] = f"{request.url.path}/{made.name}"
    return made


@router.get("/users/{name}", summary="Show a user", **someone())
def get_user(name: Name, person: Caller, site: TheSite) -> User:
    """Return a user: oneself, or anybody for those who look after users."""
    return site.access.users.get(person, name)


@router.patch("/users/{name}", summary="Edit a user", **_MANAGE)
def edit_user(name: Name, edit: UserEdit, person: Caller, site: TheSite) -> User:
    """Make a user an admin or one no longer, disable or enable them, let their code run."""
    return site.access.users.edit(person, name, **edit.model_dump())


@router.delete("/users/{name}", status_code=204, summary="Disable a user", **_MANAGE)
def disable_user(name: Name, person: Caller, site: TheSite) -> None:
    """Keep a user out from now on, with their sessions and tokens; none is ever removed."""
    site.access.users.disable(person, name)


@router.post("/users/{name}/unlock", status_code=204, summary="Unlock a user", **_MANAGE)
def unlock_user(name: Name, person: Caller, site: TheSite) -> None:
    """Let a user log in at once who failed too often."""
    site.access.users.unlock(person, name)


@router.put("/users/{name}/password", status_code=204, summary="Set a password", **_MANAGE)
def set_password(name: Name, wanted: NewPassword, person: Caller, site: TheSite) -> None:
    """Give a user another password, or none; their sessions end."""
    secret = None if wanted.password is None else wanted.password.get_secret_value()
    site.access.users.set_password(person, name, secret)


@router.put(
    "/users/{name}/identity", status_code=204, summary="Expect a user's identity", **_MANAGE
)
def expect_identity(name: Name, expected: Expected, person: Caller, site: TheSite) -> None:
    """Say that a user comes by the site's identity provider."""
    issuer = site.settings.oidc_issuer
    if not issuer:
        raise NotFound("this site has no identity provider.")
    site.access.identities.expect(person, name, issuer, expected.subject)


@router.delete(
    "/users/{name}/identity", status_code=204, summary="Forget a user's identity", **_MANAGE
)
def forget_identity(name: Name, person: Caller, site: TheSite) -> None:
    """Let a user come by no identity provider any more."""
    site.access.identities.forget(person, name)


# ---------------------------------------------------------------- roles
@router.put("/users/{name}/roles/{project}", status_code=204, summary="Give a role", **_MEMBERS)
def grant_role(
    name: Name, project: InProject, grant: Grant, person: Caller, site: TheSite
) -> None:
    """Give a user a role in a project, in place of the one that they have there."""
    site.access.users.grant(person, name, project, grant.role)


@router.delete(
    "/users/{name}/roles/{project}", status_code=204, summary="Take a role", **_MEMBERS
)
def revoke_role(name: Name, project: InProject, person: Caller, site: TheSite) -> None:
    """Take a user's role in a project."""
    site.access.users.revoke(person, name, project)


# ---------------------------------------------------------------- sessions
@router.get("/users/{name}/sessions", summary="List a user's sessions", **someone())
def list_sessions(
    name: Name, person: Caller, site: TheSite, limit: Limit = 100, cursor: Cursor = None
) -> Page[LoginSession]:
    """Return the sessions of oneself, or of anybody for those who look after users."""
    after = only_key(cursor, str)
    found = site.access.sessions.list(person, name, after=after, limit=limit + 1)
    return page(found, limit, lambda session: (session.id,))


@router.delete(
    "/users/{name}/sessions", status_code=204, summary="End a user's sessions", **someone()
)
def end_sessions(name: Name, person: Caller, site: TheSite) -> None:
    """End all sessions of oneself, or of anybody for those who look after users."""
    site.access.sessions.end_all(person, name)


@router.delete("/sessions/{id}", status_code=204, summary="End a session", **someone())
def end_session(
    id: Annotated[str, Path(max_length=40, description="Identifier of the session.")],
    person: Caller,
    site: TheSite,
) -> None:
    """End one session: one's own, or anybody's for those who look after users."""
    site.access.sessions.end(person, id)
