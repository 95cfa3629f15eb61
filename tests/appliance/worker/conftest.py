"""Real worker processes on a home of their own, with toys to run."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest

from appliance.access import Access, shell
from appliance.core.db import Database, open_database
from appliance.jobs import Jobs
from appliance.schemas.job import Job, JobRequest, JobState
from tests.appliance.databases import new_database
from tests.appliance.worker.toys import TERMS
from tests.forked import Begun, begun

ROOT = Path(__file__).resolve().parents[3]
SHELL = shell("root")
KEY = bytes(range(32))
_POLLS = 3_000
_BETWEEN = 0.02


@dataclass
class Plant:
    """A home with toys, its jobs, and the workers that were started on it."""

    home: Path
    url: str
    settings: dict[str, str] = field(default_factory=dict)
    workers: list[Begun] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.database: Database = open_database(self.url)
        self.jobs = Jobs(self.database, Access(self.database, KEY), TERMS)

    # ------------------------------------------------------------------ jobs
    def ask(self, fleet: str | None = "pumps", pipeline: str = "toy", **told: object) -> Job:
        """Ask for a toy; its lines go into a file named after it."""
        told.setdefault("file", str(self.home / f"lines-{uuid4().hex[:8]}"))
        request = JobRequest(pipeline=pipeline, fleet=fleet, arguments=told)
        return self.jobs.ask(SHELL, request)

    def lines(self, job: Job) -> list[int]:
        """Return the numbers of the steps that a toy did, in their order."""
        path = Path(job.arguments["file"])
        if not path.exists():
            return []
        return [int(line.split()[0]) for line in path.read_text().splitlines()]

    def until(self, seen: Callable[[], bool]) -> None:
        """Wait until something can be seen."""
        for _ in range(_POLLS):
            if seen():
                return
            if any(worker.poll() not in (None, 0, -signal.SIGKILL) for worker in self.workers):
                break
            time.sleep(_BETWEEN)
        said = [path.read_text() for path in self.home.glob("stderr-*")]
        pytest.fail("\n".join([f"it was never seen; jobs: {self.jobs.list()}", *said]))

    def over(self, *jobs: Job) -> list[Job]:
        """Wait for jobs to end."""
        self.until(lambda: all(self.jobs.get(job.id).state.over for job in jobs))
        return [self.jobs.get(job.id) for job in jobs]

    def running(self, job: Job, step: int = 1) -> Job:
        """Wait until a toy is in a step, and has told so in its file."""
        self.until(
            lambda: any(
                s.number == step and s.state is JobState.RUNNING
                for s in self.jobs.get(job.id).steps
            )
        )
        self.until(lambda: step in self.lines(job))
        return self.jobs.get(job.id)

    # ------------------------------------------------------------------ workers
    def work(self, *arguments: str, module: str = "tests.appliance.worker.toys") -> None:
        """Start a worker."""
        words = ["-m", module, "--home", self.home, *arguments]
        own = {"KIZASHI_DATABASE_URL": self.url, "KIZASHI_ENGINE": "local"}
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **own, **self.settings}
        with self.said().open("w") as stderr:
            self.workers.append(begun(words, "appliance.worker.__main__", environment, stderr))

    def said(self, number: int | None = None) -> Path:
        """Return the file with what a worker wrote, the next one's if none is named."""
        return self.home / f"stderr-{len(self.workers) if number is None else number}"

    def end(self, number: int, how: signal.Signals = signal.SIGTERM) -> int:
        """End a worker; return its status."""
        self.workers[number].send_signal(how)
        return self.workers[number].wait(timeout=60)

    def dead(self, number: int = -1) -> None:
        """Wait for a worker to be killed, as it was asked to be."""
        assert self.workers[number].wait(timeout=60) == -signal.SIGKILL

    def close(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                worker.kill()
            worker.wait(timeout=60)
        self.database.close()


@contextmanager
def _plant(home: Path, url: str) -> Iterator[Plant]:
    home.mkdir()
    made = Plant(home, url)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    """A home on SQLite."""
    with _plant(tmp_path / "home", new_database(tmp_path / "kizashi.db")) as made:
        yield made


@pytest.fixture
def either_plant(tmp_path: Path, database_url: str) -> Iterator[Plant]:
    """A home on each kind of database in turn."""
    with _plant(tmp_path / "home", database_url) as made:
        yield made
