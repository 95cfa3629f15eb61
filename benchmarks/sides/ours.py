"""Kizashi's side: lake to fleet model, lake to scores, files to lake."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from appliance.core.settings import Settings
from appliance.engine import Engine
from appliance.fleet.frames import Layout
from appliance.fleet.recipe import resolve
from appliance.fleet.scoring import score_fleet
from appliance.fleet.training import FitReport, fit_fleet
from appliance.lake import ReadingsChunk
from appliance.pipelines.site import Site
from benchmarks.harness.plant import files_of
from benchmarks.sides.plant import FLEET, WARM_FLEET


def site_of(root: str, out: str) -> Site:
    """Return an installation of its own whose lake is the plant's."""
    return Site(Settings(home=Path(out), lake_url=f"{root}/lake"))


def _chunks(site: Site, fleet: str, engine: Engine) -> list[ReadingsChunk]:
    cells = site.chunk_cells(fleet, engine.workers)
    return site.lake.readings(fleet).chunks(cells=cells)


def fit_fleet_of(site: Site, fleet: str, folder: Path, engine: Engine) -> FitReport:
    """Train a forest for every asset of a fleet."""
    sensors = tuple(site.lake.readings(fleet).columns())
    layout = Layout(asset="asset", time="time", time_kind="time", sensors=sensors)
    return fit_fleet(_chunks(site, fleet, engine), resolve("forest"), layout, folder, engine)


def _score(site: Site, fleet: str, folder: Path, engine: Engine, version: int) -> int:
    sink = site.lake.scores(fleet)
    chunks = _chunks(site, fleet, engine)
    rows = 0
    for scored in score_fleet(chunks, folder, sink, engine, model_version=version):
        if scored.staged is not None:
            sink.commit([scored.staged], run=f"benchmark-{version}", part=scored.index)
        rows += scored.rows
    return rows


def fit(root: str, out: str, engine: str) -> dict[str, Any]:
    """Train a forest for every asset: from the lake to the saved fleet model."""
    begun = time.perf_counter()
    site = site_of(root, out)
    with site.engine(engine) as made:
        fit_fleet_of(site, WARM_FLEET, Path(out) / "warm.kz", made)
        ready = time.perf_counter()
        report = fit_fleet_of(site, FLEET, Path(out) / "model.kz", made)
        done = time.perf_counter()
    size = sum(path.stat().st_size for path in files_of(report.folder))
    return {
        "seconds": done - ready,
        "start_seconds": ready - begun,
        "assets": report.assets,
        "model_bytes": size,
    }


def score(root: str, out: str, engine: str, version: int) -> dict[str, Any]:
    """Score every reading: from the lake to committed scores, contributions included."""
    begun = time.perf_counter()
    site = site_of(root, out)
    model, warm = Path(out) / "model.kz", Path(out) / "warm.kz"
    with site.engine(engine) as made:
        fit_fleet_of(site, WARM_FLEET, warm, made)
        _score(site, WARM_FLEET, warm, made, version)
        ready = time.perf_counter()
        rows = _score(site, FLEET, model, made, version)
        done = time.perf_counter()
    return {"seconds": done - ready, "start_seconds": ready - begun, "rows": rows}


def ingest(files: str, out: str) -> dict[str, Any]:
    """Bring files into an empty lake, as the command does."""
    begun = time.perf_counter()
    intake = Site(Settings(home=Path(out))).intake
    ready = time.perf_counter()
    report = intake.ingest([files], FLEET)
    done = time.perf_counter()
    return {
        "seconds": done - ready,
        "start_seconds": ready - begun,
        "rows": report.rows,
        "quarantined": report.quarantined,
    }
