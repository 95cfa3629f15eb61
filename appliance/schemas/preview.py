"""What a file would bring, seen before anything of it is kept."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from appliance.schemas.base import Schema
from appliance.schemas.manifest import TimeKind

_MOMENT = "2026-03-01T08:00:00Z"
_UPLOAD = "upl_06c2m1x8ydk4zq2v7r0n/november.csv"
ColumnName = Annotated[str, StringConstraints(min_length=1, max_length=400)]
Use = Literal[
    "time", "asset", "sensor", "switch", "context", "label", "tag", "value", "left out"
]
Ground = Literal["said", "name", "values", "nothing"]
"""What a guess rests on: on what was asked, a column's name, its values, or on nothing."""


class Sent(Schema):
    """A file that was sent and waits to be brought in.

    Attributes
    ----------
    upload
        What it is called here: a preview and the pipeline ``ingest`` take it.
    file
        What it is called where it came from.
    bytes
        Its size, unpacked.
    """

    upload: str = Field(examples=[_UPLOAD])
    file: str = Field(examples=["november.csv"])
    bytes: int = Field(examples=[48_211_034])


class PreviewRequest(Schema):
    """Which file to look at; what is not said of it is guessed.

    Attributes
    ----------
    time, asset
        Columns; ``row`` counts rows as cycles, ``=NAME`` gives all rows to one asset.
    context
        Columns that explain normal change.
    without
        Columns that are left out.
    timezone
        Zone of times written without one; the site's if not given.
    layout
        ``wide``: a column a sensor; ``long``: a row a value.
    """

    upload: str = Field(min_length=1, max_length=300, examples=[_UPLOAD])
    time: ColumnName | None = None
    asset: ColumnName | None = None
    context: tuple[ColumnName, ...] = Field((), max_length=5_000)
    without: tuple[ColumnName, ...] = Field((), max_length=5_000)
    timezone: str = Field("", max_length=100)
    layout: Literal["auto", "wide", "long"] = "auto"


class PreviewColumn(Schema):
    """One column of a file, and what it is taken for.

    Attributes
    ----------
    cells
        Its first cells, as they are written.
    """

    name: str = Field(examples=["flow"])
    use: Use = Field(examples=["sensor"])
    unit: str = Field("", examples=["m3/h"])
    cells: tuple[str, ...] = Field(examples=[["7.1", "7.2"]])


class Doubt(Schema):
    """Rows or cells that would be refused for one reason.

    Attributes
    ----------
    row, value
        The first of them.
    """

    reason: str = Field(examples=["not a finite number"])
    column: str = Field(examples=["flow"])
    count: int = Field(examples=[3])
    row: int = Field(examples=[17])
    value: str = Field("", examples=["n/a?"])


class Preview(Schema):
    """What a file would bring to a fleet.

    Attributes
    ----------
    columns, more_columns
        The first columns, and how many more there are.
    long
        Whether a row holds one value.
    time, time_kind, time_format
        Columns of times, whether they are moments or counted cycles, and how they are written.
    time_ground, asset_ground
        What these guesses rest on.
    zone
        Zone of times without one; None where every time has one, or none needs it.
    asset
        Column of asset names; None where all rows are of one, or of those in the names of
        columns.
    checked, whole
        Rows that were looked at, and whether that is all of them.
    rows
        Readings among them that can be used.
    assets, more_assets
        The first assets among them, and how many more.
    sensors
        How many sensors and contexts they have.
    doubts
        What among them would be refused, the most frequent first.
    before
        When the same content, understood in the same way, was brought in.
    guesses
        A sentence for each choice.
    refused, remedy
        Why none of it could be brought in as things stand, and what to do; empty if it can.
    """

    upload: str = Field(examples=[_UPLOAD])
    file: str = Field(examples=["november.csv"])
    bytes: int = Field(examples=[48_211_034])
    columns: tuple[PreviewColumn, ...]
    more_columns: int = Field(0, examples=[0])
    long: bool = False
    time: tuple[str, ...] = Field((), examples=[["time"]])
    time_kind: TimeKind = "time"
    time_format: str = Field("", examples=["year-month-day hour:minute:second"])
    time_ground: Ground = "nothing"
    zone: str | None = Field(None, examples=["Asia/Tokyo"])
    asset: str | None = Field(None, examples=["pump"])
    asset_ground: Ground = "nothing"
    checked: int = Field(0, examples=[525_600])
    whole: bool = True
    rows: int = Field(0, examples=[525_597])
    assets: tuple[str, ...] = Field((), examples=[["P-101"]])
    more_assets: int = Field(0, examples=[0])
    sensors: int = Field(0, examples=[9])
    start: AwareDatetime | None = Field(None, examples=["2025-03-01T00:00:00Z"])
    end: AwareDatetime | None = Field(None, examples=[_MOMENT])
    doubts: tuple[Doubt, ...] = ()
    before: AwareDatetime | None = None
    guesses: tuple[str, ...] = ()
    refused: str = ""
    remedy: str = ""
