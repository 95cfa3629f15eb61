"""Steps that fill the home's Python environment: each first asks what is done already."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from appliance.install import audit, child, pip
from appliance.install.plan import (
    CHART,
    PACKAGES,
    PROJECT,
    README,
    InstallError,
    Plan,
    Show,
    write,
)

PLATFORM = "kizashi"
_OLDEST = (3, 11)


def make_environment(plan: Plan, show: Show) -> str:
    """A Python environment of its own; a broken one is made anew."""
    if _works(plan):
        return ""
    existed = plan.environment.exists()
    if existed:
        show("removing the broken one")
        shutil.rmtree(plan.environment)
    show("making it")
    command = [sys.executable, "-I", "-m", "venv", str(plan.environment)]
    status, output = child.run(command, log=plan.log, tick=lambda _line: None)
    if status != 0:
        full = "the disk is full. " if "No space left" in output else ""
        raise InstallError(
            f"{full}{sys.executable} could not make an environment. Its own words are at the "
            f"end of {plan.log}."
        )
    write(plan.made, "")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return f"made anew with Python {version}" if existed else f"made with Python {version}"


def install_packages(plan: Plan, show: Show) -> str:
    """Every dependency, in the locked version and with the locked hash."""
    wanted = _digest([plan.lock])
    stamp = _stamp(plan)
    damaged = _damaged(plan, stamp)
    if stamp.get("lock") == wanted and not damaged:
        return ""
    site = _site(plan)
    plan.stamp.unlink(missing_ok=True)
    audit.remove_leavings(site)
    for package in damaged:
        if package.exists():
            audit.remove(package)
    before = set(audit.installed(site))
    arguments = ["--only-binary", ":all:", "--require-hashes", "-r", str(plan.lock)]
    pip.install(plan, arguments, show)
    new = len(set(audit.installed(site)) - before)
    return f"{new} {'package' if new == 1 else 'packages'} installed" if new else ""


def is_current(plan: Plan) -> bool:
    """Whether all that is installed is whole, and as the checkout has it."""
    if not _works(plan):
        return False
    stamp, wanted = _stamp(plan), _wanted(plan)
    return {name: stamp.get(name) for name in wanted} == wanted and not _damaged(plan, stamp)


def _wanted(plan: Plan) -> dict[str, str]:
    return {
        "lock": _digest([plan.lock]),
        "platform": _digest([plan.source / part for part in (*PACKAGES, CHART, PROJECT)]),
    }


def install_platform(plan: Plan, show: Show) -> str:
    """Kizashi itself, built from a copy so that the checkout stays as it is."""
    wanted = _wanted(plan)
    stamp = _stamp(plan)
    if {name: stamp.get(name) for name in wanted} == wanted:
        return ""
    show("building and installing it")
    copy = plan.scratch / "source"
    copy.mkdir(parents=True)
    for part in (*PACKAGES, CHART):
        hidden = shutil.ignore_patterns("__pycache__")
        if (plan.source / part).exists():
            shutil.copytree(plan.source / part, copy / part, ignore=hidden)
    for name in (PROJECT, README):
        shutil.copy2(plan.source / name, copy / name)
    how = ["--no-deps", "--no-build-isolation", "--force-reinstall"]
    pip.install(plan, [*how, str(copy)], show, offline=True)
    shutil.rmtree(plan.scratch)
    packages = {
        package.name: _digest([package / "RECORD"]) for package in audit.installed(_site(plan))
    }
    write(plan.stamp, json.dumps(wanted | {"packages": packages}, indent=1))
    versions = [name for name in packages if name.startswith(f"{PLATFORM}-")]
    return f"{versions[0].removesuffix('.dist-info').replace('-', ' ')} installed"


# ---------------------------------------------------------------- what is there
def _works(plan: Plan) -> bool:
    site = audit.site_packages(plan.environment)
    if site is None or not plan.made.is_file():
        return False
    # pip mends every other package, so pip itself must be whole.
    tools = [one for one in audit.installed(site) if audit.name_of(one) == "pip"]
    if len(tools) != 1 or not audit.is_whole(tools[0], _since(plan)):
        return False
    old = f"sys.version_info < {_OLDEST}"
    code = f"import pip, sys; sys.exit(sys.prefix == sys.base_prefix or {old})"
    command = [str(plan.python), "-I", "-c", code]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603
    except OSError:
        return False


def _damaged(plan: Plan, stamp: dict[str, Any]) -> list[Path]:
    """Return the packages that are not as they were installed, or not there any more.

    Only packages of the lock and the platform are judged: others are the user's own.
    """
    site, since = _site(plan), _since(plan)
    lines = plan.lock.read_text("utf-8").splitlines()
    ours = {re.sub(r"[-_.]+", "-", line.partition("==")[0]).lower() for line in lines}
    recorded: dict[str, str] = stamp.get("packages", {})
    there = {one for one in audit.installed(site) if audit.name_of(one) in {*ours, PLATFORM}}
    there |= {
        site / name for name in recorded if audit.name_of(Path(name)) in {*ours, PLATFORM}
    }
    damaged = [one for one in sorted(there) if not _as_recorded(one, recorded, since)]
    if not damaged and recorded:
        os.utime(plan.stamp)  # all files changed since were read: not again the next time
    return damaged


def _as_recorded(package: Path, recorded: dict[str, str], since: float) -> bool:
    if not audit.is_whole(package, since):
        return False
    digest = recorded.get(package.name)
    return digest is None or digest == _digest([package / "RECORD"])


def _since(plan: Plan) -> float:
    """Return when the environment was last known to be whole."""
    try:
        return plan.stamp.stat().st_mtime
    except OSError:
        return 0.0


def _site(plan: Plan) -> Path:
    site = audit.site_packages(plan.environment)
    if site is None:
        raise InstallError(f"{plan.environment} was removed while it was being filled.")
    return site


def _stamp(plan: Plan) -> dict[str, Any]:
    try:
        stamp = json.loads(plan.stamp.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _digest(paths: list[Path]) -> str:
    total = hashlib.sha256()
    for root in paths:
        files = [root] if root.is_file() else sorted(root.rglob("*"))
        for path in files:
            if path.is_file() and "__pycache__" not in path.parts:
                total.update(str(path.relative_to(root)).encode() + b"\0")
                total.update(path.read_bytes() + b"\0")
    return total.hexdigest()
