"""Kizashi's side: lake to fleet model, lake to scores, files to lake."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.core.settings import Settings
from appliance.engine import Engine
from appliance.fleet.artifact import Artifact
from appliance.fleet.fleet_scores import score_fleet
from appliance.fleet.frames import Layout
from appliance.fleet.recipe import resolve
from appliance.fleet.training import FitReport, fit_fleet
from appliance.lake import ReadingsChunk
from appliance.pipelines import stretches
from appliance.pipelines.site import Site
from appliance.pipelines.stretches import Span
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


@dataclass(frozen=True)
class Scored:
    """Rows that were judged, and the processor time of a commit of them."""

    rows: int
    commit_ms: float


def score_fleet_of(
    site: Site, fleet: str, folder: Path, engine: Engine, version: int, *, cut: bool = False
) -> Scored:
    """Score every reading of a fleet, and commit what each task gave."""
    sink, readings = site.lake.scores(fleet), site.lake.readings(fleet)
    rows = part = 0
    committing = []
    for spans in _rounds(site, fleet, folder) if cut else [None]:
        if spans is None:
            chunks = _chunks(site, fleet, engine)
        else:
            start, end = stretches.to_read(Artifact(folder).manifest, spans)
            cells = site.chunk_cells(fleet, engine.workers)
            chunks = readings.chunks(cells=cells, assets=[*spans], start=start, end=end)
        found = score_fleet(chunks, folder, sink, engine, model_version=version, spans=spans)
        for scored in found:
            if scored.staged is not None:
                run = f"benchmark-{version}"
                begun = time.thread_time()
                sink.commit([scored.staged], run=run, part=part + scored.index)
                committing.append(time.thread_time() - begun)
            rows += scored.rows
        part += len(chunks)
    return Scored(rows, 1e3 * sum(committing) / max(len(committing), 1))


def _rounds(site: Site, fleet: str, folder: Path) -> list[dict[str, Span]]:
    """Return what a scoring run judges one after the other."""
    extents = site.lake.readings(fleet).extents()
    whole = {asset: [(one.start, one.end)] for asset, one in extents.items()}
    manifest = Artifact(folder).manifest
    return stretches.rounds(stretches.cut(manifest, whole, site.settings.chunk_cells))


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


def score(
    root: str, out: str, engine: str, version: int, *, cut: bool = False
) -> dict[str, Any]:
    """Score every reading: from the lake to committed scores, contributions included.

    Parameters
    ----------
    cut
        Judge a long past in pieces, as scoring runs do.
    """
    watch = Watch()
    site = site_of(root, out)
    model, warm = Path(out) / "model.kz", Path(out) / "warm.kz"
    with site.engine(engine) as made:
        fit_fleet_of(site, WARM_FLEET, warm, made)
        score_fleet_of(site, WARM_FLEET, warm, made, version)
        watch.ready()
        before = site.lake.size(FLEET)
        found = score_fleet_of(site, FLEET, model, made, version, cut=cut)
        result = watch.done(rows=found.rows, commit_ms=found.commit_ms)
    written = site.lake.size(FLEET) - before
    return result | {"score_bytes": written / max(found.rows, 1)}


def ingest(files: str, out: str, lake: str = "") -> dict[str, Any]:
    """Bring files into an empty lake, as the command does; the home's if none is named."""
    watch = Watch()
    intake = Site(Settings(home=Path(out), lake_url=lake)).intake
    watch.ready()
    report = intake.ingest([files], FLEET)
    return watch.done(rows=report.rows, quarantined=report.quarantined)
