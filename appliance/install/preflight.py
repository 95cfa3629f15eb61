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
from appliance.machine import service

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
    if plan.file is not None:
        needed += plan.file.stat().st_size  # its packages are unpacked for a while
    if free < needed:
        raise InstallError(
            f"the disk is too full: {free / 2**30:.1f} GiB are free for {plan.home}, "
            f"{needed / 2**30:.1f} are needed. Free some space, or choose a --home on a "
            "larger disk."
        )
    return ""


def check_port(plan: Plan, _show: Show) -> str:
    """The port can be listened on, or is this home's own already."""
    own = own_port(plan)
    port = plan.port if plan.port is not None else own or DEFAULT_PORT
    if not 1 <= port <= 65_535:
        raise InstallError(f"--port {port}: a port is a number from 1 to 65535.")
    if port == own and (plan.supervisor.exists() or not (plan.demo or plan.service)):
        return ""  # whoever listens there may well be this installation
    refused = _refusal(port)
    if refused is None:
        return ""
    if plan.port is None and not (plan.demo or plan.service):
        return (
            f"Note: another program holds port {port}, on which the appliance would listen. "
            "Nothing needs it yet; --port N chooses another."
        )
    if refused.errno == errno.EACCES and not plan.service:
        raise InstallError(
            f"port {port} is open to the administrator only: choose a --port above 1023."
        )
    if refused.errno == errno.EACCES:
        return ""  # the service has the right to it
    raise InstallError(
        f"port {port} is taken by another program. Stop that program, or choose another --port."
    )


def check_service(plan: Plan, _show: Show) -> str:
    """There is systemd, which may be told of one more service."""
    if not plan.service:
        return ""
    if not service.is_there():
        raise InstallError(
            "--service needs systemd, which does not run this machine. Leave it out: `kizashi "
            "up` starts the appliance, by hand or from whatever starts programs here."
        )
    if os.geteuid() != 0 and shutil.which("sudo") is None:
        raise InstallError(
            "--service needs the administrator's rights for one file, and there is no sudo "
            "here: run this as root."
        )
    if (service.FOLDER / service.UNIT).exists() and not service.is_one(plan.home):
        raise InstallError(
            f"{service.FOLDER / service.UNIT} makes another home this machine's service. "
            "Name that one with --home, or leave --service out."
        )
    if os.geteuid() == 0:
        return (
            "Note: the service will run as root. Run this as an ordinary user instead, without "
            "sudo: it asks for the rights that it needs."
        )
    return ""


def check_source(plan: Plan, _show: Show) -> str:
    """The checkout is whole, and so is the folder of wheels if one is named."""
    if plan.file is not None:
        return ""  # its checkout was looked at with the bundle
    for part in (*PACKAGES, LOCK, PROJECT, README):
        if not (plan.source / part).exists():
            raise InstallError(
                f"{plan.source} is not a whole checkout, {part} is missing: get it anew "
                "(git checkout, git clone)."
            )
    if plan.bundle is not None and not any(plan.bundle.glob("*.whl")):
        raise InstallError(
            f"the bundle {plan.bundle} holds no wheels: name a file of `kizashi bundle` or the "
            "folder that `pip download --only-binary :all: --require-hashes -r "
            f"{LOCK} -d DIR` filled."
        )
    return ""


def _existing_parent(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


def own_port(plan: Plan) -> int | None:
    """Return the port that the home listens on by its settings; None if they do not say."""
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
