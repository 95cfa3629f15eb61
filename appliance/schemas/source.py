"""Sources: where readings come from by themselves."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import (
    AwareDatetime,
    Field,
    SecretStr,
    StringConstraints,
    field_validator,
    model_validator,
)

from appliance.schemas.base import NAME_PATTERN, FleetName, Schema
from appliance.schemas.preview import Preview

SourceName = Annotated[str, StringConstraints(pattern=NAME_PATTERN, strip_whitespace=True)]
Column = Annotated[str, StringConstraints(min_length=1, max_length=400)]
_MOMENT = "2026-03-01T08:00:00Z"
_HOST = r"^[A-Za-z0-9]([A-Za-z0-9.:_-]{0,251}[A-Za-z0-9])?$"
_HOST_OR_SOCKET = r"^([A-Za-z0-9]([A-Za-z0-9.:_-]{0,251}[A-Za-z0-9])?|/[A-Za-z0-9._/-]{1,200})$"
_TABLE = r"^[^\"'`;\x00-\x1f]{1,200}$"
_SECRET = 1_000
_FIELD = re.compile(r"\{(\w*)\}")


class Folder(Schema):
    """A folder that files are put into, below the site's import folders.

    Attributes
    ----------
    path
        Of the folder, from the import folder on.
    pattern
        Which files, as a shell would take it.
    after
        What becomes of a file that was brought in.
    settled
        Seconds for which a file must not have changed.
    """

    kind: Literal["folder"] = "folder"
    path: str = Field(".", min_length=1, max_length=1_000, examples=["line2/export"])
    pattern: str = Field("*", min_length=1, max_length=200, examples=["*.csv"])
    after: Literal["keep", "remove"] = "keep"
    settled: float = Field(10.0, ge=0, le=86_400)


class Sql(Schema):
    """A table or query of a database, read from where the last look ended.

    Attributes
    ----------
    dialect
        Of the database.
    table, query
        One of them: a table or view, with its schema if need be; or a query.
    time
        Column of times, by which it is read in order.
    late
        Seconds by which rows may come later than others: so far every look goes back.
    host
        Name or address, or the folder of a socket on this machine.
    rows
        At most so many are read at a time.
    """

    kind: Literal["sql"] = "sql"
    dialect: Literal["postgresql", "mysql", "mssql", "oracle"] = "postgresql"
    host: str = Field(pattern=_HOST_OR_SOCKET, examples=["historian.plant.example"])
    port: int | None = Field(None, ge=1, le=65535)
    database: str = Field(min_length=1, max_length=200, examples=["historian"])
    user: str = Field("", max_length=200)
    password: SecretStr | None = Field(None, max_length=_SECRET, exclude=True)
    table: str = Field("", max_length=200, examples=["line2.readings"])
    query: str = Field("", max_length=10_000)
    time: Column = Field("time", examples=["time"])
    late: float = Field(300.0, ge=0, le=30 * 86_400)
    rows: int = Field(100_000, ge=100, le=1_000_000)

    @field_validator("table")
    @classmethod
    def _a_name(cls, value: str) -> str:
        if value and not re.fullmatch(_TABLE, value):
            raise ValueError("must be the name of a table, without quotes")
        return value

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if bool(self.table) == bool(self.query.strip()):
            raise ValueError("name either a table or a query")
        return self


class Mqtt(Schema):
    """Topics of an MQTT broker.

    Attributes
    ----------
    topic
        With ``{asset}`` and ``{sensor}`` in place of levels that name them, ``+`` for one and
        ``#`` at the end for several levels that say nothing.
    payload
        ``number``: one value; ``json``: an object with a value a sensor.
    time
        Field of a JSON payload that tells the time: as text with a zone, or seconds or
        milliseconds since 1970; when a message came where none is named.
    asset
        Field of a JSON payload that names the machine, where the topic does not.
    step
        Seconds; values of a machine within such a step are one reading.
    """

    kind: Literal["mqtt"] = "mqtt"
    host: str = Field(pattern=_HOST, examples=["broker.plant.example"])
    port: int = Field(1883, ge=1, le=65535)
    tls: bool = False
    user: str = Field("", max_length=200)
    password: SecretStr | None = Field(None, max_length=_SECRET, exclude=True)
    topic: str = Field(
        min_length=1, max_length=1_000, examples=["plant/line2/{asset}/{sensor}"]
    )
    payload: Literal["number", "json"] = "number"
    time: str = Field("", max_length=200)
    asset: str = Field("", max_length=200)
    step: float = Field(1.0, ge=0.001, le=86_400)

    @field_validator("topic")
    @classmethod
    def _a_template(cls, value: str) -> str:
        levels = value.split("/")
        fields = [match for level in levels for match in _FIELD.findall(level)]
        whole = all(not _FIELD.search(level) or _FIELD.fullmatch(level) for level in levels)
        if not whole or set(fields) - {"asset", "sensor"} or len(fields) != len(set(fields)):
            raise ValueError("may hold {asset} and {sensor}, once each, as whole levels")
        if any("#" in level for level in levels[:-1]) or "\0" in value:
            raise ValueError("may hold # only as its last level")
        return value

    @model_validator(mode="after")
    def _tells_sensors(self) -> Self:
        if self.payload == "number" and "{sensor}" not in self.topic:
            raise ValueError("topics of single numbers must name the {sensor}")
        if self.payload == "number" and (self.time or self.asset):
            raise ValueError("a single number has no fields")
        return self


class Feed(Schema):
    """A source of an installed package.

    Attributes
    ----------
    feed
        Its name among the packages' entry points ``kizashi.sources``.
    options
        What it is made with, by name.
    password
        Handed to it as the option of this name.
    rows
        At most so many are read at a time.
    """

    kind: Literal["feed"] = "feed"
    feed: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", examples=["historian"])
    options: dict[
        Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")],
        bool | int | float | Annotated[str, StringConstraints(max_length=2_000)] | None,
    ] = Field(default_factory=dict, max_length=50)
    password: SecretStr | None = Field(None, max_length=_SECRET, exclude=True)
    rows: int = Field(100_000, ge=100, le=1_000_000)


Origin = Annotated[Folder | Sql | Mqtt | Feed, Field(discriminator="kind")]


class SourceDraft(Schema):
    """A source as somebody asks for it.

    Attributes
    ----------
    asset
        Column of asset names; ``=NAME`` for one asset; guessed if not said.
    time
        Column of times, of files; guessed if not said.
    context
        Columns that explain normal change.
    timezone
        Zone of times written without one; the site's if not said.
    layout
        ``wide``: a column a sensor; ``long``: a row a value; guessed if not said.
    every
        Seconds between two looks.
    judge
        Whether new readings are scored at once.
    """

    name: SourceName = Field(examples=["line2-historian"])
    fleet: FleetName = Field(examples=["pumps"])
    origin: Origin = Field(examples=[{"kind": "folder", "path": "line2", "pattern": "*.csv"}])
    asset: str | None = Field(None, max_length=400, examples=["machine"])
    time: str | None = Field(None, max_length=400)
    context: tuple[Column, ...] = Field((), max_length=200)
    timezone: str = Field("", max_length=100)
    layout: Literal["auto", "wide", "long"] = "auto"
    every: float = Field(60.0, ge=1, le=86_400)
    judge: bool = True
    paused: bool = False


class SourceState(StrEnum):
    """How a source is."""

    NEW = "new"
    """Nobody has looked yet."""
    FINE = "fine"
    FAILING = "failing"
    PAUSED = "paused"


class Source(SourceDraft):
    """A source with its life; secrets are left out.

    Attributes
    ----------
    secrets
        Names of the secrets that it has.
    looked, came
        When it was last looked at, and when something new last came.
    latest
        Time of the latest reading that it brought; None where times are counted.
    lag
        Seconds by which that lies behind now.
    rows, refused
        Readings that it brought, and rows, cells, files or messages that could not be used.
    refusal
        Why the last file could not be used; empty if none was refused.
    error, remedy
        Why the last look failed, and what to do about it; empty if it did not.
    failures
        Looks that failed, one after the other.
    due
        When it is looked at next.
    """

    secrets: tuple[str, ...] = Field((), examples=[["password"]])
    revision: int = Field(examples=[1])
    state: SourceState = Field(examples=["fine"])
    created: AwareDatetime = Field(examples=[_MOMENT])
    created_by: str = Field(examples=["root"])
    updated: AwareDatetime = Field(examples=[_MOMENT])
    updated_by: str = Field(examples=["root"])
    looked: AwareDatetime | None = Field(None, examples=[_MOMENT])
    came: AwareDatetime | None = Field(None, examples=[_MOMENT])
    latest: AwareDatetime | None = Field(None, examples=[_MOMENT])
    lag: float | None = Field(None, examples=[42.0])
    rows: int = Field(0, examples=[525_600])
    refused: int = 0
    refusal: str = ""
    error: str = ""
    remedy: str = ""
    failures: int = 0
    due: AwareDatetime | None = Field(None, examples=[_MOMENT])


class SourceTrial(Schema):
    """What a source would bring, seen once; nothing of it is kept.

    Attributes
    ----------
    error, remedy
        Why it would bring nothing, and what to do about it; empty if it would.
    preview
        The first of what it has, and how it would be understood.
    """

    error: str = ""
    remedy: str = ""
    preview: Preview | None = None
