"""Writes the files of the chart: ``python -m appliance.telemetry.dashboards FOLDER``."""

from __future__ import annotations

import sys
from pathlib import Path

from appliance.telemetry.dashboards import write

if __name__ == "__main__":
    write(Path(sys.argv[1]))
