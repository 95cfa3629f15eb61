"""The chart that comes with the platform, and how Helm is told of it."""

from __future__ import annotations

import re
from pathlib import Path

from appliance import __version__
from appliance.core.errors import StorageError
from appliance.install.cluster.plan import Target

_FOLDER = Path(__file__).parent / "chart"
"""In a checkout a link to ``helm/kizashi``; installed, a copy of it."""
_PROFILES = {Target.KIND: "values-kind.yaml", Target.EKS: "values-eks.yaml"}


def folder() -> Path:
    """Return the chart's folder.

    Raises
    ------
    StorageError
        It is not there.
    """
    found = _FOLDER.resolve()
    if not (found / "Chart.yaml").is_file():
        raise StorageError("the chart is not there.", remedy="Install the platform anew.")
    return found


def profile(target: Target) -> Path | None:
    """Return the file of the chart's own values for a kind of cluster, if there is one."""
    name = _PROFILES.get(target)
    return None if name is None else folder() / name


def image() -> str:
    """Return the image of this version."""
    return f"kizashi:{__version__}"


def split(image: str) -> tuple[str, str, str]:
    """Return repository, tag and digest of an image; what it does not say is empty."""
    rest, _, digest = image.partition("@")
    tagged = re.fullmatch(r"(.+):([\w][\w.-]{0,127})", rest)
    if tagged is None or "/" in tagged[2]:
        return rest, "", digest
    return tagged[1], tagged[2], digest
