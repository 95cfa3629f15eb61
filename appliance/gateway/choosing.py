"""``"site": "auto"``: which site a job goes to.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from appliance.core.errors import NotFound, SiteAway
from appliance.schemas.gateway import Load

AUTO = "auto"


@dataclass(frozen=True)
class Choice:
    """A site, and why it was chosen."""

    site: str
    why: str


def choose(loads: Mapping[str, Load], fleet: str | None) -> Choice:
    """Return the site that a job is to go to.

    Those that have the fleet are asked alone.  A site that has room for the job at once goes
    before one where it would wait; among those with room the cheapest is taken, if all pay in
    the same currency; else the one with the shortest queue for its size.

    Parameters
    ----------
    loads
        How busy and how dear each site is that is here.
    fleet
        Whose data the job needs; None if it needs none.

    Raises
    ------
    NotFound
        No site that is here has the fleet.
    SiteAway
        No site is here.
    """
    if not loads:
        raise SiteAway("no site that could take the job is here.", remedy="Try again later.")
    fit = {site: load for site, load in loads.items() if fleet is None or fleet in load.fleets}
    if not fit:
        raise NotFound(
            f"no site that is here has a fleet {fleet}.",
            remedy="A job goes only where its data are: name a fleet that a site has.",
        )
    free = {site: load for site, load in fit.items() if _taken(load) < load.at_once}
    among = free or fit
    same = len({load.currency for load in among.values()}) == 1
    if free and same:
        site = min(among, key=lambda one: (among[one].core_hour, _wait(among[one]), one))
        load = among[site]
        why = (
            f"the cheapest of {len(among)} with room for it: "
            f"{load.core_hour:g} {load.currency} for an hour of a processor."
        )
    else:
        price = {site: load.core_hour if same else 0.0 for site, load in among.items()}
        site = min(among, key=lambda one: (_wait(among[one]), price[one], one))
        load = among[site]
        jobs = f"{_taken(load)} jobs, {load.at_once} at once"
        why = f"the shortest queue of {len(among)}: {jobs}."
    return Choice(site, why)


def _taken(load: Load) -> int:
    return load.queued + load.running


def _wait(load: Load) -> float:
    """Return how many jobs wait or run for each that can run at once."""
    return _taken(load) / load.at_once if load.at_once else float(_taken(load) + 1_000)
