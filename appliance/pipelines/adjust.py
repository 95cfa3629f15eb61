"""Adjust: another budget or other limits for a model that stands, without learning anew."""

from __future__ import annotations

from appliance.access.person import Person, known
from appliance.core.errors import InvalidRequest
from appliance.core.ids import new_id
from appliance.fleet.adjusting import adjust_artifact
from appliance.pipelines.site import Site
from appliance.pipelines.train import with_limits_now
from appliance.schemas.base import fleet_name
from appliance.schemas.model import ModelVersion


def adjust(
    site: Site,
    fleet: str,
    *,
    version: int | None = None,
    budget: float | None = None,
    limits: bool = False,
    by: Person | str = "kizashi",
) -> ModelVersion:
    """Make a version that judges as another one, under another budget or other limits.

    It waits as challenger; the version that it comes from, its scores and its record stay.

    Parameters
    ----------
    version
        The one to start from; the champion if not given.
    budget
        False alarms an asset and month.
    limits
        Take the sensors' physical limits as they are now.
    by
        Who asks for it.

    Raises
    ------
    NotFound
        The fleet has no model, or no such version.
    InvalidRequest
        Nothing is to be changed, or the version keeps no level for the budget.
    TryAgain
        Another process trains this fleet.
    """
    fleet = fleet_name(fleet)
    if budget is None and not limits:
        raise InvalidRequest("say what to change: the budget, the limits, or both.")
    registry = site.registry
    source = registry.champion(fleet) if version is None else registry.get(fleet, version)
    now = with_limits_now(source.lineage.recipe, site.intake.sensors(fleet))
    with site.alone("train", fleet):
        run = new_id("run")
        folder = registry.place(fleet, run)
        made = adjust_artifact(
            source.path,
            folder,
            budget=budget,
            limits=now.cleaning.limits if limits else None,
        )
        lineage = source.lineage.model_copy(
            update={
                "run": run,
                "recipe": made.recipe,
                "extrapolated": made.extrapolated,
                "derived_from": source.version,
                "by": known(by).name,
            }
        )
        return registry.register(fleet, folder, made.digest, lineage)
