"""What people say of sensors: changed while the fleet runs, and noted who did."""

from __future__ import annotations

from typing import Any

from appliance.access.person import Person
from appliance.core.errors import InvalidRequest, NotFound, Outdated
from appliance.pipelines.site import Site
from appliance.schemas.base import fleet_name
from appliance.schemas.sensor import Sensor, SensorEdit


def sensor(site: Site, fleet: str, name: str) -> Sensor:
    """Return one sensor; raises `NotFound` if the fleet has none of that name."""
    for one in site.intake.sensors(fleet):
        if one.name == name:
            return one
    raise NotFound(f"fleet {fleet} has no sensor {name}.")


def edit_sensor(
    site: Site,
    by: Person,
    fleet: str,
    name: str,
    edit: SensorEdit,
    *,
    revision: int | None = None,
) -> Sensor:
    """Change what an edit names of a sensor; the rest stays.

    Parameters
    ----------
    revision
        The one that `by` has seen; whichever stands if not given.

    Raises
    ------
    NotFound
        The fleet has no such sensor.
    InvalidRequest
        The lower limit would not be below the upper one, or the run-state says nothing.
    Outdated
        Another revision stands.
    """
    fleet = fleet_name(fleet)
    with site.access.audit.change(by) as change:
        before = sensor(site, fleet, name)
        if revision is not None and revision != before.revision:
            raise Outdated(
                f"sensor {name} of {fleet} changed since revision {revision} "
                f"(it has {before.revision} now).",
                remedy="Look at it again, then decide.",
            )
        wanted = {one: getattr(edit, one) for one in edit.model_fields_set}
        after = before.model_copy(update=wanted)
        _check(after)
        if after == before:
            return before
        made = site.intake.edit_sensor(fleet, after, revision=before.revision, change=change)
        told = [_told(one, wanted) for one in (before, after)]
        change.note("sensor.edited", f"sensor:{fleet}/{name}", *told)
        return made


def _told(one: Sensor, named: dict[str, Any]) -> dict[str, Any]:
    return one.model_dump(mode="json", include=set(named))


def _check(wanted: Sensor) -> None:
    lower, upper, state = wanted.lower, wanted.upper, wanted.run_state
    if lower is not None and upper is not None and lower >= upper:
        raise InvalidRequest(f"the lower limit {lower} is not below the upper one, {upper}.")
    if state is not None and state.minimum is None and not state.values:
        raise InvalidRequest(
            "a run-state needs a minimum or values at which the machine runs.",
            remedy="Send null for a sensor that does not tell.",
        )
