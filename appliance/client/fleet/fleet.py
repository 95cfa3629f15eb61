"""One fleet, with all that can be asked of it."""

from __future__ import annotations

from appliance.client.fleet.data import FleetData
from appliance.client.fleet.events import FleetEvents
from appliance.client.fleet.intake import FleetIntake
from appliance.client.fleet.models import FleetModels
from appliance.client.verbs import Awaiting, Blocking


class Fleet(Blocking, FleetData, FleetIntake, FleetModels, FleetEvents):
    """One fleet, for those who wait."""


class AsyncFleet(Awaiting, FleetData, FleetIntake, FleetModels, FleetEvents):
    """One fleet, for those who await."""
