"""Alerts: where word of events goes, what was sent, and what became of it."""

from __future__ import annotations

from datetime import datetime, time
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import (
    AwareDatetime,
    Field,
    SecretStr,
    StringConstraints,
    WithJsonSchema,
    field_validator,
)

from appliance.schemas.base import NAME_PATTERN, FleetName, Language, Schema
from appliance.schemas.event import Severity

ChannelName = Annotated[str, StringConstraints(pattern=NAME_PATTERN, strip_whitespace=True)]
Address = Annotated[
    str, StringConstraints(pattern=r"^[^@\s<>,;:\"\\]{1,64}@[^@\s<>,;:\"\\]{1,190}$")
]
"""An address of electronic mail, without a name beside it."""
_CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?$"
Clock = Annotated[time, WithJsonSchema({"type": "string", "pattern": _CLOCK})]
"""A time by the site's clock.  The format ``time`` of JSON schemas would ask for a zone."""
_HOST = r"^[A-Za-z0-9]([A-Za-z0-9.:_-]{0,251}[A-Za-z0-9])?$"
_URL = r"^https?://[\x21-\x7e]{1,1990}$"
_SECRET = 1_000
_MOST = 50


class Quiet(Schema):
    """Hours in which nobody is to be woken; what must be acted on now comes through.

    Attributes
    ----------
    start, end
        By the site's clock; over midnight where the end is before the start.
    """

    start: Clock = Field(examples=["22:00"])
    end: Clock = Field(examples=["06:00"])

    @field_validator("start", "end")
    @classmethod
    def _of_the_site(cls, value: time) -> time:
        if value.tzinfo is not None:
            raise ValueError("must have no zone: it is by the site's clock")
        return value.replace(second=0, microsecond=0)


class Email(Schema):
    """A mail server, and who gets mail by it.

    Attributes
    ----------
    security
        ``starttls``, ``tls`` from the first byte, or ``none`` for a server of the plant's own
        network, to which no password is sent.
    password
        Never told again; None leaves the one that is known.
    """

    kind: Literal["email"] = "email"
    host: str = Field(pattern=_HOST, examples=["mail.plant.example"])
    port: int = Field(587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = Field("", max_length=200)
    password: SecretStr | None = Field(None, max_length=_SECRET, exclude=True)
    sender: Address = Field(examples=["kizashi@plant.example"])
    to: tuple[Address, ...] = Field(
        min_length=1, max_length=_MOST, examples=[["shift@plant.example"]]
    )


class Webhook(Schema):
    """An address that is told by HTTP.

    Attributes
    ----------
    form
        ``events``: what happened, as JSON; ``text``: ``{"text": …}``, as chats take it.
    authorization
        Value of the header of that name; never told again, None leaves the one that is known.
    secret
        What bodies are signed with, in the header ``X-Kizashi-Signature``; as above.
    """

    kind: Literal["webhook"] = "webhook"
    url: str = Field(pattern=_URL, examples=["https://chat.plant.example/hooks/kizashi"])
    form: Literal["events", "text"] = "events"
    authorization: SecretStr | None = Field(None, max_length=_SECRET, exclude=True)
    secret: SecretStr | None = Field(None, max_length=_SECRET, exclude=True)

    @field_validator("authorization")
    @classmethod
    def _one_line(cls, value: SecretStr | None) -> SecretStr | None:
        told = value.get_secret_value() if value is not None else ""
        if not (told.isprintable() and told.isascii()):
            raise ValueError("must be one line of plain letters")
        return value


Target = Annotated[Email | Webhook, Field(discriminator="kind")]


class ChannelDraft(Schema):
    """A channel as somebody asks for it.

    Attributes
    ----------
    fleets
        Whose events it tells of; of all if none is named.
    severity
        The least that it tells of.
    faults
        Whether it tells of sensor faults too.
    platform
        Whether it tells of the platform too: a full disk, a source that fails, an old backup.
    quiet
        When what can wait does wait.
    """

    name: ChannelName = Field(examples=["night-shift"])
    target: Target
    language: Language = "en"
    fleets: tuple[FleetName, ...] = Field((), max_length=1_000)
    severity: Severity = Severity.PLAN
    faults: bool = False
    platform: bool = False
    quiet: Quiet | None = None
    paused: bool = False


class Channel(ChannelDraft):
    """A channel with its life; secrets are left out.

    Attributes
    ----------
    secrets
        Names of the secrets that it has.
    since
        It tells of nothing that happened before.
    """

    secrets: tuple[str, ...] = ()
    revision: int
    since: AwareDatetime
    created: AwareDatetime
    created_by: str
    updated: AwareDatetime
    updated_by: str


class DeliveryState(StrEnum):
    """What became of a delivery."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    """It was tried for a day, in vain."""
    DROPPED = "dropped"
    """Its channel went away, or was paused."""


class Delivery(Schema):
    """Word of one event, or of a trouble of the platform, on its way by one channel.

    Attributes
    ----------
    alert
        What is told: an event or a trouble, and how severe it was by then.
    event
        Its identifier; that of a trouble begins with ``trb_``, and it has no fleet.
    due
        When it is tried next, while it waits.
    error
        Why the last try failed.
    """

    id: str
    alert: str
    event: str
    fleet: str
    severity: Severity
    channel: str
    state: DeliveryState
    raised: datetime
    due: datetime
    tries: int
    ended: datetime | None = None
    error: str = ""


class Trial(Schema):
    """What became of a message that was sent to try a channel.

    Attributes
    ----------
    error
        Empty if it was taken.
    """

    sent: bool
    error: str = ""
