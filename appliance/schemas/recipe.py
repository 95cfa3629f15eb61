"""A recipe: detector, cleaning, conditioning, threshold policy, as data."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from appliance.schemas.base import Schema


class Limits(Schema):
    """Physical limits of a sensor, in its unit; outside is a sensor fault, not a symptom."""

    lower: float | None = None
    upper: float | None = None


class RunState(Schema):
    """When a machine counts as running: a column at or above a minimum, or in a set."""

    column: str
    minimum: float | None = None
    values: tuple[float, ...] = ()


class Cleaning(Schema):
    """How raw readings become an even series.

    Attributes
    ----------
    interval_seconds
        Grid of the series; None takes the asset's median sampling interval.
    fill_rows
        Longest gap, in grid rows, that is bridged; a longer one splits the series, and a piece
        too short for the detector's windows is *not judged*.
    stuck_rows
        A varying sensor that repeats one value for more rows than this is frozen; None takes
        a multiple of its longer such runs in training.
    missing_rows
        A sensor without a value for more rows than this, while others have one, is a sensor
        fault; from `fill_rows` on it is merely left out.
    limits
        Physical limits by sensor.
    run_state
        Column and the values (or minimum) at which the machine counts as running; rows
        outside are *not judged* (not running).
    """

    interval_seconds: float | None = Field(None, gt=0)
    fill_rows: int = Field(5, ge=0)
    stuck_rows: int | None = Field(None, ge=2)
    missing_rows: int = Field(30, ge=1)
    limits: dict[str, Limits] = Field(default_factory=dict)
    run_state: RunState | None = None


class Conditioning(Schema):
    """How context columns explain normal change.

    Attributes
    ----------
    method
        ``auto``: condition on the context columns where they explain held-out variance;
        ``none``: leave them out.
    margin
        Share of the training range by which context may leave it before a reading counts as
        *outside every mode seen in training*.
    minimum_explained
        Share of a sensor's variance that context must explain on held-out stretches for the
        sensor to be conditioned on it.
    lags
        Time constants, in grid rows, of the smoothed contexts that explain inertia; used for
        a sensor only where they explain clearly more than the context of the moment.
    """

    method: Literal["auto", "none"] = "auto"
    margin: float = Field(0.1, ge=0)
    minimum_explained: float = Field(0.1, ge=0, lt=1)
    lags: tuple[int, ...] = (8, 32, 128)


class Threshold(Schema):
    """When surprise becomes an alarm and alarms become an event.

    Attributes
    ----------
    false_alarms_per_month
        Events per asset and month of normal running that the threshold is set to stay under.
    release
        An event ends when surprise stays below this share of the threshold …
    merge_rows
        … for more than this many rows (events closer than this are one).
    minimum_rows
        Shorter excursions are no event.
    """

    false_alarms_per_month: float = Field(1.0, gt=0)
    release: float = Field(0.7, gt=0, le=1)
    merge_rows: int = Field(30, ge=0)
    minimum_rows: int = Field(3, ge=1)


class Recipe(Schema):
    """Everything that decides how a fleet model is trained; every choice is data.

    Attributes
    ----------
    name
        What the recipe is called.
    detector, parameters
        A name of the detector catalog and its parameters.
    sustained_hours
        Hours over which each sensor is averaged as well, for shifts too small for single rows
        and windows that last; None takes 4 beside ``auto`` and none beside other detectors,
        0 none.
    minimum_rows
        An asset with fewer clean training rows is not modelled, with that reason.
    minimum_coverage
        Share of the sensors (by training weight) that must be alive for a reading to be
        judged.
    seed
        Everything random derives from it and the asset's name.
    pooled
        One network is learned from all machines together, and each machine's own scale and
        alarm level after that; for detectors that can.
    """

    name: str = "auto"
    detector: str = "auto"
    parameters: dict[str, Any] = Field(default_factory=dict)
    cleaning: Cleaning = Cleaning()
    conditioning: Conditioning = Conditioning()
    sustained_hours: float | None = Field(None, ge=0, le=24 * 31)
    threshold: Threshold = Threshold()
    minimum_rows: int = Field(60, ge=20)
    minimum_coverage: float = Field(0.5, ge=0, le=1)
    seed: int = 0
    pooled: bool = False


class SavedRecipe(Schema):
    """A recipe that people can train with by its name.

    Attributes
    ----------
    project
        Whose fleets it is for; None for one that comes with the site.
    revision
        Grows by one whenever it is saved; 0 for one that comes with the site.
    by, updated
        Who saved it last, and when.
    """

    name: str = Field(examples=["gentle"])
    project: str | None = Field(examples=["default"])
    revision: int = Field(examples=[1])
    recipe: Recipe
    by: str = ""
    updated: datetime | None = None
