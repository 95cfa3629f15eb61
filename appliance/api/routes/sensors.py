"""The sensors and contexts of a fleet, and what people say of them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Response

from appliance.api.charts import FleetPath
from appliance.api.etags import IfMatch, expected, tag
from appliance.api.guard import Caller, TheSite
from appliance.api.needs import Over, needs
from appliance.api.paging import Cursor, Limit, Page, only_key, page
from appliance.api.problems import responses
from appliance.api.router import make_router
from appliance.core.errors import NotFound
from appliance.pipelines import sensors
from appliance.schemas.access import Right
from appliance.schemas.base import fleet_name
from appliance.schemas.sensor import Sensor, SensorEdit

router = make_router("sensors")
SensorPath = Annotated[str, Path(max_length=400, description="Name of the sensor.")]
_CHANGED: dict[str, Any] = {"responses": responses(409, 412)}


@router.get(
    "/fleets/{fleet}/sensors", summary="List a fleet's sensors", **needs(Right.READ, Over.FLEET)
)
def list_sensors(
    fleet: FleetPath, site: TheSite, limit: Limit = 100, cursor: Cursor = None
) -> Page[Sensor]:
    """Return sensors and contexts, in the order in which they came."""
    name, after = fleet_name(fleet), only_key(cursor, str)
    known = site.intake.sensors(name)
    if not known:
        raise NotFound(f"there is no fleet {name}.")
    first = 0
    if after is not None:
        first = next((i for i, one in enumerate(known) if one.name == after), -1) + 1
    return page(known[first : first + limit + 1], limit, lambda one: (one.name,))


@router.get(
    "/fleets/{fleet}/sensors/{sensor:path}",
    summary="A sensor",
    **needs(Right.READ, Over.FLEET, recent=True),
)
def get_sensor(
    fleet: FleetPath, sensor: SensorPath, response: Response, site: TheSite
) -> Sensor:
    """Return one sensor; its ETag goes with an edit."""
    found = sensors.sensor(site, fleet_name(fleet), sensor)
    tag(response, found.revision)
    return found


@router.patch(
    "/fleets/{fleet}/sensors/{sensor:path}",
    summary="Edit a sensor",
    **_CHANGED,
    **needs(Right.CONFIGURE, Over.FLEET),
)
def edit_sensor(
    fleet: FleetPath,
    sensor: SensorPath,
    edit: SensorEdit,
    response: Response,
    site: TheSite,
    person: Caller,
    if_match: IfMatch = None,
) -> Sensor:
    """Change unit, limits, role, label or run-state; the next training uses them."""
    wanted = expected(if_match)
    made = sensors.edit_sensor(site, person, fleet_name(fleet), sensor, edit, revision=wanted)
    tag(response, made.revision)
    return made
