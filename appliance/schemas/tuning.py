"""Searching a recipe for a fleet: what is asked for, what was tried, and what came out."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from appliance.schemas.base import Schema
from appliance.schemas.pipelines import EngineArguments
from appliance.schemas.recipe import Recipe


class TuneArguments(EngineArguments):
    """What is tried.

    Attributes
    ----------
    recipe
        Whose detector is tried with other parameters; without it all detectors are tried.
    trials
        Alternatives, at most.
    save_as
        Name that the best is saved under, for trainings to find; ``tuned`` and the fleet's
        if not given.
    """

    recipe: (
        Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,60}$")] | dict[str, Any] | None
    ) = None
    trials: int = Field(default=24, ge=2, le=1_000)
    save_as: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,60}$")] | None = None


class Tried(Schema):
    """What an alternative was worth.

    Attributes
    ----------
    machines
        That it was tried on before it was given up, or to the end.
    found
        Share of readings with a fault put in that alarmed.
    alarms
        Share of the readings as they were that alarmed.
    merit
        What counts: found, less five times the alarms.
    reason
        Why it could not be tried; empty if it could.
    """

    recipe: Recipe
    machines: int
    found: float
    alarms: float
    merit: float
    reason: str = ""


class Tuning(Schema):
    """What a search gave.

    Attributes
    ----------
    name
        The recipe's, as it is saved.
    machines
        That the best were tried on.
    tried
        From the best on.
    words
        Why it is the best, for a person.
    """

    fleet: str = Field(examples=["pumps"])
    name: str = Field(examples=["tuned_pumps"])
    recipe: Recipe
    machines: int
    tried: tuple[Tried, ...]
    words: str
