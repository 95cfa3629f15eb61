"""The metrics of each role, and of a whole site."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from appliance.core.clock import monotonic
from appliance.engine.figures import ray_families
from appliance.metrics import exposition, of_processes, read
from appliance.metrics.families import Family
from appliance.pipelines.figures import Figures
from appliance.pipelines.site import Site
from appliance.schemas.platform import PROCESS_ROLES
from appliance.telemetry.host import own_processes

_LONG = 60.0


def of_role(
    site: Site, role: str, clock: Callable[[], float] = monotonic
) -> Callable[[], bytes]:
    """Return what gives the metrics that a role's port shows: ``web`` or ``worker``.

    The web's tell the facts of the site too: where there are several, each tells the same.

    Parameters
    ----------
    clock
        Seconds that never jump.
    """
    figures = Figures(site, clock) if role == "web" else None

    def collect() -> bytes:
        return exposition(
            [
                *read(site.settings.home, role),
                *of_processes(role, own_processes(site.settings.home).get(role, [])),
                *(figures.collect() if figures else ()),
            ]
        )

    return collect


def whole(site: Site, *, figures: Figures | None = None) -> bytes:
    """Return the metrics of all roles of a home, whichever process asks.

    Parameters
    ----------
    figures
        Those that are kept between two calls; looked up now if not given.
    """
    return exposition(_whole(site, figures or Figures(site)))


def _whole(site: Site, figures: Figures) -> Iterator[Family]:
    home = site.settings.home
    found = own_processes(home)
    for role in PROCESS_ROLES:
        yield from read(home, role)
        yield from of_processes(role, found.get(role, []))
    yield from ray_families(site.settings, found.get("ray", ()))
    yield from figures.collect(_LONG)
