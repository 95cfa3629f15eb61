"""What a run does once: opening a model of many machines, cutting buckets, being there."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from appliance.fleet.artifact import Artifact
from appliance.pipelines.site import Site
from benchmarks.harness.processes import process_bytes
from benchmarks.sides.ours import fit_fleet_of, site_of
from benchmarks.sides.plant import FLEET, WARM_FLEET

_SECTIONS = 4
"""Chunks that each bucket is cut into."""


def steps(root: str, out: str) -> dict[str, Any]:
    """Return what one process holds, and what it takes to open the fleet's model and to cut.

    Returns
    -------
    dict
        ``process_mb``: with all kernels loaded, before there is anything to do;
        ``open_ms_asset`` and ``held_kb_asset``: of the manifest; ``cut_us_row``: of planning
        chunks that are smaller than a bucket.  Times are of the processor.
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
    }


def _cutting(site: Site) -> float:
    readings = site.lake.readings(FLEET)
    rows, columns = readings.row_count(), len(readings.columns())
    readings.chunks(cells=rows * columns)
    begun = time.process_time()
    readings.chunks(cells=max(rows * columns // (32 * _SECTIONS), 1))
    return 1e6 * (time.process_time() - begun) / rows
