"""Jobs and schedules of this home, by whoever is at the machine."""

from __future__ import annotations

import builtins
import time
from collections.abc import Iterable
from contextlib import ExitStack
from typing import Any

from appliance.access import Person
from appliance.cli.words import fitted
from appliance.client.outcome import outcome
from appliance.client.telling import Teller, shown
from appliance.core.clock import monotonic
from appliance.core.errors import TryAgain
from appliance.pipelines.site import Site
from appliance.schemas.job import Job, JobLogLine, JobRequest, JobState
from appliance.schemas.progress import Progress
from appliance.schemas.schedule import Schedule, ScheduleDraft

_LOOK = 0.5
_SHOWN = 1_000


class JobHandle:
    """One job."""

    def __init__(self, site: Site, me: Person, job: Job) -> None:
        self._site = site
        self._me = me
        self.job = job

    @property
    def id(self) -> str:
        """The job's identifier."""
        return self.job.id

    def refresh(self) -> Job:
        """Look at the job anew."""
        self.job = self._site.jobs.get(self.id)
        return self.job

    def wait(self, timeout: float | None = None, progress: bool | Progress = True) -> Any:
        """Wait until the job, which a worker runs, is over; return what its pipeline gave.

        Raises
        ------
        KizashiError
            The job failed or was cancelled, or is not over in time.
        """
        until = None if timeout is None else monotonic() + timeout
        with ExitStack() as stack:
            teller = Teller(stack.enter_context(shown(progress)))
            while not self.refresh().state.over:
                teller.tell(self.job)
                if until is not None and monotonic() > until:
                    raise TryAgain(f"job {self.id} is still {self.job.state.value}.")
                time.sleep(_LOOK)
            teller.tell(self.job)
        return outcome(self.job)

    def cancel(self) -> Job:
        """Ask for the job's end: its work is stopped where it is."""
        self.job = self._site.jobs.cancel(self._me, self.id)
        return self.job

    def retry(self) -> Job:
        """Begin a job again that failed or was cancelled, at the step it was in."""
        self.job = self._site.jobs.retry(self._me, self.id)
        return self.job

    def log(self, after: int = 0) -> list[JobLogLine]:
        """Return what the job said while it ran, from the line after a number."""
        found: list[JobLogLine] = []
        while more := self._site.jobs.log(self.id, after, _SHOWN):
            found += more
            after = more[-1].number
        return found


class Jobs:
    """The home's jobs."""

    def __init__(self, site: Site, me: Person) -> None:
        self._site = site
        self._me = me

    def list(
        self,
        *,
        fleet: str | None = None,
        pipeline: str | None = None,
        state: Iterable[str] | None = None,
        limit: int = 100,
    ) -> builtins.list[Job]:
        """Return jobs, the newest first."""
        states = [JobState(one) for one in state or ()]
        return self._site.jobs.list(fleet=fleet, pipeline=pipeline, states=states, limit=limit)

    def get(self, job: str) -> JobHandle:
        """Return a job's handle."""
        return JobHandle(self._site, self._me, self._site.jobs.get(job))

    def ask(
        self,
        pipeline: str,
        fleet: str | None = None,
        *,
        over_budget: bool = False,
        **arguments: Any,
    ) -> JobHandle:
        """Ask for a job of any pipeline; a worker runs it."""
        asked: dict[str, Any] = {"pipeline": pipeline, "fleet": fleet, "arguments": arguments}
        asked["over_budget"] = over_budget
        wanted = fitted(JobRequest, asked, "job")
        return JobHandle(self._site, self._me, self._site.jobs.ask(self._me, wanted))


class Schedules:
    """The home's schedules."""

    def __init__(self, site: Site, me: Person) -> None:
        self._site = site
        self._me = me

    def list(self) -> builtins.list[Schedule]:
        """Return the schedules."""
        return self._site.schedules.list()

    def put(self, draft: ScheduleDraft, revision: int | None = None) -> Schedule:
        """Make a schedule, or change the one of this name."""
        return self._site.schedules.put(self._me, draft, revision)

    def remove(self, name: str) -> None:
        """Remove a schedule."""
        self._site.schedules.remove(self._me, name)

    def pause(self, name: str) -> Schedule:
        """Let a schedule rest."""
        return self._site.schedules.pause(self._me, name)

    def resume(self, name: str) -> Schedule:
        """Let a paused schedule go on."""
        return self._site.schedules.resume(self._me, name)

    def run(self, name: str) -> JobHandle:
        """Run a schedule's job now."""
        return JobHandle(self._site, self._me, self._site.schedules.run_now(self._me, name))
