"""What each pipeline may be told when it is asked for as a job."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from appliance.schemas.base import Language, Schema

Column = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class NoArguments(Schema):
    """Nothing."""


class IngestArguments(Schema):
    """Files to bring in; what is not said is guessed.

    Attributes
    ----------
    paths
        Files, folders and patterns below the site's import folders.
    time, asset, context
        Columns.
    timezone
        Zone of times written without one; the site's if not given.
    layout
        ``wide``: a column a sensor; ``long``: a row a value.
    units
        By sensor; they win over what the files say.
    called
        Asset of rows that name none; the files' own names say it if not given.
    without
        Columns that are left out.
    """

    paths: tuple[Annotated[str, StringConstraints(min_length=1, max_length=1_000)], ...] = (
        Field(min_length=1, max_length=10_000)
    )
    time: Column | None = None
    asset: Column | None = None
    context: tuple[Column, ...] = ()
    timezone: str = ""
    layout: Literal["auto", "wide", "long"] = "auto"
    units: dict[Column, str] = Field(default_factory=dict)
    called: str = Field("", max_length=200)
    without: tuple[Column, ...] = ()


class EngineArguments(Schema):
    """Where the work runs; as the site's settings say if not given."""

    engine: Literal["auto", "ray", "local"] | None = None


class TrainArguments(EngineArguments):
    """What is to be learned, and from what.

    Attributes
    ----------
    recipe
        ``auto``, a detector's name, or a recipe.
    start, end
        Half-open range of the readings to learn from; everything if not given.
    seed, budget
        Win over the recipe's; the budget is false alarms an asset and month.
    assets
        Only these are learned anew, the others keep the model that the champion has of them;
        all if not given.
    workers
        That learn one network of the whole fleet together, for recipes whose detector can;
        without it, and where the recipe is not pooled, each machine is learned alone.
    """

    recipe: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,60}$")] | dict[str, Any] = (
        "auto"
    )
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None
    seed: int | None = Field(default=None, ge=0)
    budget: float | None = Field(default=None, gt=0)
    assets: tuple[Column, ...] | None = Field(default=None, min_length=1, max_length=10_000)
    workers: int | None = Field(default=None, ge=1, le=1_000)


class ScoreArguments(EngineArguments):
    """By which version; the champion if not given."""

    version: int | None = Field(default=None, ge=1)


class PromoteArguments(Schema):
    """Which version is to alarm."""

    version: int = Field(ge=1)


class ReportArguments(Schema):
    """What the page shows.

    Attributes
    ----------
    start, end
        Half-open range; everything scored if not given.
    language
        The site's if not given.
    """

    start: AwareDatetime | None = None
    end: AwareDatetime | None = None
    language: Language | None = None
