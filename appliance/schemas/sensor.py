"""Sensors and contexts of a fleet."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from appliance.schemas.base import Schema


class SensorRole(StrEnum):
    """What a column is for."""

    SENSOR = "sensor"
    """Measured, judged, alarmed on."""
    CONTEXT = "context"
    """Explains normal change (load, speed, recipe, ambient); never alarmed on."""
    IGNORED = "ignored"
    """Kept out of training and scoring, such as a column of labels."""


class RunValues(Schema):
    """What a sensor shows while the machine runs: a minimum, or certain values."""

    minimum: float | None = Field(None, allow_inf_nan=False, examples=[20.0])
    values: tuple[Annotated[float, Field(allow_inf_nan=False)], ...] = Field((), max_length=100)


class Sensor(Schema):
    """One column of a fleet's readings.

    Attributes
    ----------
    name
        Of the column; it stays.
    lower, upper
        Physical limits in the unit; a value outside is a sensor fault.
    label
        What people call it, where that is not its name.
    run_state
        What it shows while the machine runs, if it tells: trainings leave out rows in which
        the machine does not run, unless their recipe says otherwise, and scores do not judge
        them.
    levels
        Words that the numbers of a context column stand for: the first is 0.
    revision
        Grows by one with every edit.
    """

    name: str = Field(examples=["motor temperature"])
    unit: str = Field("", examples=["degC"])
    role: SensorRole = SensorRole.SENSOR
    lower: float | None = Field(None, examples=[-20.0])
    upper: float | None = Field(None, examples=[150.0])
    label: str = ""
    run_state: RunValues | None = None
    levels: tuple[str, ...] = ()
    revision: int = 1


class SensorEdit(Schema):
    """What to change of a sensor; what is not named stays, and null takes away.

    Attributes
    ----------
    run_state
        Needs a minimum or values.
    """

    unit: str = Field("", max_length=60, examples=["degC"])
    role: SensorRole = SensorRole.SENSOR
    lower: float | None = Field(None, allow_inf_nan=False, examples=[-20.0])
    upper: float | None = Field(None, allow_inf_nan=False, examples=[150.0])
    label: str = Field("", max_length=200, examples=["Motor, drive end"])
    run_state: RunValues | None = None
