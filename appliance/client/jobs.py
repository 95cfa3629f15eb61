"""Jobs: handles that wait, follow, cancel and retry; and the list of them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, Generic, ParamSpec, Self, overload

from pydantic_core import to_jsonable_python
from typing_extensions import override

from appliance.client.follow import follow
from appliance.client.line import Line, parsed
from appliance.client.outcome import outcome
from appliance.client.pages import Listing, listing
from appliance.client.resource import Resource, at
from appliance.client.telling import Teller, shown
from appliance.client.verbs import Awaiting, Blocking, at_once, verb
from appliance.core.clock import monotonic
from appliance.core.errors import TryAgain
from appliance.schemas.job import Job, JobLogLine, JobState
from appliance.schemas.offer import Offer
from appliance.schemas.progress import Progress

_P = ParamSpec("_P")


class _Handle(Resource):
    """One job at the site.

    Attributes
    ----------
    job
        As it was when last looked at.
    """

    def __init__(self, line: Line, job: Job) -> None:
        super().__init__(line)
        self.job = job

    @override
    def __repr__(self) -> str:
        job = self.job
        of = f" {job.fleet}" if job.fleet else ""
        return f"<{type(self).__name__} {job.id}: {job.pipeline}{of}, {job.state.value}>"

    @property
    def id(self) -> str:
        """The job's identifier."""
        return self.job.id

    @property
    def state(self) -> JobState:
        """Where the job stood when last looked at."""
        return self.job.state

    @property
    def result(self) -> Any:
        """What the pipeline gave.

        Raises
        ------
        KizashiError
            The job's own error, if it failed.
        Conflict
            It was cancelled.
        TryAgain
            It was not over yet when last looked at.
        """
        return outcome(self.job)

    @verb
    async def refresh(self) -> Job:
        """Look at the job anew."""
        return await self._look()

    @verb
    async def wait(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - what it is called everywhere
        progress: bool | Progress = True,
    ) -> Any:
        """Wait until the job is over; return what its pipeline gave.

        Parameters
        ----------
        timeout
            Seconds to wait at most; the job goes on after them.
        progress
            Whether to show bars on a terminal, or where else to tell of the progress.

        Raises
        ------
        KizashiError
            The job's own error, if it failed.
        Conflict
            It was cancelled.
        TryAgain
            It is not over in time.
        """
        until = None if timeout is None else monotonic() + timeout
        with shown(progress) as told:
            teller = Teller(told)

            def seen(job: Job) -> None:
                self.job = job
                teller.tell(job)

            seen(self.job)
            await follow(self._line, self.job, seen, until)
        if not self.job.state.over:
            raise TryAgain(
                f"job {self.id} is still {self.state.value} after {timeout:g} s.",
                remedy="`wait()` again, or `cancel()` it.",
            )
        return self.result

    @verb
    async def cancel(self) -> Job:
        """Ask for the job's end: its work is stopped where it is."""
        return await self._do("cancel")

    @verb
    async def retry(self) -> Job:
        """Begin a job again that failed or was cancelled, at the step it was in."""
        return await self._do("retry")

    @listing
    def log(self, after: int = 0) -> Listing[JobLogLine]:
        """Return what the job said while it ran, from the line after a number."""
        return Listing(self._line, at("jobs", self.id, "log"), JobLogLine, {"after": after})

    async def _look(self) -> Job:
        self.job = parsed(Job, await self._line.get(at("jobs", self.id)))
        return self.job

    async def _do(self, what: str) -> Job:
        self.job = parsed(Job, await self._line.post(at("jobs", self.id, what)))
        return self.job


class JobHandle(Blocking, _Handle):
    """One job at the site, for those who wait."""


class AsyncJobHandle(Awaiting, _Handle):
    """One job at the site, for those who await."""


# ---------------------------------------------------------------- asking for jobs
class asks(Generic[_P]):  # noqa: N801 - stands where `property` stands
    """Makes a method that returns a job's handle of one that returns a `Job`."""

    def __init__(self, work: Callable[Concatenate[Any, _P], Coroutine[Any, Any, Job]]) -> None:
        self._work = work
        self.__doc__ = work.__doc__

    @overload
    def __get__(self, owner: None, kind: type) -> Self: ...
    @overload
    def __get__(self, owner: Blocking, kind: type) -> Callable[_P, JobHandle]: ...
    @overload
    def __get__(
        self, owner: Awaiting, kind: type
    ) -> Callable[_P, Coroutine[Any, Any, AsyncJobHandle]]: ...

    def __get__(self, owner: Any, kind: type) -> Any:
        if owner is None:
            return self
        bound = self._work.__get__(owner, kind)
        line: Line = owner._line

        @wraps(bound)
        async def awaited(*args: _P.args, **kwargs: _P.kwargs) -> AsyncJobHandle:
            return AsyncJobHandle(line, await bound(*args, **kwargs))

        @wraps(bound)
        def waited(*args: _P.args, **kwargs: _P.kwargs) -> JobHandle:
            return JobHandle(line, at_once(bound(*args, **kwargs)))

        return awaited if isinstance(owner, Awaiting) else waited


async def ask_for(
    line: Line,
    pipeline: str,
    fleet: str | None,
    arguments: dict[str, Any],
    *,
    over_budget: bool = False,
) -> Job:
    """Ask for a job; arguments that are None keep their default."""
    given = {name: value for name, value in arguments.items() if value is not None}
    asked: dict[str, Any] = {"pipeline": pipeline, "fleet": fleet, "arguments": given}
    if over_budget:
        asked["over_budget"] = True
    return parsed(Job, await line.post("/jobs", to_jsonable_python(asked)))


class _Jobs(Resource):
    """The site's jobs."""

    @listing
    def list(
        self,
        *,
        fleet: str | None = None,
        pipeline: str | None = None,
        state: JobState | str | Iterable[str] | None = None,
        schedule: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int | None = None,
    ) -> Listing[Job]:
        """Return jobs, the newest first.

        Parameters
        ----------
        schedule
            Only those that this one asked for.
        start, end
            Only those asked for in this half-open time.
        """
        query = {
            "fleet": fleet,
            "pipeline": pipeline,
            "state": state,
            "schedule": schedule,
            "from": start,
            "to": end,
        }
        return Listing(self._line, "/jobs", Job, query, limit)

    @asks
    async def get(self, job: str) -> Job:
        """Return a job's handle."""
        return parsed(Job, await self._line.get(at("jobs", job)))

    @asks
    async def ask(
        self,
        /,
        pipeline: str,
        fleet: str | None = None,
        *,
        over_budget: bool = False,
        **arguments: Any,
    ) -> Job:
        """Ask for a job of any pipeline.

        Parameters
        ----------
        over_budget
            Run it though the budget of this month is spent, which not everybody may.
        """
        return await ask_for(self._line, pipeline, fleet, arguments, over_budget=over_budget)

    @listing
    def pipelines(self) -> Listing[Offer]:
        """Return the pipelines that can be asked for, with the arguments of each."""
        return Listing(self._line, "/pipelines", Offer, whole=True)


class Jobs(Blocking, _Jobs):
    """The site's jobs, for those who wait."""


class AsyncJobs(Awaiting, _Jobs):
    """The site's jobs, for those who await."""
