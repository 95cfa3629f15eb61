"""Fixtures that every room's tests share."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
import scipy.linalg  # noqa: F401 - brings a BLAS of its own, which is to be limited too
from hypothesis import settings
from threadpoolctl import threadpool_limits
from xdist.remote import Producer
from xdist.scheduler import Scheduling

from tests.scheduling import ByRoom

# CI tells the same every time; elsewhere new examples are tried in each run.  How long one
# takes depends on what else the machine does.
settings.register_profile("required", deadline=None, derandomize=True, database=None)
settings.register_profile("usual", deadline=None)
settings.load_profile("required" if os.environ.get("KIZASHI_REQUIRE_ALL") == "1" else "usual")

ROOT = Path(__file__).resolve().parent.parent
QUICK_CASES = 3
"""Cases of a test that `make quick` runs."""
LONGEST_NAME = 80
"""Letters of a text that a case of a test is named after."""

# Hundreds of processes read the same modules, and each run the same tests: what they compile
# is kept, also where the environment says otherwise.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for garbage in what the tests make alone.

    What their collection makes stays to the end: looking through it takes a third of the
    collection's time, and a second each time that a test makes much.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as `slow` what starts a server, and as `more` all but a few cases of a test."""
    cases: dict[str, list[pytest.Item]] = {}
    for item in items:
        if any(mark.args == ("s3",) for mark in item.iter_markers("xdist_group")):
            item.add_marker("slow")
        cases.setdefault(item.nodeid.partition("[")[0], []).append(item)
    for found in cases.values():
        usual = [item for item in found if item.get_closest_marker("slow") is None]
        kept = {usual[place] for place in _spread(len(usual), QUICK_CASES)}
        for item in usual:
            if item not in kept:
                item.add_marker("more")


def _spread(count: int, most: int) -> list[int]:
    """Return so many places at most, evenly spread from the first to the last."""
    if count <= most:
        return [*range(count)]
    return [place * (count - 1) // (most - 1) for place in range(most)]


def pytest_configure(config: pytest.Config) -> None:
    """Where everything is required, a failure is told when it happens."""
    worker = getattr(config, "workerinput", {}).get("workerid", "")
    if worker == "gw1":
        _compile_from_the_last()
    if not worker and _required():
        config.pluginmanager.register(Told(config), "failures-told")


def _compile_from_the_last() -> None:
    """Load the kernels in the opposite order to that of the worker beside this one.

    What one of two has compiled the other finds in the cache: in the same order, both would
    compile everything, in twice the time.
    """
    names = sorted(path.stem for path in (ROOT / "detectors" / "kernels").glob("[!_]*.py"))
    for name in reversed(names):
        importlib.import_module(f"detectors.kernels.{name}")


class Told:
    """Prints a failed test's name and reason at once: a run that is cut off has told them."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Print a failure."""
        if report.failed:
            terminal = self._config.pluginmanager.get_plugin("terminalreporter")
            terminal.write_line(
                f"\n{report.when} of {report.nodeid} failed\n{report.longreprtext}"
            )


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name a case after no more of a long text than tells it from others.

    Workers and their controller send names to and fro with every report.
    """
    if not isinstance(val, str | bytes) or len(val) <= LONGEST_NAME:
        return None
    begun = val[:LONGEST_NAME]
    text = begun if isinstance(begun, str) else begun.decode("latin-1")
    return f"{text}-and-{len(val)}-in-all"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling | None:
    """Give each room's tests to one worker, under ``--dist loadgroup``."""
    return ByRoom(config, log) if config.getvalue("dist") == "loadgroup" else None


def _required() -> bool:
    return os.environ.get("KIZASHI_REQUIRE_ALL") == "1"


def skip_or_fail(reason: str) -> None:
    """Skip with a reason; where everything is required, fail instead."""
    if _required():
        pytest.fail(f"required here, but missing: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session", autouse=True)
def one_thread_of_blas() -> Iterator[None]:
    """Hold BLAS of this process at one thread.

    Workers of tests fill the machine; threads that wait for each other beside them cost many
    times what they compute.
    """
    with threadpool_limits(1, user_api="blas"):
        yield


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of the real data sets (``KIZASHI_DATA``, or ``../shared/data``)."""
    folder = Path(os.environ.get("KIZASHI_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "README.md").is_file():
        skip_or_fail(f"real data sets not found in {folder}: set KIZASHI_DATA")
    return folder
