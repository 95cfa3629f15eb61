"""Sensors and contexts of a fleet."""

from __future__ import annotations

from enum import StrEnum

from appliance.schemas.base import Schema


class SensorRole(StrEnum):
    """What a column is for."""

    SENSOR = "sensor"
    """Measured, judged, alarmed on."""
    CONTEXT = "context"
    """Explains normal change (load, speed, recipe, ambient); never alarmed on."""
    IGNORED = "ignored"
    """Kept out of training and scoring, such as a column of labels."""


class Sensor(Schema):
    """One column of a fleet's readings.

    Attributes
    ----------
    lower, upper
        Physical limits in the unit; a value outside is a sensor fault.
    levels
        Words that the numbers of a context column stand for: the first is 0.
    """

    name: str
    unit: str = ""
    role: SensorRole = SensorRole.SENSOR
    lower: float | None = None
    upper: float | None = None
    levels: tuple[str, ...] = ()
