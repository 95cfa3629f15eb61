"""Who may what: roles, rights, users, projects, tokens and sessions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from pydantic import Field

from appliance.schemas.base import Schema


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
    password
        Whether they have one; without it they come by token or another identity provider.
    roles
        By project.
    locked_until
        No login before then, because too many failed.
    """

    name: str
    admin: bool
    disabled: bool
    password: bool
    created: datetime
    roles: Mapping[str, Role]
    locked_until: datetime | None = None


class Project(Schema):
    """Fleets that the same people see.

    Attributes
    ----------
    fleets
        Those assigned to it by name; all others are in the project ``default``.
    """

    name: str
    created: datetime
    fleets: tuple[str, ...] = ()


class Token(Schema):
    """What a program shows instead of a password; the secret itself is not kept.

    Attributes
    ----------
    rights
        What it may, as long as its owner may so too.
    project
        The only one that it is good for; of all its owner's without one.
    """

    id: str
    owner: str
    label: str
    rights: tuple[Right, ...]
    project: str | None
    created: datetime
    expires: datetime
    last_used: datetime | None
    revoked: datetime | None


class NewToken(Schema):
    """A token with its secret: shown once, never again."""

    token: Token
    secret: str = Field(repr=False)


class LoginSession(Schema):
    """Somebody's stay at the site after a login.

    Attributes
    ----------
    origin
        Where the login came from.
    expires
        When it ends, however busy it is.
    """

    id: str
    user: str
    origin: str
    created: datetime
    seen: datetime
    expires: datetime


class NewSession(Schema):
    """A session with the secret that its cookie holds: told once, at the login."""

    session: LoginSession
    secret: str = Field(repr=False)
