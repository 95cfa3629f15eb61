"""Ingest: files into a fleet's readings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from appliance.intake import IngestOptions
from appliance.pipelines.site import Site
from appliance.pipelines.steps import Plain, Steps
from appliance.schemas.ingest import IngestReport
from appliance.schemas.progress import Progress


def ingest(
    site: Site,
    paths: Sequence[Path | str],
    fleet: str,
    options: IngestOptions | None = None,
    progress: Progress | None = None,
    *,
    by: str = "",
    steps: Steps | None = None,
) -> IngestReport:
    """Bring files into a fleet; see `appliance.intake.Intake.ingest`."""
    return (steps or Plain()).run(
        "ingest",
        IngestReport,
        lambda: site.intake.ingest(paths, fleet, options, progress, by=by),
    )
