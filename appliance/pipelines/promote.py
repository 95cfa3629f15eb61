"""Promote: which version of a fleet's model alarms."""

from __future__ import annotations

from collections.abc import Callable

from appliance.access.person import Person, known
from appliance.pipelines.site import Site
from appliance.pipelines.steps import Plain, Steps
from appliance.schemas.base import fleet_name
from appliance.schemas.model import ModelVersion


def promote(
    site: Site, fleet: str, version: int, by: Person | str, *, steps: Steps | None = None
) -> ModelVersion:
    """Make a version the champion; the next scoring run renews the fleet's events by it."""
    name = fleet_name(fleet)

    def change() -> ModelVersion:
        return site.registry.promote(name, version, by)

    return _once(site, name, ("promote", known(by).name, version), change, steps)


def rollback(
    site: Site, fleet: str, by: Person | str, *, steps: Steps | None = None
) -> ModelVersion:
    """Go back to the champion before this one."""
    name = fleet_name(fleet)

    def change() -> ModelVersion:
        return site.registry.rollback(name, by)

    return _once(site, name, ("rollback", known(by).name, None), change, steps)


def _once(
    site: Site,
    fleet: str,
    wanted: tuple[str, str, int | None],
    change: Callable[[], ModelVersion],
    steps: Steps | None,
) -> ModelVersion:
    """Change the champion, unless the same change was made since this was begun.

    Parameters
    ----------
    wanted
        Its kind, who makes it, and the version if it is known before.
    """
    steps = steps or Plain()
    kind, _, version = wanted
    before = steps.run("look", int, lambda: len(site.registry.promotions(fleet)))

    def changed() -> ModelVersion:
        for made in site.registry.promotions(fleet)[before:]:
            own = made.kind, made.by, made.version if version else None
            if own == wanted:
                site.registry.mirror(fleet)
                return site.registry.get(fleet, made.version)
        return change()

    return steps.run(kind, ModelVersion, changed)
