"""Kizashi's side: lake to fleet model, lake to scores, files to lake."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from appliance.core.settings import Settings
from appliance.engine import Engine
from appliance.fleet.fleet_scores import score_fleet
from appliance.fleet.frames import Layout
from appliance.fleet.recipe import resolve
from appliance.fleet.training import FitReport, fit_fleet
from appliance.lake import ReadingsChunk
from appliance.pipelines.site import Site
from benchmarks.harness.plant import files_of
from benchmarks.harness.watch import Watch
from benchmarks.sides.plant import FLEET, WARM_FLEET


def site_of(root: str, out: str) -> Site:
    """Return an installation of its own whose lake is the plant's."""
    return Site(Settings(home=Path(out), lake_url=f"{root}/lake"))


def _chunks(site: Site, fleet: str, engine: Engine) -> list[ReadingsChunk]:
    cells = site.chunk_cells(fleet, engine.workers)
    return site.lake.readings(fleet).chunks(cells=cells)


def fit_fleet_of(
    site: Site, fleet: str, folder: Path, engine: Engine, recipe: str = "forest"
) -> FitReport:
    """Train a model, a forest if not said, for every asset of a fleet."""
    sensors = tuple(site.lake.readings(fleet).columns())
    layout = Layout(asset="asset", time="time", time_kind="time", sensors=sensors)
    return fit_fleet(_chunks(site, fleet, engine), resolve(recipe), layout, folder, engine)


def _score(site: Site, fleet: str, folder: Path, engine: Engine, version: int) -> int:
    sink = site.lake.scores(fleet)
    chunks = _chunks(site, fleet, engine)
    rows = 0
    for scored in score_fleet(chunks, folder, sink, engine, model_version=version):
        if scored.staged is not None:
            sink.commit([scored.staged], run=f"benchmark-{version}", part=scored.index)
        rows += scored.rows
    return rows


def fit(root: str, out: str, engine: str, recipe: str = "forest") -> dict[str, Any]:
    """Train every asset: from the lake to the saved fleet model."""
    watch = Watch()
    site = site_of(root, out)
    with site.engine(engine) as made:
        fit_fleet_of(site, WARM_FLEET, Path(out) / "warm.kz", made)
        if recipe != "forest":  # the others' kernels are loaded too
            fit_fleet_of(site, WARM_FLEET, Path(out) / "warm.kz", made, recipe)
        watch.ready()
        report = fit_fleet_of(site, FLEET, Path(out) / "model.kz", made, recipe)
        result = watch.done(assets=report.assets)
    size = sum(path.stat().st_size for path in files_of(report.folder))
    return result | {"model_bytes": size}


def score(root: str, out: str, engine: str, version: int) -> dict[str, Any]:
    """Score every reading: from the lake to committed scores, contributions included."""
    watch = Watch()
    site = site_of(root, out)
    model, warm = Path(out) / "model.kz", Path(out) / "warm.kz"
    with site.engine(engine) as made:
        fit_fleet_of(site, WARM_FLEET, warm, made)
        _score(site, WARM_FLEET, warm, made, version)
        watch.ready()
        rows = _score(site, FLEET, model, made, version)
        return watch.done(rows=rows)


def ingest(files: str, out: str, lake: str = "") -> dict[str, Any]:
    """Bring files into an empty lake, as the command does; the home's if none is named."""
    watch = Watch()
    intake = Site(Settings(home=Path(out), lake_url=lake)).intake
    watch.ready()
    report = intake.ingest([files], FLEET)
    return watch.done(rows=report.rows, quarantined=report.quarantined)
