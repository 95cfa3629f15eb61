"""Steps on the appliance that runs: stopped before it is changed, started again after it."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from appliance.install import child, environment, preflight
from appliance.install.plan import InstallError, Plan, Show, write
from appliance.machine import service

_PATIENCE = 120.0
_LOOK = 0.1
_OTHERS = "the appliance runs as another user: run this as that user, or stop it first."


def process_of(plan: Plan) -> int | None:
    """Return the number of the supervisor that runs in the home; None if none does."""
    try:
        number = int(plan.supervisor.read_text("ascii"))
        os.kill(number, 0)
    except PermissionError as error:
        raise InstallError(_OTHERS) from error
    except (OSError, ValueError):
        return None
    told = Path(f"/proc/{number}/cmdline")
    if told.parent.parent.is_dir() and str(plan.home).encode() not in _read(told):
        return None  # the number is another program's by now
    return number


def stop(plan: Plan, show: Show) -> str:
    """The appliance, if it runs and is about to change."""
    number = process_of(plan)
    if number is None or not _changes(plan):
        return ""
    write(plan.stopped, "")
    show("stopping it")
    with contextlib.suppress(ProcessLookupError):
        os.kill(number, signal.SIGTERM)
    until = time.monotonic() + _PATIENCE
    while process_of(plan) is not None:
        if time.monotonic() > until:
            raise InstallError(
                f"the appliance (process {number}) does not stop. End it, and run this again."
            )
        time.sleep(_LOOK)
    return "stopped it; it is started again after the last step"


def install_service(plan: Plan, show: Show) -> str:
    """The unit by which systemd starts the appliance at boot."""
    unit = service.FOLDER / service.UNIT
    port = plan.port or preflight.own_port(plan) or preflight.DEFAULT_PORT
    text = service.text(plan.home, plan.command, getpass.getuser(), port)
    if _read(unit) == text.encode() and _systemctl("is-enabled", "--quiet", ask=False) == 0:
        return ""
    show("asking systemd")
    plan.scratch.mkdir(mode=0o700, exist_ok=True)
    draft = plan.scratch / service.UNIT
    write(draft, text)
    done = child.attend([*_privileged(), "install", "-m", "644", str(draft), str(unit)])
    shutil.rmtree(plan.scratch)
    if done != 0:
        raise InstallError(f"{unit} could not be written. Run this as a user who may use sudo.")
    for words in (["daemon-reload"], ["enable", service.UNIT]):
        if child.attend([*_privileged(), "systemctl", "--quiet", *words]) != 0:
            raise InstallError(f"systemctl {' '.join(words)} failed; its words are above.")
    return f"wrote {unit}: the appliance starts at boot"


def start(plan: Plan) -> int:
    """Start the appliance, and wait until it is ready; return the exit status."""
    if (plan.service or service.is_one(plan.home)) and _systemctl("start", ask=True) != 0:
        return 1
    status = child.attend([str(plan.command), "--home", str(plan.home), "up"])
    if status == 0:
        plan.stopped.unlink(missing_ok=True)
    return status


def _systemctl(verb: str, *options: str, ask: bool) -> int:
    command = ["systemctl", *options, verb, service.UNIT]
    if ask:
        return child.attend([*_privileged(), *command])
    return subprocess.run(command, capture_output=True, check=False).returncode  # noqa: S603


def _privileged() -> list[str]:
    """Return what a command begins with that only the administrator may give."""
    return [] if os.geteuid() == 0 else ["sudo"]


def _changes(plan: Plan) -> bool:
    if plan.rollback or not environment.is_current(plan):
        return True
    return plan.port is not None and plan.port != preflight.own_port(plan)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
