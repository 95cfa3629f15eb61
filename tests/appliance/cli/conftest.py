"""A home whose fleet is learned and scored, and the shell's way in."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from appliance.cli.main import main
from appliance.pipelines.score import score
from appliance.pipelines.train import TrainOptions, train
from tests.appliance.pipelines.sites import FLEET, bring, new_home, next_day, open_site, plant


@dataclass(frozen=True)
class Told:
    """What a command said, and how it ended."""

    status: int
    out: str
    err: str


Kizashi = Callable[..., Told]


@pytest.fixture(scope="session")
def plant_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a home that holds events of both kinds."""
    home = tmp_path_factory.mktemp("plant") / "home"
    made = open_site(home)
    bring(made, plant(), "training")
    train(made, FLEET, TrainOptions(recipe="mahalanobis"))
    bring(made, next_day().drop("s4"), "day")
    score(made, FLEET)
    made.close()
    return home


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an empty home, where the shell finds it."""
    monkeypatch.setenv("KIZASHI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KIZASHI_ENGINE", "local")
    monkeypatch.setenv("KIZASHI_WORKERS", "2")
    monkeypatch.chdir(tmp_path)
    return new_home(tmp_path / "home")


@pytest.fixture
def full(home: Path, plant_home: Path) -> Path:
    """Make a copy of the home that holds events, where the shell finds it."""
    shutil.rmtree(home)
    shutil.copytree(plant_home, home)
    return home


@pytest.fixture
def kizashi(home: Path, capsys: pytest.CaptureFixture[str]) -> Kizashi:
    """Run a command in this process."""

    def run(*arguments: Any) -> Told:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        told = capsys.readouterr()
        code = ended.value.code
        assert code is None or isinstance(code, int)
        return Told(code or 0, told.out, told.err)

    return run
