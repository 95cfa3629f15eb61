"""The gateway: its sites, what waits for them, and models on their way between them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, SecretStr, StringConstraints

from appliance.schemas.access import Role
from appliance.schemas.base import FleetName, Schema

_MOMENT = "2026-03-01T08:00:00Z"
SITE_PATTERN = r"[a-z0-9][a-z0-9-]{0,30}"
SiteName = Annotated[
    str, StringConstraints(pattern=rf"^{SITE_PATTERN}$", strip_whitespace=True)
]
"""What a gateway calls a site: small letters, digits and -, at most 31 of them."""


class SiteDraft(Schema):
    """A site that is to be invited."""

    name: SiteName = Field(examples=["oslo"])


class Load(Schema):
    """How busy and how dear a site is, as it said last.

    Attributes
    ----------
    queued, running
        Jobs.
    at_once
        Jobs that its workers run at once, all together.
    core_hour
        What a processor costs for an hour at work.
    fleets
        That it has.
    """

    queued: int = Field(examples=[2])
    running: int = Field(examples=[1])
    at_once: int = Field(examples=[2])
    core_hour: float = Field(examples=[0.75])
    currency: str = Field(examples=["JPY"])
    fleets: tuple[str, ...] = Field(examples=[["pumps"]])
    projects: tuple[str, ...] = Field(examples=[["default"]])


class MemberSite(Schema):
    """A site of the gateway.

    Attributes
    ----------
    state
        ``invited``: it has never called; ``here``, or ``away``.
    seen
        When its line last held; None if it never did.
    key
        Its public key, as it was at its first call; empty before.
    waiting
        Writes that wait for it.
    round_trip_seconds
        How long it took to answer when it was last asked how it is.
    """

    name: str = Field(examples=["oslo"])
    state: Literal["invited", "here", "away"] = Field(examples=["here"])
    seen: AwareDatetime | None = Field(None, examples=[_MOMENT])
    since: AwareDatetime | None = Field(None, examples=[_MOMENT])
    version: str = Field("", examples=["0.2.0"])
    title: str = Field("", examples=["Plant 1"])
    key: str = Field("", examples=["9d61b19deffd5a60ba844af492ec2cc4"])
    waiting: int = Field(0, examples=[0])
    round_trip_seconds: float | None = Field(None, examples=[0.08])
    load: Load | None = None


class Invitation(Schema):
    """What a site needs to join; told once.

    Attributes
    ----------
    gateway
        What the gateway calls itself.
    site
        What it calls the site.
    token
        Shows that whoever calls is the site.
    key
        The gateway's public key.
    authority
        Who signed its certificate, as PEM; empty where the system knows them.
    """

    gateway: str = Field(examples=["hq"])
    site: str = Field(examples=["oslo"])
    token: SecretStr = Field(examples=["kl_…"])
    key: str = Field(examples=["9d61b19deffd5a60ba844af492ec2cc4"])
    authority: str = Field("", examples=["-----BEGIN CERTIFICATE-----"])


class Joined(Schema):
    """The gateway that a site belongs to.

    Attributes
    ----------
    most
        The highest role that its users get here.
    operators
        Whether its admins may all that this site's own admins may.
    state
        How the line is, in a word; `error` says why it is not.
    """

    url: str = Field(examples=["https://gateway:8443"])
    gateway: str = Field(examples=["hq"])
    site: str = Field(examples=["oslo"])
    most: Role = Field(examples=["engineer"])
    operators: bool = False
    joined: AwareDatetime = Field(examples=[_MOMENT])
    joined_by: str = Field(examples=["erika"])
    connected: AwareDatetime | None = Field(None, examples=[_MOMENT])
    error: str = Field("", examples=[""])


class Waiting(Schema):
    """A write that waits for a site, or what became of it.

    Attributes
    ----------
    status, answer
        What the site answered; None before.
    state
        ``waiting``; ``done`` whatever the site answered; ``dropped`` by somebody, or after it
        waited for too long.
    """

    id: str = Field(examples=["out_01jnpq"])
    site: str = Field(examples=["oslo"])
    by: str = Field(examples=["erika"])
    method: str = Field(examples=["POST"])
    path: str = Field(examples=["/api/v1/jobs"])
    created: AwareDatetime = Field(examples=[_MOMENT])
    state: Literal["waiting", "done", "dropped"] = Field(examples=["waiting"])
    attempts: int = Field(0, examples=[1])
    ended: AwareDatetime | None = Field(None, examples=[_MOMENT])
    status: int | None = Field(None, examples=[202])
    answer: Any = None


class CopyRequest(Schema):
    """A version of a fleet's model that other sites are to have.

    Attributes
    ----------
    fleet
        With its site: ``pumps@oslo``.
    to
        Sites that have a fleet of that name.
    """

    fleet: FleetName = Field(examples=["pumps@oslo"])
    version: int = Field(ge=1, examples=[3])
    to: tuple[SiteName, ...] = Field(min_length=1, max_length=100, examples=[["bergen"]])


class Copied(Schema):
    """What became of a copy at one site; `version` is the new challenger's number there."""

    site: str = Field(examples=["bergen"])
    fleet: FleetName = Field(examples=["pumps@bergen"])
    version: int | None = Field(None, examples=[7])
    problem: str = Field("", examples=[""])


class Copies(Schema):
    """What became of a copy, site by site."""

    copies: tuple[Copied, ...]
