"""Dashboards of Grafana and rules of Prometheus, as code: the files follow from it.

`files` gives all of them.  The chart holds them as they are written by
``python -m appliance.telemetry.dashboards helm/kizashi/files``; on one machine
``kizashi metrics --write FOLDER`` writes them.
"""

from __future__ import annotations

from pathlib import Path

from appliance.telemetry.dashboards.cost import DASHBOARD as COST
from appliance.telemetry.dashboards.fleets import DASHBOARD as FLEETS
from appliance.telemetry.dashboards.jobs import DASHBOARD as JOBS
from appliance.telemetry.dashboards.panels import Dashboard
from appliance.telemetry.dashboards.platform import DASHBOARD as PLATFORM
from appliance.telemetry.dashboards.rules import RULES, written
from appliance.telemetry.dashboards.sources import DASHBOARD as SOURCES

DASHBOARDS: tuple[Dashboard, ...] = (PLATFORM, JOBS, FLEETS, SOURCES, COST)
RULES_FILE = "alerts/kizashi.rules.yml"


def files() -> dict[str, str]:
    """Return the texts of all files by their paths."""
    return {RULES_FILE: written(RULES)} | {
        f"dashboards/{one.uid}.json": one.written() for one in DASHBOARDS
    }


def write(folder: Path) -> None:
    """Write all files below a folder; raises `OSError`."""
    for name, text in files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
