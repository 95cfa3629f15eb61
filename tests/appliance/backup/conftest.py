"""A plant that has everything that a backup must keep."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from appliance.access import Access, Person, shell
from appliance.access.passwords import Passwords
from appliance.backup import Passphrase
from appliance.core.secrets import site_key
from appliance.pipelines.report import write_page
from appliance.pipelines.score import score
from appliance.pipelines.site import Site
from appliance.pipelines.train import TrainOptions, train
from appliance.schemas.access import Right, Role
from appliance.schemas.calendar import WindowDraft
from tests.appliance.pipelines.sites import (
    FLEET,
    LEARNED,
    bring,
    moment,
    next_day,
    open_site,
    plant,
)

ROOT = Path(__file__).resolve().parents[3]
CHIEF = shell("chief")
WORDS = Passphrase("correct horse battery", cost=2**10)
LOGIN = "a few words to log in"


@dataclass(frozen=True)
class Plant:
    """A home with data of every kind, and a token that is good there."""

    home: Path
    token: str


@pytest.fixture(scope="session")
def whole_plant(tmp_path_factory: pytest.TempPathFactory) -> Plant:
    """Make a home that holds something of everything."""
    home = tmp_path_factory.mktemp("whole") / "home"
    site = open_site(home)
    bring(site, plant(), "training")
    train(site, FLEET, TrainOptions(recipe="mahalanobis"))
    bring(site, next_day().drop("s4"), "day")
    score(site, FLEET)
    first = site.events.list(FLEET)[0]
    site.events.comment(first.id, "erika", "bearing, it's loud: 軸受")
    site.events.assign(first.id, "erika", "erika")
    site.events.acknowledge(first.id, "erika")
    site.calendar.add(
        WindowDraft(start=moment(LEARNED + 500), end=moment(LEARNED + 510), title="overhaul"),
        "erika",
    )
    access = cheap_access(site)
    access.users.add(CHIEF, "erika", LOGIN)
    access.users.grant(CHIEF, "erika", "default", Role.ENGINEER)
    made = access.tokens.create(
        CHIEF, "erika", "press line", [Right.READ], lifetime=timedelta(days=30)
    )
    (home / "kizashi.toml").write_text('timezone = "Asia/Tokyo"\nport = 9443\n')
    write_page("<p>軸受</p>", home / "reports" / "pumps.html")
    (home / "lives").mkdir()
    (home / "lives" / "pumps.life").write_bytes(b"what failures taught")
    (home / "uploads").mkdir()
    (home / "uploads" / "温度 1.csv").write_text("time,flow\n")
    site.close()
    return Plant(home, made.secret)


@pytest.fixture
def source(whole_plant: Plant, tmp_path: Path) -> Plant:
    """Return a copy of the home that a test may change."""
    shutil.copytree(whole_plant.home, tmp_path / "home")
    return Plant(tmp_path / "home", whole_plant.token)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Open homes, and close them after the test."""
    sites: list[Site] = []

    def open_(home: Path, **settings: Any) -> Site:
        sites.append(open_site(home, **settings))
        return sites[-1]

    yield open_
    for site in sites:
        site.close()


@pytest.fixture
def site(source: Plant, opened: Callable[..., Site]) -> Site:
    """Open the home."""
    return opened(source.home)


def cheap_access(site: Site) -> Access:
    """Return a site's access, whose hashes take no time."""
    return Access(site.database, site_key(site.settings.home), passwords=Passwords(1, 8, 1))


def who(token: str, site: Site) -> Person:
    """Return whoever a token is good for at a site."""
    return cheap_access(site).authenticate(token)


def told(site: Site) -> dict[str, Any]:
    """Return everything that a site tells of its fleet, as plain values."""
    events = site.events.list(FLEET)
    return {
        "readings": site.lake.readings(FLEET).read().to_dict(as_series=False),
        "scores": site.lake.scores(FLEET).read(model_version=1).to_dict(as_series=False),
        "events": [event.model_dump() for event in events],
        "history": [[r.model_dump() for r in site.events.history(e.id)] for e in events],
        "comments": [[c.model_dump() for c in site.events.comments(e.id)] for e in events],
        "windows": [window.model_dump() for window in site.calendar.list()],
        "versions": [v.model_dump(exclude={"path"}) for v in site.registry.versions(FLEET)],
        "users": [user.model_dump() for user in site.access.users.list(CHIEF)],
        "tokens": [t.model_dump(exclude={"last_used"}) for t in site.access.tokens.list(CHIEF)],
        "audit": [entry.model_dump() for entry in site.access.audit.list(CHIEF)][::-1][:3],
    }


def started(program: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a program of Python in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "POLARS_MAX_THREADS": "2"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def answer(process: subprocess.Popen[str]) -> Any:
    """Wait for a good end, and return what was printed."""
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return json.loads(out)
