"""What a job's snapshots say of its progress, told step by step."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from appliance.schemas.job import Job
from appliance.schemas.progress import Progress, Silent


@contextmanager
def shown(progress: bool | Progress) -> Iterator[Progress]:
    """Yield where progress is told: a bar where `True` meets a terminal and rich is there."""
    if not isinstance(progress, bool):
        yield progress
    elif progress and sys.stderr.isatty() and find_spec("rich") is not None:
        from appliance.client.bar import Bar

        with Bar() as bar:
            yield bar
    else:
        yield Silent()


class Teller:
    """Tells the difference between each snapshot of a job and the one before."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._begun: set[tuple[int, int]] = set()
        self._told = 0

    def tell(self, job: Job) -> None:
        """Tell what is new in a snapshot."""
        for step in job.steps:
            key = (job.attempt, step.number)
            if step.started is None:
                continue
            if key not in self._begun:
                self._begun.add(key)
                self._told = 0
                self._progress.step(step.name, step.total)
            elif step is not job.steps[-1]:
                continue
            if step.done > self._told:
                self._progress.advance(step.done - self._told)
                self._told = step.done
