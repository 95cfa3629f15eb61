"""Steps on a bundle: looked at whole before anything runs, unpacked, and cleared away."""

from __future__ import annotations

import platform
import shutil
import sys
from pathlib import Path

from appliance.install import trust
from appliance.install.bundle import Bundle, Told, open_bundle
from appliance.install.plan import LOCK, PACKAGES, PROJECT, README, InstallError, Plan, Show
from appliance.install.versions import Version


def check_bundle(plan: Plan, show: Show) -> str:
    """The bundle is its publisher's, every byte of it, and for a machine like this one."""
    if plan.file is None:
        if plan.trust is not None:
            raise InstallError("--trust says whose bundle it is: name one with --bundle FILE.")
        return ""
    kept = trust.pinned(plan.home)
    named = None if plan.trust is None else trust.read_key(plan.trust)
    found = open_bundle(plan.file, named or kept)
    _check_machine(found)
    for part in (*PACKAGES, str(LOCK), PROJECT, README, "wheels"):
        if not found.below("wheels/" if part == "wheels" else f"source/{part}"):
            raise InstallError(f"the bundle {plan.file} holds no {part}: it is for other uses.")
    found.verify(_share(show, "verified"))
    whole = (
        f"Bundle: Kizashi {version_of(found)}, whole, signed by {trust.fingerprint(found.key)}"
    )
    if named is None and kept is None:
        return (
            f"{whole}\nThis is the first bundle here, so its publisher is trusted from now on. "
            "Compare the signature's digits with those that the publisher tells."
        )
    return whole


def unpack(plan: Plan, show: Show) -> str:
    """The bundle's checkout and packages, verified again as they are written."""
    clear(plan)
    if plan.file is None:
        return ""
    kept = None if plan.trust is None else trust.read_key(plan.trust)
    found = open_bundle(plan.file, kept or trust.pinned(plan.home))
    plan.unpacked.mkdir(mode=0o700)
    found.extract("source/", plan.source, _share(show, "unpacked"))
    if plan.bundle is not None:
        found.extract("wheels/", plan.bundle, _share(show, "unpacked"))
    return trust.pin(plan.home, found.key)


def clear(plan: Plan) -> None:
    """Remove what was unpacked."""
    if plan.unpacked.exists():
        shutil.rmtree(plan.unpacked)


def version_of(found: Bundle) -> Version:
    """Return the version that a bundle brings."""
    return Version(found.version, found.revision)


def _check_machine(found: Bundle) -> None:
    here = {
        "system": platform.system(),
        "machine": platform.machine(),
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
    }
    if dict(found.platform) == here:
        return
    wanted = f"Python {found.platform['python']} on {found.platform['system']} "
    wanted += found.platform["machine"]
    words = f"the bundle {found.file} is for {wanted}, this is Python {here['python']} on "
    words += f"{here['system']} {here['machine']}."
    other = shutil.which(f"python{found.platform['python']}")
    if other and {**here, "python": found.platform["python"]} == dict(found.platform):
        raise InstallError(f"{words} There is another here: KIZASHI_PYTHON={other}")
    raise InstallError(
        f"{words} Have one made on a machine like this one, by `kizashi bundle`."
    )


def _share(show: Show, doing: str) -> Told:
    """Return what tells how much of the whole is done."""
    told = -1

    def tell(done: int, total: int) -> None:
        nonlocal told
        share = 100 * done // max(total, 1)
        if share != told:
            told = share
            show(f"{share} % {doing}")

    return tell


def folders(home: Path) -> tuple[Path, Path]:
    """Return where checkout and wheels of a bundle lie while it is installed."""
    unpacked = Plan(home, home).unpacked
    return unpacked / "source", unpacked / "wheels"
