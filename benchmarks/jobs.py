"""``jobs``: what durability costs a job, and whether any is lost while workers are killed.

The job is `compact` on a small fleet: two steps with next to nothing to do, so that what is
measured is the platform's own.  The rival is the same function, called directly.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.access import shell
from appliance.core.settings import Settings
from appliance.pipelines.compact import compact
from appliance.pipelines.site import Site
from appliance.schemas.job import Job, JobRequest, JobState
from benchmarks.harness.lines import Line, Printer
from benchmarks.harness.plant import scratch
from benchmarks.harness.processes import SideFailed
from benchmarks.harness.servers import Child, running
from benchmarks.sides import busy_site

GOAL_MS = 50.0
_ME = shell("benchmark")
_KILL_AFTER = 5.0
"""Seconds that a worker lives on after the first job that it ended."""
_LOOK_EVERY = 0.005
_LONGEST = 1800.0


def main(argv: list[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks jobs", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--jobs", type=int, default=1_000, help="in the queue")
    parser.add_argument("--calls", type=int, default=50, help="of each side, one by one")
    parser.add_argument("--fleets", type=int, default=20)
    parser.add_argument("--kill-after", type=float, default=_KILL_AFTER, help="seconds")
    parser.add_argument("--quick", action="store_true", help="tiny sizes")
    parser.add_argument("--scratch", help="folder for data; the system's temporary folder")
    given = parser.parse_args(argv)
    if given.quick:
        given.jobs, given.calls, given.fleets, given.kill_after = 24, 3, 3, 0.15
    printer = Printer(as_json=given.json)
    with scratch(given.scratch) as folder:
        home = folder / "home"
        busy_site.make(home, given.fleets, given.fleets)
        site = Site(Settings(home=home, engine="local"))
        for line in _lines(site, given):
            printer.show(line)
        site.close()
    return 0


def _lines(site: Site, given: argparse.Namespace) -> Iterator[Line]:
    direct = _mean(given.calls, lambda: compact(site, "fleet-0000"))
    with _worker(site.settings.home) as worker:
        _done(site, [_asked(site, 0)])  # the worker is up, and has loaded what it needs
        waited = _mean(given.calls, lambda: _done(site, [_asked(site, 0)]))
        yield _line("one job, from asking to its end", waited, direct, worker, given.calls)
        begun = time.perf_counter()
        _done(site, [_asked(site, number) for number in range(given.jobs)])
        each = (time.perf_counter() - begun) / given.jobs
        case = f"each of {given.jobs:,} jobs in the queue"
        yield _line(case, each, direct, worker, given.jobs)
    yield _killed(site, given)


def _killed(site: Site, given: argparse.Namespace) -> Line:
    """Drain the queue while the worker is killed again and again, and started again."""
    asked = [_asked(site, number) for number in range(given.jobs)]
    begun, kills, peak = time.perf_counter(), 0, 0.0
    while _left(site, asked) and time.perf_counter() - begun < _LONGEST:
        with _worker(site.settings.home) as worker:
            _one_less(site, asked)
            _until(lambda: not _left(site, asked), given.kill_after)
            peak = max(peak, worker.memory_mb())
            if _left(site, asked):
                worker.kill()
                kills += 1
    seconds = time.perf_counter() - begun
    ended = [site.jobs.get(job).state for job in asked]
    lost = sum(state is not JobState.SUCCEEDED for state in ended)
    when = f"each worker killed {given.kill_after:g} s after its first"
    return Line(
        name="jobs",
        case=f"lost of {given.jobs:,} jobs, {when}",
        ours=float(lost),
        rival=0.0,
        unit="jobs",
        ratio=1.0 if lost == 0 else 0.0,
        goal=1.0,
        peak_mb=peak,
        rival_peak_mb=peak,
        more={"kills": kills, "seconds": seconds, "jobs_per_second": len(asked) / seconds},
    )


def _line(case: str, ours: float, direct: float, worker: Child, count: int) -> Line:
    over = (ours - direct) * 1e3
    return Line(
        name="jobs",
        case=f"overhead of {case}",
        ours=over,
        rival=GOAL_MS,
        unit="ms",
        ratio=GOAL_MS / max(over, 1e-3),
        goal=1.0,
        peak_mb=worker.memory_mb(),
        rival_peak_mb=worker.memory_mb(),
        more={"direct_ms": direct * 1e3, "job_ms": ours * 1e3, "count": count},
    )


# ---------------------------------------------------------------- asking and waiting
def _asked(site: Site, number: int) -> str:
    fleet = f"fleet-{number % len(site.lake.fleets()):04}"
    return site.jobs.ask(_ME, JobRequest(pipeline="compact", fleet=fleet)).id


def _done(site: Site, jobs: list[str]) -> None:
    if not _until(lambda: not _left(site, jobs), _LONGEST):
        raise SideFailed(f"{len(jobs)} jobs did not end in {_LONGEST:g} s")


def _left(site: Site, jobs: list[str]) -> bool:
    """Whether a job has still to end; the last ones are looked at first."""
    return any(not _get(site, job).state.over for job in reversed(jobs))


def _one_less(site: Site, jobs: list[str]) -> None:
    """Wait until one more has ended."""
    waiting = _waiting(site, jobs)
    _until(lambda: _waiting(site, jobs) < waiting, _LONGEST)


def _waiting(site: Site, jobs: list[str]) -> int:
    return sum(not _get(site, job).state.over for job in jobs)


def _get(site: Site, job: str) -> Job:
    return site.jobs.get(job)


def _until(met: Callable[[], bool], seconds: float) -> bool:
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        if met():
            return True
        time.sleep(_LOOK_EVERY)
    return False


def _mean(count: int, call: Callable[[], object]) -> float:
    call()
    begun = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - begun) / count


@contextmanager
def _worker(home: Path) -> Iterator[Child]:
    with running("appliance.worker", "--home", str(home)) as child:
        yield child
