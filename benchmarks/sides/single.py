"""What a run does once: opening a model of many machines, cutting buckets, being there."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from appliance.fleet.artifact import Artifact
from appliance.pipelines.site import Site
from benchmarks.harness.processes import process_bytes
from benchmarks.sides.busy_site import event_drafts
from benchmarks.sides.ours import fit_fleet_of, site_of
from benchmarks.sides.plant import FLEET, WARM_FLEET

_SECTIONS = 4
"""Chunks that each bucket is cut into."""
_EVENTS = 2_000


def steps(root: str, out: str) -> dict[str, Any]:
    """Return what one process holds, and what it takes to open the fleet's model and to cut.

    Returns
    -------
    dict
        ``process_mb``: with all kernels loaded, before there is anything to do;
        ``open_ms_asset`` and ``held_kb_asset``: of the manifest; ``cut_us_row``: of planning
        chunks that are smaller than a bucket; ``event_ms`` and ``event_kb``: of an event in
        the database.  Times are of the processor.
    """
    site = site_of(root, out)
    with site.engine("local") as engine:
        fit_fleet_of(site, WARM_FLEET, Path(out) / "warm.kz", engine)
    own = psutil.Process()
    before, begun = process_bytes(own), time.process_time()
    artifact = Artifact(Path(out) / "model.kz")
    opened, held = time.process_time() - begun, process_bytes(own) - before
    assets = len(artifact.manifest.assets)
    return {
        "process_mb": before / 2**20,
        "open_ms_asset": 1e3 * opened / assets,
        "held_kb_asset": max(held, 0) / 1e3 / assets,
        "cut_us_row": _cutting(site),
        **_noting(site),
    }


def _cutting(site: Site) -> float:
    readings = site.lake.readings(FLEET)
    rows, columns = readings.row_count(), len(readings.columns())
    readings.chunks(cells=rows * columns)
    begun = time.process_time()
    readings.chunks(cells=max(rows * columns // (32 * _SECTIONS), 1))
    return 1e6 * (time.process_time() - begun) / rows


def _noting(site: Site) -> dict[str, float]:
    """Put events into the database, as a scoring run does."""
    drafts = list(event_drafts(0, _EVENTS))
    whole = min(one.start for one in drafts), max(one.end for one in drafts)
    spans = dict.fromkeys((one.asset for one in drafts), whole)
    begun = time.process_time()
    site.events.revise(FLEET, drafts, spans, model_version=1, score_batch="benchmark")
    spent = time.process_time() - begun
    files = site.settings.home.glob("kizashi.db*")
    return {
        "event_ms": 1e3 * spent / _EVENTS,
        "event_kb": sum(file.stat().st_size for file in files) / 1e3 / _EVENTS,
    }
