"""The kernels that an image brings compiled: a container's own copy of them.

numba takes compiled code only from a folder that it may write to, and only if it was compiled
for the processor that it is told of.  An image is for many processors: its kernels are for the
oldest of those that Polars runs on as well, and numba is told that one.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from appliance.core.log import get

_log = get(__name__)
BROUGHT = Path("/usr/share/kizashi/kernels")
_TARGET = "target"
_NEEDED = frozenset({"avx2", "bmi1", "bmi2", "f16c", "fma", "movbe"})
_BASELINE = "x86-64-v3"


def environment(home: Path, brought: Path = BROUGHT) -> dict[str, str]:
    """Return what numba is to be told; nothing where no kernels were brought for this machine.

    Parameters
    ----------
    home
        Gets the copy.
    brought
        Folder of the image.
    """
    try:
        name, features = (brought / _TARGET).read_text("ascii").split("\n")[:2]
        if name == _BASELINE and not _processor() >= _NEEDED:
            _log.warning("this processor is older than the image's kernels: they are compiled")
            return {"NUMBA_CACHE_DIR": str(home / "kernels")}
        copy = home / "kernels"
        if _told(copy) != _told(brought):
            shutil.rmtree(copy, ignore_errors=True)
            draft = home / "kernels.part"
            shutil.rmtree(draft, ignore_errors=True)
            shutil.copytree(brought, draft, copy_function=shutil.copyfile)
            draft.rename(copy)
    except (OSError, ValueError) as error:
        _log.debug("no compiled kernels are used: %s", error)
        return {}
    return {
        "NUMBA_CACHE_DIR": str(copy),
        "NUMBA_CPU_NAME": name,
        "NUMBA_CPU_FEATURES": features,
    }


def _told(folder: Path) -> str:
    """Return of which image the kernels of a folder are."""
    try:
        return (folder / _TARGET).read_text("ascii")
    except OSError:
        return ""


def _processor() -> frozenset[str]:
    """Return what this machine's processor can do, in the words of Linux."""
    for line in Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines():
        if line.startswith("flags"):
            return frozenset(line.partition(":")[2].split())
    return frozenset()
