"""Fixtures of this room."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

from appliance.pipelines.score import score
from appliance.pipelines.site import Site
from appliance.pipelines.train import TrainOptions, train
from tests.appliance.pipelines.sites import FLEET, bring, open_site, plant


@pytest.fixture
def make_site(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Open sites by name, and close them after the test."""
    opened: list[Site] = []

    def make(name: str = "home", **settings: object) -> Site:
        opened.append(open_site(tmp_path / name, **settings))
        return opened[-1]

    yield make
    for site in opened:
        site.close()


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    """Open one site."""
    return make_site()


@pytest.fixture(scope="session")
def learned_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a home whose fleet has a champion and is scored up to the end of its data."""
    home = tmp_path_factory.mktemp("learned") / "home"
    made = open_site(home)
    bring(made, plant(), "training")
    train(made, FLEET, TrainOptions(recipe="mahalanobis"))
    score(made, FLEET)
    made.close()
    return home


@pytest.fixture
def learned(learned_home: Path, tmp_path: Path, make_site: Callable[..., Site]) -> Site:
    """Open a copy of the home with a champion; its model stays where it is."""
    shutil.copytree(learned_home, tmp_path / "learned")
    return make_site("learned")


@pytest.fixture(scope="session")
def grown_homes() -> dict[object, Path]:
    """Keep the homes that `grown` made, by what was brought in."""
    return {}


@pytest.fixture
def grown(
    learned_home: Path,
    grown_homes: dict[object, Path],
    tmp_path_factory: pytest.TempPathFactory,
    tmp_path: Path,
    make_site: Callable[..., Site],
) -> Callable[..., Site]:
    """Return a function that opens a copy of the home with a champion, after later readings.

    They are given by the names of their files, and scored unless that is not wanted.  A home
    is made when it is asked for first, and copied from then on.
    """

    def give(*, scored: bool = True, **later: pl.DataFrame) -> Site:
        held = [(name, frame.hash_rows().sum()) for name, frame in later.items()]
        key = (scored, *held)
        if key not in grown_homes:
            home = tmp_path_factory.mktemp("grown") / "home"
            shutil.copytree(learned_home, home)
            made = open_site(home)
            for name, frame in later.items():
                bring(made, frame, name)
            if scored:
                score(made, FLEET)
            made.close()
            grown_homes[key] = home
        shutil.copytree(grown_homes[key], tmp_path / "learned")
        return make_site("learned")

    return give
