"""A site with registered code, and own pipelines run in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.access import shell
from appliance.core.settings import Settings
from appliance.pipelines.catalog import catalog
from appliance.pipelines.own_code import put, register
from appliance.pipelines.site import Site
from appliance.pipelines.spec import Call
from appliance.pipelines.steps import Plain
from appliance.schemas.own import OwnRun, RunArguments
from appliance.schemas.progress import Progress, Silent
from appliance.steps.packing import wheel_of_module
from appliance.steps.writing import parsed
from tests.appliance.databases import fresh_home

ROOT = shell("root")

SUMS = '''
"""Steps of the tests."""
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import polars as pl

import appliance as kizashi


class Spread(TypedDict):
    low: float
    high: float


@kizashi.step(cpu=1, memory="1GB")
def mean(values: list[float]) -> float:
    """Mean of some values."""
    print("adding up", len(values))
    return sum(values) / len(values)


@kizashi.step
def spread(values: list[float]) -> Spread:
    return {"low": min(values), "high": max(values)}


@kizashi.step
def table(rows: int = 3) -> pl.DataFrame:
    return pl.DataFrame({"n": list(range(rows))})


@kizashi.step
def total(frame: pl.DataFrame, factor: float = 1.0) -> float:
    return float(frame["n"].sum()) * factor


@kizashi.step
def page(value: float) -> Path:
    path = Path("page.txt")
    path.write_text(f"value {value}")
    return path


@kizashi.step
def length(file: Path) -> int:
    return len(file.read_text())


@kizashi.step
def secrets() -> list[str]:
    return sorted(name for name in os.environ if "KIZASHI" in name or "AWS" in name)


@kizashi.step
def bad() -> int:
    raise ValueError("there is no wind")
'''


class Made:
    """A site, and short ways to what is tested."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site = site
        self.folder = folder

    def module(self, source: str, name: str = "sums", version: str = "1") -> Any:
        path = self.folder / f"{name}.py"
        path.write_text(source)
        file, data = wheel_of_module(path, version)
        return register(self.site, ROOT, file, data)

    def pipeline(self, text: str) -> Any:
        return put(self.site, ROOT, parsed(text))

    def run(
        self,
        name: str,
        fleet: str = "",
        job: str = "job_test",
        steps: Any = None,
        progress: Progress | None = None,
        **parameters: Any,
    ) -> OwnRun:
        call = Call(
            site=self.site,
            job=job,
            fleet=fleet,
            arguments=RunArguments(name=name, parameters=parameters),
            by="shell:root",
            progress=progress or Silent(),
            steps=steps or Plain(),
        )
        given = catalog()["run"].run(call)
        assert isinstance(given, OwnRun)
        return given


def bare_site(home: Path) -> Site:
    """Open a site on threads without a registry of models, which takes long to make."""
    return Site(Settings(home=fresh_home(home), engine="local", workers=2))


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    """Open an empty site."""
    site = bare_site(tmp_path / "home")
    yield Made(site, tmp_path)
    site.close()


@pytest.fixture(scope="module")
def summing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """Open a site whose people have registered the module `sums`, once for all tests."""
    folder = tmp_path_factory.mktemp("summing")
    site = bare_site(folder / "home")
    made = Made(site, folder)
    made.module(SUMS)
    yield made
    site.close()


Run = Callable[..., OwnRun]
