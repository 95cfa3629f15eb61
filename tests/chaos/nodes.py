"""Training on a cluster of which a node dies at work; for a process of its own."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from appliance.core.settings import Settings
from appliance.engine.base import Engine
from appliance.engine.local import LocalEngine
from appliance.engine.ray import RayEngine
from appliance.fleet import FitReport, FrameChunk, Layout, fit_fleet, resolve
from benchmarks.harness.plant import Size, asset_frame

_SIZE = Size(assets=6, rows=600, sensors=3)
_LOOKS = 6_000


@dataclass(frozen=True)
class Waits:
    """One machine; whoever reads it says which node it is on, and waits until it may go on."""

    number: int
    folder: str

    @property
    def rows(self) -> int:
        return _SIZE.rows

    def read(self, columns: Sequence[str] | None = None) -> pl.DataFrame:
        return pl.concat(self.parts(columns))

    def parts(self, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        folder = Path(self.folder)
        (folder / f"{os.getppid()}-{os.getpid()}-{self.number}").touch()
        assert looked_for((folder / "go").exists)
        yield from FrameChunk(asset_frame(self.number, _SIZE)).parts(columns)


def looked_for(seen: Callable[[], bool]) -> bool:
    """Whether something came to be seen within two minutes."""
    pause = threading.Event()
    return any(seen() or pause.wait(0.02) for _ in range(_LOOKS))


def train_while_one_dies(settings: Settings, kill: Callable[[], None]) -> None:
    """Kill a node when both are at work, let the tasks go on, and print what came of it."""
    markers = settings.home / "markers"
    markers.mkdir(parents=True)
    done: list[FitReport] = []
    with RayEngine(settings) as engine:
        job = threading.Thread(target=lambda: done.append(_fit(settings, "ray", engine)))
        job.start()
        # A node's workers have its raylet for a parent.
        assert looked_for(lambda: len(_nodes(markers)) == 2)
        at_work = len(_nodes(markers))
        kill()
        (markers / "go").touch()
        job.join()
    begun = len(list(markers.glob("*-*-*")))
    local = _fit(settings, "local", LocalEngine(1))
    told = {
        "nodes_at_work": at_work,
        "assets": done[0].assets,
        "of": _SIZE.assets,
        "failures": done[0].failures,
        "same_as_local": done[0].digest == local.digest,
        "begun": begun,
    }
    sys.stdout.write(json.dumps(told) + "\n")


def _nodes(markers: Path) -> set[str]:
    return {marker.name.split("-")[0] for marker in markers.glob("*-*-*")}


def _fit(settings: Settings, name: str, engine: Engine) -> FitReport:
    chunks = [Waits(n, str(settings.home / "markers")) for n in range(_SIZE.assets)]
    sensors = tuple(f"s{number:02d}" for number in range(_SIZE.sensors))
    layout = Layout(asset="asset", time="time", time_kind="time", sensors=sensors)
    folder = settings.home / f"{name}.kz"
    return fit_fleet(chunks, resolve("mahalanobis"), layout, folder, engine)
