"""Log in, see who one is, log out."""

from __future__ import annotations

from fastapi import Request, Response
from pydantic import AwareDatetime, Field, SecretStr

from appliance.access.person import Person, Via
from appliance.api.guard import COOKIE, Caller, TheSite, origin_of
from appliance.api.needs import anyone, someone
from appliance.api.router import make_router
from appliance.core.errors import InvalidRequest
from appliance.schemas.access import OwnPassword, Right, Role
from appliance.schemas.base import Schema

router = make_router("session")


def set_cookie(response: Response, secret: str, *, secure: bool) -> None:
    """Let a browser keep a session: out of its scripts' reach, and for this site alone."""
    response.set_cookie(
        COOKIE, secret, httponly=True, samesite="strict", secure=secure, path="/"
    )


class Login(Schema):
    """A user's name and password."""

    user: str = Field(max_length=200, examples=["yuki"])
    password: SecretStr = Field(max_length=1000, examples=["correct horse battery staple"])


class Me(Schema):
    """Whoever asks.

    Attributes
    ----------
    rights
        What they may by project; an admin of the whole site may everything everywhere.
    session
        Identifier of the session that asks; None for whoever comes by token.
    csrf
        What to send as ``X-CSRF-Token`` with every write, beside the session's cookie;
        None for whoever comes by token.
    """

    user: str = Field(examples=["yuki"])
    admin: bool
    roles: dict[str, Role] = Field(examples=[{"default": "analyst"}])
    rights: dict[str, tuple[Right, ...]] = Field(examples=[{"default": ["read", "annotate"]}])
    via: Via
    session: str | None = Field(None, examples=["ses_01jnpq"])
    csrf: str | None = Field(None, examples=["5feceb66ffc86f38d952786c6d696c79"])
    expires: AwareDatetime | None = Field(None, examples=["2026-03-01T20:00:00Z"])


@router.post("/session", status_code=201, summary="Log in", **anyone())
def log_in(login: Login, request: Request, response: Response, site: TheSite) -> Me:
    """Open a session: its cookie is set, and the answer holds its CSRF token."""
    opened = site.access.login(
        login.user, login.password.get_secret_value(), origin_of(request)
    )
    set_cookie(response, opened.secret, secure=request.url.scheme == "https")
    person = site.access.authenticate(opened.secret)
    return Me(
        user=person.name,
        admin=person.admin,
        roles=dict(person.roles),
        rights=_rights(person),
        via=person.via,
        session=opened.session.id,
        csrf=site.access.csrf_token(opened.secret),
        expires=opened.session.expires,
    )


def _rights(person: Person) -> dict[str, tuple[Right, ...]]:
    return {
        project: tuple(right for right in Right if person.may(right, project))
        for project in person.roles
    }


@router.get("/session", summary="Who am I", **someone())
def who(request: Request, person: Caller, site: TheSite) -> Me:
    """Return whoever asks, as the site knows them."""
    cookie = request.cookies.get(COOKIE)
    by_session = person.via is Via.SESSION and cookie is not None
    return Me(
        user=person.name,
        admin=person.admin,
        roles=dict(person.roles),
        rights=_rights(person),
        via=person.via,
        session=person.credential if person.via is Via.SESSION else None,
        csrf=site.access.csrf_token(cookie) if by_session and cookie else None,
    )


@router.delete("/session", status_code=204, summary="Log out", **someone())
def log_out(response: Response, person: Caller, site: TheSite) -> None:
    """End the session that asks; its cookie is good no more, wherever it is kept."""
    if person.via is not Via.SESSION:
        raise InvalidRequest("whoever comes by token has no session to end.")
    site.access.sessions.end(person, person.credential)
    response.delete_cookie(COOKIE, path="/")


@router.put("/session/password", status_code=204, summary="Change one's password", **someone())
def change_password(wanted: OwnPassword, person: Caller, site: TheSite) -> None:
    """Change one's own password, knowing the old one; one's other sessions end."""
    old, new = wanted.old.get_secret_value(), wanted.new.get_secret_value()
    site.access.change_password(person, old, new)
