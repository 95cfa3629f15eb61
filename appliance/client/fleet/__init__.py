"""One fleet of a site: its data, its models, its events."""

from __future__ import annotations

from appliance.client.fleet.data import Meaning, SensorChanges
from appliance.client.fleet.fleet import AsyncFleet, Fleet

__all__ = ["AsyncFleet", "Fleet", "Meaning", "SensorChanges"]
