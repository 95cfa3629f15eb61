"""What the machine and the platform's own processes use, as the system tells it."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from appliance.core.clock import monotonic
from appliance.schemas.platform import PROCESS_ROLES, Host, Metric, ProcessRole

Values = dict[Metric, float]
_MODULES = {
    "appliance.web": "web",
    "appliance.worker": "worker",
    "appliance.engine.head": "ray",
}
_CPU = {role: Metric(f"{role}_cpu_cores") for role in PROCESS_ROLES}
_MEMORY = {role: Metric(f"{role}_memory_bytes") for role in PROCESS_ROLES}


def host(home: Path, latest: Callable[[Metric], float | None]) -> Host:
    """Return the machine as it is.

    Parameters
    ----------
    latest
        Gives what was measured last.
    """
    memory, disk = psutil.virtual_memory(), shutil.disk_usage(home)
    return Host(
        name=platform.node(),
        system=f"{platform.system()} {platform.release()}",
        started=datetime.fromtimestamp(psutil.boot_time(), UTC),
        cpus=psutil.cpu_count() or 1,
        cpu_ratio=latest(Metric.HOST_CPU),
        load=latest(Metric.HOST_LOAD),
        memory_bytes=memory.total,
        memory_used_bytes=memory.total - memory.available,
        disk_bytes=disk.total,
        disk_free_bytes=disk.free,
    )


def roles(home: Path, latest: Callable[[Metric], float | None]) -> tuple[ProcessRole, ...]:
    """Return what each kind of process of a home uses; see `host`."""
    found = _by_role(home)
    return tuple(
        ProcessRole(
            role=role,
            processes=len(own),
            since=min((one.began for one in own), default=None),
            cpu_cores=latest(_CPU[role]) if own else None,
            memory_bytes=sum(map(_private, (part for one in own for part in one.family()))),
        )
        for role, own in found.items()
    )


def own_processes(home: Path) -> dict[str, list[psutil.Process]]:
    """Return the processes of each role of a home, without what they started."""
    return {role: [one.process for one in own] for role, own in _by_role(home).items()}


class HostProbe:
    """Measures the machine; rates are since the measurement before.

    Parameters
    ----------
    home
        Whose disk.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._before: tuple[float, dict[Metric, int]] | None = None
        psutil.cpu_percent()  # counts from here on

    def __call__(self) -> Values:
        """Measure."""
        memory, disk = psutil.virtual_memory(), shutil.disk_usage(self._home)
        told: Values = {
            Metric.HOST_CPU: psutil.cpu_percent() / 100,
            Metric.HOST_LOAD: psutil.getloadavg()[0],
            Metric.HOST_MEMORY: memory.total - memory.available,
            Metric.HOST_SWAP: psutil.swap_memory().used,
            Metric.HOST_DISK: disk.total - disk.free,
        }
        return told | self._rates()

    def _rates(self) -> Values:
        at, counted = monotonic(), _counters()
        before, self._before = self._before, (at, counted)
        if before is None or at <= before[0]:
            return {}
        seconds = at - before[0]
        return {
            metric: max(count - before[1][metric], 0) / seconds
            for metric, count in counted.items()
            if metric in before[1]
        }


def _counters() -> dict[Metric, int]:
    told: dict[Metric, int] = {}
    if (disk := psutil.disk_io_counters()) is not None:
        told |= {Metric.HOST_READ: disk.read_bytes, Metric.HOST_WRITTEN: disk.write_bytes}
    if (net := psutil.net_io_counters()) is not None:
        told |= {Metric.HOST_RECEIVED: net.bytes_recv, Metric.HOST_SENT: net.bytes_sent}
    return told


class ProcessProbe:
    """Measures the processes of a home; their processor time is since the measurement before.

    Parameters
    ----------
    home
        Whose processes.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._before: tuple[float, dict[tuple[int, float], float]] | None = None

    def __call__(self) -> Values:
        """Measure."""
        at = monotonic()
        told: Values = {}
        used: dict[tuple[int, float], float] = {}
        for role, own in _by_role(self._home).items():
            family = [part for one in own for part in one.family()]
            cores, times = self._cores(family, at)
            used |= times
            if family:
                told[_MEMORY[role]] = sum(map(_private, family))
            if family and self._before is not None:
                told[_CPU[role]] = cores
        self._before = at, used
        return told

    def _cores(
        self, family: list[psutil.Process], at: float
    ) -> tuple[float, dict[tuple[int, float], float]]:
        times: dict[tuple[int, float], float] = {}
        for one in family:
            try:
                times[one.pid, one.create_time()] = sum(one.cpu_times()[:2])
            except psutil.Error:
                continue  # it has just ended
        if self._before is None or at <= self._before[0]:
            return 0.0, times
        before = self._before[1]
        spent = sum(seconds - before.get(key, 0.0) for key, seconds in times.items())
        return max(spent, 0.0) / (at - self._before[0]), times


# ---------------------------------------------------------------- processes
@dataclass(frozen=True)
class _Own:
    process: psutil.Process
    began: datetime

    def family(self) -> Iterator[psutil.Process]:
        """Yield the process and all that it started."""
        yield self.process
        try:
            yield from self.process.children(recursive=True)
        except psutil.Error:
            return  # it has just ended


def _by_role(home: Path) -> dict[str, list[_Own]]:
    """Return the processes of a home that are nobody's children of the same kind."""
    found: dict[str, list[_Own]] = {role: [] for role in PROCESS_ROLES}
    place = home.resolve()
    for process in psutil.process_iter():
        try:
            role = _role(process.cmdline(), place)
            if role is not None:
                began = datetime.fromtimestamp(process.create_time(), UTC)
                found[role].append(_Own(process, began))
        except (psutil.Error, OSError):
            continue  # it has just ended, or is somebody else's
    return found


def _role(command: list[str], home: Path) -> str | None:
    if "-m" not in command or "--home" not in command[:-1]:
        return None
    role = _MODULES.get(command[command.index("-m") + 1])
    named = Path(command[command.index("--home") + 1])
    return role if role is not None and named.expanduser().resolve() == home else None


def _private(process: psutil.Process) -> int:
    """Return the memory that is no other process's too."""
    try:
        told = process.memory_info()
    except psutil.Error:
        return 0  # it has just ended
    return max(int(told.rss) - int(getattr(told, "shared", 0)), 0)
