"""Jobs: asked for, looked at, cancelled and begun anew, by those who may."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from appliance.access import Access, Person
from appliance.access.store.audit import Change
from appliance.core.db import Database
from appliance.core.errors import Conflict, OverBudget
from appliance.jobs.offered import offered
from appliance.jobs.store import jobs as rows
from appliance.jobs.store.jobs import JobStore
from appliance.jobs.terms import Terms, known
from appliance.schemas.access import Right
from appliance.schemas.base import fleet_name
from appliance.schemas.job import Job, JobLogLine, JobRequest, JobState

Budgets = Callable[[str | None], OverBudget | None]
"""Says why a project, or the site, may pay for nothing more in this month; None if it may."""
Beyond = Callable[[JobRequest], Collection[Right]]
"""Says which rights a request asks for beside the one that the terms of its pipeline name."""


class Jobs:
    """The jobs of a site.

    Reading asks for no rights: whoever calls it knows what they show to whom.

    Parameters
    ----------
    database
        Where they are kept.
    access
        Who may what, and where it is told who did what.
    terms
        Of every pipeline, by name; of all that the appliance offers if not given.
    budgets
        What may be paid; anything if not given.
    beyond
        Rights that requests ask for beside those of the terms; none if not given.
    """

    def __init__(
        self,
        database: Database,
        access: Access,
        terms: Mapping[str, Terms] | None = None,
        budgets: Budgets | None = None,
        beyond: Beyond | None = None,
    ) -> None:
        self._store = JobStore(database)
        self._access = access
        self._log = access.audit
        self._budgets = budgets
        self._beyond = beyond
        self.terms = offered() if terms is None else terms

    # ------------------------------------------------------------------ asking
    def ask(
        self,
        by: Person,
        request: JobRequest,
        *,
        key: str | None = None,
        schedule: str | None = None,
    ) -> Job:
        """Put a job into the queue.

        Parameters
        ----------
        key
            The same one by the same person gives the job that it gave before.
        schedule
            That it is run for.

        Raises
        ------
        InvalidRequest
            There is no such pipeline, or its arguments cannot be used.
        Forbidden
            `by` may not run it there.
        Conflict
            The key was used for another request.
        OverBudget
            What may be paid in this month is spent.
        """
        project = self.permitted(by, request)
        with self._log.change(by) as change:
            return self.asked(change, request, project, key=key, schedule=schedule)

    def permitted(self, by: Person, request: JobRequest) -> str | None:
        """Return the project of a request that can be used and that `by` may make."""
        terms = known(self.terms, request.pipeline)
        terms.checked(request)
        project = self.project_of(request.fleet)
        by.require(terms.right, project)
        for right in self._beyond(request) if self._beyond is not None else ():
            by.require(right, project)
        if request.over_budget:
            by.require(Right.OPERATE)
        return project

    def afford(self, pipeline: str, project: str | None) -> None:
        """Refuse a run that can wait where the budget of this month is spent.

        Raises
        ------
        InvalidRequest
            There is no such pipeline.
        OverBudget
            It is spent.
        """
        refused = self._refused(known(self.terms, pipeline), project)
        if refused is not None:
            raise refused

    def waits(self, request: JobRequest) -> bool:
        """Whether a job that a schedule asks for has to wait for money."""
        terms = self.terms.get(request.pipeline)
        if terms is None or self._budgets is None:
            return False
        return self._refused(terms, self.project_of(request.fleet)) is not None

    def _refused(self, terms: Terms, project: str | None) -> OverBudget | None:
        free = terms.essential or self._budgets is None
        return None if free or self._budgets is None else self._budgets(project)

    def asked(
        self,
        change: Change,
        request: JobRequest,
        project: str | None,
        *,
        key: str | None = None,
        schedule: str | None = None,
    ) -> Job:
        """Put a job into the queue within a change under way."""
        terms = known(self.terms, request.pipeline)
        arguments = terms.checked(request)
        by = change.by.name
        before = rows.with_key(change.session, by, key) if key is not None else None
        if before is not None:
            asked = before.pipeline, before.fleet, before.arguments
            if asked != (request.pipeline, request.fleet, arguments):
                raise Conflict(
                    f"the key {key!r} was used for another request: {before.id}.",
                    remedy="Use a new key for each request.",
                )
            return before
        if not request.over_budget:
            self.afford(request.pipeline, project)
        job = rows.add(
            change.session,
            request,
            arguments,
            at=change.at,
            by=by,
            project=project,
            lane=terms.lane_of(request.fleet),
            key=key,
            schedule=schedule,
        )
        told = {"pipeline": job.pipeline, "fleet": job.fleet, "arguments": arguments}
        beyond = {"over_budget": True} if request.over_budget else {}
        change.note("job.asked", f"job:{job.id}", None, told | beyond)
        return job

    def project_of(self, fleet: str | None) -> str | None:
        """Return the project of a fleet, None for the whole site."""
        if fleet is None:
            return None
        return self._access.projects.of([fleet])[fleet_name(fleet)]

    # ------------------------------------------------------------------ looking
    def get(self, job: str) -> Job:
        """Return a job with its steps; raises `NotFound` if there is none."""
        return self._store.get(job)

    def list(  # noqa: PLR0913 - each is a filter
        self,
        projects: Collection[str] | None = None,
        *,
        fleet: str | None = None,
        pipeline: str | None = None,
        states: Collection[JobState] = (),
        schedule: str | None = None,
        asked: tuple[datetime | None, datetime | None] = (None, None),
        before: str | None = None,
        limit: int = 100,
    ) -> builtins.list[Job]:
        """Return jobs without their steps, the newest first.

        Parameters
        ----------
        projects
            Only of these; jobs of the whole site are in none.  All jobs if not given.
        states
            Only in one of these; in any if none is named.
        schedule
            Only those that were asked for by this one, or for it.
        asked
            Only those that were asked for in this half-open time.
        before
            Only older than this job: the next page.
        """
        return self._store.list(
            projects,
            fleet=fleet,
            pipeline=pipeline,
            states=states,
            schedule=schedule,
            asked=asked,
            before=before,
            limit=limit,
        )

    def log(self, job: str, after: int = 0, limit: int = 1_000) -> builtins.list[JobLogLine]:
        """Return the lines of a job's log whose number is higher, in their order."""
        return self._store.log(job, after, limit)

    # ------------------------------------------------------------------ changing
    def cancel(self, by: Person, job: str) -> Job:
        """Ask for a job's end; one that waits ends at once.

        Raises
        ------
        NotFound
            There is no such job.
        Forbidden
            `by` could not have asked for it.
        Conflict
            It has ended otherwise.
        """
        self._require(by, self.get(job))
        with self._log.change(by) as change:
            found = rows.current(change.session, job)
            if found.state in {JobState.CANCELLING, JobState.CANCELLED}:
                return found
            if found.state.over:
                raise Conflict(f"job {job} is over: it {found.state.value}.")
            change.note("job.cancelled", f"job:{job}", {"state": found.state.value})
            if found.state is JobState.QUEUED:
                return rows.end_queued(change.session, job, change.at)
            return rows.mark_cancelling(change.session, job)

    def retry(self, by: Person, job: str) -> Job:
        """Begin a failed or cancelled job anew, at the step that did not succeed.

        Raises
        ------
        NotFound
            There is no such job.
        Forbidden
            `by` could not ask for it.
        Conflict
            It has not failed, nor was it cancelled.
        OverBudget
            What may be paid in this month is spent.
        """
        asked = self.get(job)
        self._require(by, asked)
        self.afford(asked.pipeline, asked.project)
        with self._log.change(by) as change:
            found = rows.current(change.session, job)
            if found.state not in {JobState.FAILED, JobState.CANCELLED}:
                raise Conflict(
                    f"job {job} is {found.state.value}: only what failed or was cancelled "
                    "can be begun anew.",
                    remedy="Ask for a new one.",
                )
            change.note("job.retried", f"job:{job}", {"state": found.state.value})
            return rows.requeue(change.session, job)

    def _require(self, by: Person, job: Job) -> None:
        by.require(known(self.terms, job.pipeline).right, job.project)
