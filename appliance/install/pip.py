"""pip, run in the environment: with progress while it works, in plain words when it fails."""

from __future__ import annotations

import platform
import re
from collections.abc import Callable
from pathlib import Path

from appliance.install import audit, child
from appliance.install.plan import LOCK, InstallError, Plan, Show

_SEEN = re.compile(r"^(?:Collecting|Requirement already satisfied:) ")
_INSTALLING = re.compile(r"^Installing collected packages: (.*)$")
_MISSING = re.compile(r"No matching distribution found for ([^\s;]+)")
_NOT_LOCKED = re.compile(r"HASHES FROM THE REQUIREMENTS FILE.*?\n\s+(\S+)", re.DOTALL)
_UNREACHABLE = (
    "Failed to establish a new connection",
    "Connection refused",
    "Name or service not known",
    "Temporary failure in name resolution",
    "Failed to resolve",
    "Network is unreachable",
    "ConnectTimeout",
    "ReadTimeout",
    "timed out",
    "ProxyError",
    "Connection broken",
    "Connection aborted",
    "RemoteDisconnected",
)


def install(plan: Plan, arguments: list[str], show: Show, *, offline: bool = False) -> None:
    """Run ``pip install`` in the home's environment.

    Parameters
    ----------
    plan
        Names the environment and, perhaps, a bundle of wheels to take everything from.
    arguments
        What to install, and how.
    show
        Told how far it is.
    offline
        Whether everything is here already.

    Raises
    ------
    InstallError
        pip failed; the text says why.
    """
    command = [str(plan.python), "-I", "-m", "pip", "install", "--disable-pip-version-check"]
    command += ["--no-input", "--progress-bar", "off", "--retries", "2"]
    if offline:
        command.append("--no-index")
    elif plan.bundle is not None:
        # With a bundle named, nothing is ever asked of the network.
        command += ["--no-index", "--find-links", str(plan.bundle)]
    plan.scratch.mkdir(mode=0o700, exist_ok=True)
    status, output = child.run(
        command + arguments,
        log=plan.log,
        tick=_counter(plan, show),
        extra={"TMPDIR": str(plan.scratch), "PIP_ROOT_USER_ACTION": "ignore"},
        closed=offline or plan.bundle is not None,
    )
    if status != 0:
        words = explain(output, plan.bundle)
        raise InstallError(f"{words} pip's own words are at the end of {plan.log}.")


def explain(output: str, bundle: Path | None) -> str:
    """Return in one or two sentences why pip failed."""
    if "No space left on device" in output:
        return "the disk is full. Free some space and run this again."
    if found := _NOT_LOCKED.search(output):
        return (
            f"{found[1]} is not the file that was locked (its hash differs), so nothing was "
            "installed. Get it from another place, or make the bundle anew."
        )
    missing = _MISSING.search(output)
    if bundle is not None and missing:
        return (
            f"the bundle {bundle} lacks {missing[1]} for {_machine()}. Make it anew on a "
            f"machine like this one, from this checkout's {LOCK}."
        )
    if "CERTIFICATE_VERIFY_FAILED" in output:
        return (
            "the package registry's certificate is not trusted here. Name the one to trust, "
            "PIP_CERT=/path/to/ca.pem, and run this again."
        )
    if any(sign in output for sign in _UNREACHABLE):
        return (
            "no package registry can be reached. Connect this machine, name a mirror "
            "(PIP_INDEX_URL=https://…), or bring the packages in a folder (--bundle DIR)."
        )
    if missing:
        return (
            f"the package registry has no {missing[1]} for {_machine()}. Try another Python "
            "(KIZASHI_PYTHON=/path/to/python3.12), or bring the packages in a folder "
            "(--bundle DIR)."
        )
    return "pip could not install the packages."


def _machine() -> str:
    return f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"


def _counter(plan: Plan, show: Show) -> Callable[[str], None]:
    """Return what turns pip's lines into a count that moves."""
    total = sum("==" in line for line in plan.lock.read_text("utf-8").splitlines())
    seen = 0
    before: set[Path] = set()
    awaited = 0

    def tick(line: str) -> None:
        nonlocal seen, before, awaited
        if _SEEN.match(line):
            seen += 1
            show(f"{min(seen, total)} of {total} looked up")
        elif found := _INSTALLING.match(line):
            before, awaited = _whole(plan), found[1].count(",") + 1
        elif awaited:
            show(f"{min(len(_whole(plan) - before), awaited)} of {awaited} installed")

    return tick


def _whole(plan: Plan) -> set[Path]:
    site = audit.site_packages(plan.environment)
    return set(site.glob("*.dist-info/RECORD")) if site else set()
