"""The machine: versions, disk, memory and clock."""

from __future__ import annotations

import ctypes
import platform
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from zoneinfo import ZoneInfo

import psutil  # type: ignore[import-untyped]

from appliance import __version__
from appliance.core import clock as clocks
from appliance.machine.doctor.finding import Finding, Patient, broken, fine, note, warning

_GIB = 2**30
_DISK_BROKEN, _DISK_LOW, _DISK_SHARE = _GIB, 5 * _GIB, 0.05
_MEMORY_BROKEN, _MEMORY_LOW, _MEMORY_SMALL = _GIB // 4, _GIB, 4 * _GIB
_SHARED_NEEDED = 512 * 2**20
_SHARED = Path("/dev/shm")  # noqa: S108 - looked at, not written
_OLDEST_SQLITE = (3, 35)
_TIME_ERROR = 5
_TIMEX_BYTES = 512
"""More than the structure has on any machine."""


def versions(patient: Patient) -> Iterator[Finding]:
    """What is installed, and whether what runs is it."""
    told = [f"{name} {metadata.version(name)}" for name in ("ray", "supervisor", "polars")]
    yield fine(
        "versions",
        f"kizashi {__version__}, Python {platform.python_version()}, {', '.join(told)}",
    )
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        yield broken(
            "versions",
            f"SQLite {sqlite3.sqlite_version} is too old.",
            "Install Kizashi with a newer Python.",
        )
    stamp = Path(sys.prefix) / "kizashi-installed.json"
    process = patient.supervisor.process()
    if process is not None and stamp.is_file():
        begun = psutil.Process(process).create_time()
        if stamp.stat().st_mtime > begun and stamp.stat().st_ctime > begun:
            yield warning(
                "versions",
                "the appliance has been running since before the last installation.",
                "kizashi down, then kizashi up",
            )


def disk(patient: Patient) -> Iterator[Finding]:
    """Free space where the home is."""
    home = patient.settings.home
    found = shutil.disk_usage(home if home.exists() else home.parent)
    text = f"{found.free / _GIB:.1f} of {found.total / _GIB:.0f} GiB are free for {home}"
    remedy = "Free some space, or take old readings out: kizashi retention --days N"
    if found.free < _DISK_BROKEN:
        yield broken("disk", text, remedy)
    elif found.free < max(_DISK_LOW, _DISK_SHARE * found.total):
        yield warning("disk", text, remedy)
    else:
        yield fine("disk", text)


def memory(_patient: Patient) -> Iterator[Finding]:
    """Free memory, and what Ray shares between its processes."""
    found = psutil.virtual_memory()
    text = f"{found.available / _GIB:.1f} of {found.total / _GIB:.1f} GiB are free"
    remedy = "End other programs, or set fewer workers in kizashi.toml."
    if found.available < _MEMORY_BROKEN:
        yield broken("memory", text, remedy)
    elif found.available < _MEMORY_LOW:
        yield warning("memory", text, remedy)
    elif found.total < _MEMORY_SMALL:
        yield note("memory", text, "4 GiB are the least for trainings of a few million cells.")
    else:
        yield fine("memory", text)
    if _SHARED.is_dir() and shutil.disk_usage(_SHARED).total < _SHARED_NEEDED:
        yield warning(
            "memory",
            f"{_SHARED} has {shutil.disk_usage(_SHARED).total >> 20} MiB, Ray uses the disk.",
            "In a container, start it with --shm-size=1g.",
        )


def clock(patient: Patient) -> Iterator[Finding]:
    """Whether the clock is kept, has jumped back, and tells the site's time."""
    zone, own = patient.settings.timezone, clocks.machine_zone()
    moment = clocks.now().astimezone(patient.settings.zone)
    machine = moment.astimezone(ZoneInfo(own))
    if synchronised() is False:
        yield warning(
            "clock",
            f"it is {moment:%Y-%m-%d %H:%M:%S} {zone}, but nothing keeps the clock right.",
            "Start a time service: timedatectl set-ntp true, or chrony.",
        )
    else:
        yield fine("clock", f"it is {moment:%Y-%m-%d %H:%M:%S} {zone}")
    if moment.utcoffset() != machine.utcoffset():
        yield note(
            "clock",
            f"the site is in {zone}, the machine in {own}: times without a zone are {zone}.",
            "Right if that is meant; otherwise set timezone in kizashi.toml.",
        )


def synchronised() -> bool | None:
    """Return whether the kernel knows its clock to be kept right; None if it cannot tell."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None, use_errno=True)
    state = library.adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    return None if state < 0 else bool(state != _TIME_ERROR)
