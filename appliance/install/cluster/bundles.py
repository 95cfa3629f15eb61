"""What a bundle brings to a cluster: images, taken into Docker once every byte was compared."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from appliance import __version__
from appliance.core.errors import InvalidRequest, OperatorError
from appliance.install import trust
from appliance.install.bundle import Bundle, open_bundle
from appliance.install.cluster.calling import call, must
from appliance.install.cluster.plan import Show
from appliance.install.plan import InstallError

_LOADED = re.compile(r"^Loaded image: (\S+)$", re.MULTILINE)
_SECONDS = 1800.0


def load(file: Path, trusted: str, home: Path, show: Show) -> tuple[list[str], list[str]]:
    """Load the images of a bundle into Docker.

    Parameters
    ----------
    trusted
        Whose bundle it must be; the home's publisher if that is empty.
    home
        That keeps whose bundles it takes.

    Returns
    -------
    list of str, list of str
        The images of the platform, and of kind's node.

    Raises
    ------
    InvalidRequest
        It is of another version or publisher, was changed, or nobody said whose it must be.
    OperatorError
        Docker does not take an image.
    """
    try:
        found = open_bundle(file, trust.read_key(trusted) if trusted else trust.pinned(home))
        if not trusted and trust.pinned(home) is None:
            raise InvalidRequest(
                "this home knows no publisher of bundles.",
                remedy="Say whose it must be: --trust FINGERPRINT. The publisher tells it.",
            )
        if found.version != __version__:
            raise InvalidRequest(
                f"the bundle is of {found.version}, and this is {__version__}.",
                remedy="Install it first: ./install.sh --bundle FILE.",
            )
        show("comparing every byte")
        found.verify()
        return _taken(found, "image/", home, show), _taken(found, "kind/", home, show)
    except InstallError as error:
        raise InvalidRequest(str(error)) from error


def _taken(found: Bundle, prefix: str, home: Path, show: Show) -> list[str]:
    scratch = home / "clusters" / ".bundle"
    if scratch.exists():
        shutil.rmtree(scratch)  # of a run that was cut off
    names: list[str] = []
    try:
        for path in found.extract(prefix, scratch):
            show(f"loading {path.name}")
            done = call(["docker", "image", "load", "--input", str(path)], seconds=_SECONDS)
            must(done, f"Docker does not take {path.name}", "Check the free disk space.")
            names += _LOADED.findall(done.text)
    except OSError as error:
        raise OperatorError(
            f"the bundle cannot be unpacked: {error.strerror}.", remedy="Free some space."
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return names
