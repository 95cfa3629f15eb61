"""The chart that comes with the platform, and how Helm is told of it."""

from __future__ import annotations

import re
from pathlib import Path

from appliance import __version__
from appliance.core.errors import StorageError
from appliance.install.cluster.plan import Target

_SHIPPED = Path(__file__).parent / "chart"
_CHECKOUT = Path(__file__).parents[3] / "helm" / "kizashi"
_PROFILES = {Target.KIND: "values-kind.yaml", Target.EKS: "values-eks.yaml"}


def folder() -> Path:
    """Return the chart's folder.

    Raises
    ------
    StorageError
        It is not there.
    """
    for found in (_SHIPPED, _CHECKOUT):
        if (found / "Chart.yaml").is_file():
            return found
    raise StorageError("the chart is not there.", remedy="Install the platform anew.")


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
