"""Steps that look and touch nothing."""

from __future__ import annotations

import errno
import importlib.util
import os
import shutil
import socket
import sys
import tomllib
from pathlib import Path

from appliance.install.plan import LOCK, PACKAGES, PROJECT, README, InstallError, Plan, Show

NEEDED_BYTES = 3 * 2**30
"""Free space for a first installation: the environment, and the demo plant beside it."""
SPARE_BYTES = 500 * 2**20
"""Free space that an upgrade or a repeated run still needs."""
DEFAULT_PORT = 8443
_UNUSABLE = ':?#%"\n'


def check_python(_plan: Plan, _show: Show) -> str:
    """The interpreter can make environments."""
    if not all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise InstallError(
            f"{sys.executable} cannot make environments, its venv module is not complete. "
            f"Install it (Debian, Ubuntu: apt-get install python{version}-venv) and run this "
            "again, or name another Python: KIZASHI_PYTHON=/path/to/python3 ./install.sh"
        )
    return ""


def check_home(plan: Plan, _show: Show) -> str:
    """The home can be made and written."""
    odd = sorted(set(_UNUSABLE) & set(str(plan.home)))
    if odd:
        raise InstallError(
            f"{plan.home} holds {odd[0]!r}, which paths and addresses give another meaning: "
            "choose another --home."
        )
    try:
        folder = _existing_parent(plan.home)
    except PermissionError as error:
        raise InstallError(
            f"{error.filename} cannot be reached by this user: choose another --home."
        ) from error
    if not folder.is_dir():
        raise InstallError(f"{folder} is a file, not a folder: choose another --home.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InstallError(
            f"{folder} cannot be written by this user: choose another --home, or run this as "
            "the user who owns it."
        )
    return ""


def check_space(plan: Plan, _show: Show) -> str:
    """There is room for the environment and the data."""
    free = shutil.disk_usage(_existing_parent(plan.home)).free
    needed = SPARE_BYTES if plan.stamp.is_file() else NEEDED_BYTES
    if free < needed:
        raise InstallError(
            f"the disk is too full: {free / 2**30:.1f} GiB are free for {plan.home}, "
            f"{needed / 2**30:.1f} are needed. Free some space, or choose a --home on a "
            "larger disk."
        )
    return ""


def check_port(plan: Plan, _show: Show) -> str:
    """The port that was asked for can be listened on, or is this home's own already."""
    own = _own_port(plan)
    if plan.port is None:
        port = own or DEFAULT_PORT
        if own is None and _refusal(port) is not None:
            return (
                f"Note: another program holds port {port}, on which the appliance would "
                "listen. Nothing needs it yet; --port N chooses another."
            )
        return ""
    if not 1 <= plan.port <= 65_535:
        raise InstallError(f"--port {plan.port}: a port is a number from 1 to 65535.")
    if plan.port == own:
        return ""  # whoever listens there may well be this installation
    refused = _refusal(plan.port)
    if refused is not None and refused.errno == errno.EACCES:
        raise InstallError(
            f"port {plan.port} is open to the administrator only: choose a --port above 1023."
        )
    if refused is not None:
        raise InstallError(
            f"port {plan.port} is taken by another program. Stop that program, or choose "
            "another --port."
        )
    return ""


def check_source(plan: Plan, _show: Show) -> str:
    """The checkout is whole, and so is the bundle if one is named."""
    for part in (*PACKAGES, LOCK, PROJECT, README):
        if not (plan.source / part).exists():
            raise InstallError(
                f"{plan.source} is not a whole checkout, {part} is missing: get it anew "
                "(git checkout, git clone)."
            )
    if plan.bundle is not None and not any(plan.bundle.glob("*.whl")):
        raise InstallError(
            f"the bundle {plan.bundle} holds no wheels: name the folder that `pip download "
            f"--only-binary :all: --require-hashes -r {LOCK} -d DIR` filled."
        )
    return ""


def _existing_parent(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


def _own_port(plan: Plan) -> int | None:
    try:
        port = tomllib.loads(plan.settings.read_text("utf-8")).get("port")
    except (OSError, ValueError):
        return None  # a damaged file is the settings step's to report
    return port if isinstance(port, int) else None


def _refusal(port: int) -> OSError | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError as error:
            return error
    return None
