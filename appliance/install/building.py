"""How the platform's wheel is built: with the chart, which a checkout has beside the packages.

``pyproject.toml`` names the class to setuptools, which runs it where it builds from.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools.command.build_py import build_py

CHART = Path("helm") / "kizashi"
SHIPPED = Path("appliance") / "install" / "cluster" / "chart"


class WithChart(build_py):  # type: ignore[misc]
    """Builds the packages, and puts the chart where an installed platform looks for it."""

    def run(self) -> None:
        """Build; an image's build has no chart at hand and goes without."""
        super().run()
        if CHART.is_dir() and not self.editable_mode:
            shutil.copytree(CHART, Path(self.build_lib) / SHIPPED, dirs_exist_ok=True)
