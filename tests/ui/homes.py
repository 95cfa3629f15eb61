"""A small real home for the pages: two fleets brought in, learned and scored."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from appliance.core.settings import Settings
from appliance.intake import IngestOptions
from appliance.pipelines.ingest import ingest
from appliance.pipelines.score import score
from appliance.pipelines.site import Site
from appliance.pipelines.train import TrainOptions, train
from appliance.schemas.access import Role
from tests.appliance.people import ADMIN, PASSWORD, STRANGER, add_people, cheap_access
from tests.appliance.pipelines.sites import DAY, LEARNED, new_home, plant

USERS = (ADMIN, *(role.value for role in Role), STRANGER)
"""Who may log in: the admin of the site, somebody of each role, and a stranger."""
LOGINS = "logins.json"
"""File of a home that holds a session's secret for each of them."""
ZONE = "Asia/Tokyo"
PUMPS = ("P-1", "P-2", "P-3", "P-4")
"""P-2 has a fault on its last day."""
FANS = ("F-1", "F-2", "F-3")
"""Nothing is wrong with them."""


def open_home(home: Path) -> Site:
    """Open a home, made if there is none, that works on threads."""
    return Site(Settings(home=new_home(home), engine="local", workers=2, timezone=ZONE))


def add_users(site: Site) -> None:
    """Add everybody of `USERS`, by hashes that cost next to nothing, and log them in."""
    access = cheap_access(site)
    add_people(access)
    made = {name: access.login(name, PASSWORD).secret for name in USERS}
    path = site.settings.home / LOGINS
    path.touch(mode=0o600)
    path.write_text(json.dumps(made), "utf-8")


def make_fleet(
    site: Site,
    fleet: str,
    assets: tuple[str, ...],
    faults: dict[str, tuple[int, int, int]] | None = None,
) -> None:
    """Bring in six days of some machines, learn them, and score a seventh."""
    bring(site, fleet, plant(LEARNED, assets=assets), "training")
    train(site, fleet, TrainOptions(recipe="mahalanobis"))
    day = plant(DAY, first=LEARNED, seed=2, assets=assets, faults=faults)
    bring(site, fleet, day, "next-day")
    score(site, fleet)


def bring(site: Site, fleet: str, frame: pl.DataFrame, name: str) -> None:
    """Ingest a frame as a CSV file of that name."""
    folder = site.settings.home.parent / "files"
    folder.mkdir(exist_ok=True)
    path = folder / f"{fleet}-{name}.csv"
    frame.write_csv(path)
    report = ingest(site, [path], fleet, IngestOptions(asset="asset", time="time"))
    assert report.files[0].status == "added", report.files[0].reason


def make_home(home: Path) -> None:
    """Make a home with users, a fleet of pumps that has events, and one of fans."""
    site = open_home(home)
    add_users(site)
    make_fleet(site, "pumps", PUMPS, {"P-2": (1, 40, 80)})
    make_fleet(site, "fans", FANS)
    site.close()


def make_empty_home(home: Path) -> None:
    """Make a home with users alone, as it is after the installation."""
    site = open_home(home)
    add_users(site)
    site.close()
