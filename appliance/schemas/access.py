"""Who may what: roles, rights, users, projects, tokens and sessions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from pydantic import Field, SecretStr

from appliance.schemas.base import NAME_PATTERN, Schema

_LONGEST_NAME = 100
_LONGEST_PASSWORD = 1000
_MOST_DAYS = 5 * 366
_MOMENT = "2026-03-01T08:00:00Z"


class Role(StrEnum):
    """What somebody is in a project; each may all that the one before it may."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    ENGINEER = "engineer"
    ADMIN = "admin"


class Right(StrEnum):
    """One thing that somebody may do; routes and commands ask for exactly one."""

    READ = "read"
    """See fleets, readings, scores, models, events and jobs."""
    ANNOTATE = "annotate"
    """Acknowledge, assign, comment and close events; label readings."""
    SCORE = "score"
    """Score new readings or files."""
    TRAIN = "train"
    """Train and backtest models; they wait as challengers."""
    INGEST = "ingest"
    """Bring readings in."""
    PROMOTE = "promote"
    """Say which model version alarms."""
    CONFIGURE = "configure"
    """Change sensors, limits, calendars, schedules, sources and alert rules."""
    DELETE = "delete"
    """Delete models and data."""
    MANAGE_MEMBERS = "manage_members"
    """Give and take roles in a project."""
    MANAGE_USERS = "manage_users"
    """Add, disable and unlock users, and look after their tokens and sessions."""
    MANAGE_PROJECTS = "manage_projects"
    """Make projects and say which fleet is in which."""
    REGISTER_CODE = "register_code"
    """Let code of one's own run on the site's machines."""
    READ_AUDIT = "read_audit"
    """Read who did what."""
    OPERATE = "operate"
    """Back up, restore and change settings of the site."""


class User(Schema):
    """Somebody, or some program, that may be known to the site.

    Attributes
    ----------
    admin
        Whether they may everything, everywhere.
    runs_code
        Whether they may let code of their own run on the site's machines: steps, pipelines
        and notebooks.  An admin may.
    password
        Whether they have one; without it they come by token or another identity provider.
    roles
        By project.
    locked_until
        No login before then, because too many failed.
    """

    name: str = Field(examples=["erika"])
    admin: bool
    disabled: bool
    runs_code: bool = False
    password: bool
    created: datetime = Field(examples=[_MOMENT])
    roles: Mapping[str, Role] = Field(examples=[{"default": "engineer"}])
    locked_until: datetime | None = None


class NewUser(Schema):
    """A user to add.

    Attributes
    ----------
    password
        None for one that comes by token or through an identity provider.
    admin
        Whether they may everything, everywhere.
    """

    name: str = Field(min_length=1, max_length=_LONGEST_NAME, examples=["erika"])
    password: SecretStr | None = Field(
        None, max_length=_LONGEST_PASSWORD, examples=["a few words are easy"]
    )
    admin: bool = False


class UserEdit(Schema):
    """What to change of a user; what is not named stays."""

    admin: bool | None = Field(None, examples=[False])
    disabled: bool | None = Field(None, examples=[True])
    runs_code: bool | None = Field(None, examples=[True])


class NewPassword(Schema):
    """A password to set; None takes it away."""

    password: SecretStr | None = Field(
        max_length=_LONGEST_PASSWORD, examples=["a few words are easy"]
    )


class OwnPassword(Schema):
    """One's password, and the one to come in its place."""

    old: SecretStr = Field(max_length=_LONGEST_PASSWORD, examples=["a few words are easy"])
    new: SecretStr = Field(max_length=_LONGEST_PASSWORD, examples=["other words, as easy"])


class Expected(Schema):
    """That a user comes by the site's identity provider.

    Attributes
    ----------
    subject
        What the provider calls them for good; None if they are whoever comes first under
        their name.
    """

    subject: str | None = Field(None, min_length=1, max_length=255, examples=["248289761001"])


class Grant(Schema):
    """The role to have in a project."""

    role: Role = Field(examples=["engineer"])


class Member(Schema):
    """Somebody with a role in a project."""

    user: str = Field(examples=["erika"])
    role: Role = Field(examples=["engineer"])


class Project(Schema):
    """Fleets that the same people see.

    Attributes
    ----------
    fleets
        Those assigned to it by name; all others are in the project ``default``.
    """

    name: str = Field(examples=["line2"])
    created: datetime = Field(examples=[_MOMENT])
    fleets: tuple[str, ...] = Field((), examples=[["pumps"]])


class NewProject(Schema):
    """A project to make."""

    name: str = Field(pattern=NAME_PATTERN, examples=["line2"])


class Token(Schema):
    """What a program shows instead of a password; the secret itself is not kept.

    Attributes
    ----------
    rights
        What it may, as long as its owner may so too.
    project
        The only one that it is good for; of all its owner's without one.
    """

    id: str = Field(examples=["0123456789abcdef"])
    owner: str = Field(examples=["gateway"])
    label: str = Field(examples=["press line"])
    rights: tuple[Right, ...] = Field(examples=[["ingest"]])
    project: str | None = Field(examples=["line2"])
    created: datetime = Field(examples=[_MOMENT])
    expires: datetime = Field(examples=["2026-05-30T08:00:00Z"])
    last_used: datetime | None
    revoked: datetime | None


class TokenRequest(Schema):
    """A token to make.

    Attributes
    ----------
    owner
        Whose rights it takes a part of; None for oneself.
    label
        What it is for.
    project
        The only one that it is to be good for.
    days
        How long it is to be good for.
    """

    owner: str | None = Field(None, max_length=_LONGEST_NAME, examples=["gateway"])
    label: str = Field(min_length=1, max_length=100, examples=["press line"])
    rights: tuple[Right, ...] = Field(
        min_length=1, max_length=len(Right), examples=[["ingest"]]
    )
    project: str | None = Field(None, pattern=NAME_PATTERN, examples=["line2"])
    days: int = Field(90, ge=1, le=_MOST_DAYS, examples=[90])


class NewToken(Schema):
    """A token with its secret: shown once, never again."""

    token: Token
    secret: str = Field(
        repr=False, examples=["kz_0123456789abcdef_shown-this-once-and-kept-nowhere"]
    )


class LoginSession(Schema):
    """Somebody's stay at the site after a login.

    Attributes
    ----------
    origin
        Where the login came from.
    expires
        When it ends, however busy it is.
    """

    id: str = Field(examples=["ses_01jnpq"])
    user: str = Field(examples=["erika"])
    origin: str = Field(examples=["10.0.0.7"])
    created: datetime = Field(examples=[_MOMENT])
    seen: datetime = Field(examples=["2026-03-01T08:20:00Z"])
    expires: datetime = Field(examples=["2026-03-01T20:00:00Z"])


class NewSession(Schema):
    """A session with the secret that its cookie holds: told once, at the login."""

    session: LoginSession
    secret: str = Field(repr=False)


class LoginWays(Schema):
    """How one may log in.

    Attributes
    ----------
    provider
        What the identity provider is called; None where there is none.
    """

    password: bool = True
    provider: str | None = Field(None, examples=["Plant login"])
