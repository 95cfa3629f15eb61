"""Promote: which version of a fleet's model alarms."""

from __future__ import annotations

from appliance.pipelines.site import Site
from appliance.schemas.base import fleet_name
from appliance.schemas.model import ModelVersion


def promote(site: Site, fleet: str, version: int, by: str) -> ModelVersion:
    """Make a version the champion; the next scoring run renews the fleet's events by it."""
    return site.registry.promote(fleet_name(fleet), version, by)


def rollback(site: Site, fleet: str, by: str) -> ModelVersion:
    """Go back to the champion before this one."""
    return site.registry.rollback(fleet_name(fleet), by)
