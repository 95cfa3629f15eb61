"""Schedules: jobs asked for by the clock, exactly once for each time that is due."""

from __future__ import annotations

import builtins
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from appliance.access import Access, Person
from appliance.access.person import Via
from appliance.access.store.audit import Change
from appliance.core.db import Database
from appliance.core.errors import Conflict, InvalidRequest, UserError
from appliance.core.log import get as logger
from appliance.jobs import cron
from appliance.jobs.jobs import Jobs
from appliance.jobs.store import schedules as rows
from appliance.jobs.store.schedules import ScheduleStore
from appliance.schemas.access import Right
from appliance.schemas.base import own_name
from appliance.schemas.job import Job
from appliance.schemas.schedule import CatchUp, Schedule, ScheduleDraft

_log = logger(__name__)

LATE = timedelta(minutes=2)
"""A time that passed longer ago is one that was missed."""
MOST = 100
"""Missed times that get a job each."""


class Schedules:
    """The schedules of a site.  Reading asks for no rights, as with `Jobs`.

    Parameters
    ----------
    database
        Where they are kept.
    access
        Who may what, and where it is told who did what.
    jobs
        Where jobs are asked for.
    zone
        The site's, for those that name none.
    """

    def __init__(self, database: Database, access: Access, jobs: Jobs, zone: str) -> None:
        self._store = ScheduleStore(database)
        self._log = access.audit
        self._jobs = jobs
        self._zone = zone

    # ------------------------------------------------------------------ looking
    def get(self, name: str) -> Schedule:
        """Return a schedule; raises `NotFound` if there is none of that name."""
        return self._store.get(name)

    def list(
        self,
        projects: Collection[str] | None = None,
        *,
        after: str | None = None,
        limit: int | None = None,
    ) -> builtins.list[Schedule]:
        """Return schedules by name: those of some projects, or all.

        Parameters
        ----------
        after
            Only those that come after this name: the next page.
        """
        return self._store.list(projects, after=after, limit=limit)

    def coming(
        self,
        name: str,
        count: int,
        after: datetime | None = None,
        until: datetime | None = None,
    ) -> builtins.list[datetime]:
        """Return the next times at which a schedule is due, were it not paused.

        Parameters
        ----------
        after, until
            From when on, now if not given, and up to when.

        Raises
        ------
        NotFound
            There is none of that name.
        """
        standing = self.get(name)
        zone = ZoneInfo(standing.zone)
        times = cron.coming(standing.cron, zone, after or self._log.clock())
        wanted = islice(times, count)
        return list(takewhile(lambda at: until is None or at <= until, wanted))

    # ------------------------------------------------------------------ changing
    def put(
        self,
        by: Person,
        draft: ScheduleDraft,
        revision: int | None = None,
        *,
        new: bool = False,
    ) -> Schedule:
        """Add a schedule, or change the one of that name.

        Parameters
        ----------
        new
            Only add it.
        revision
            The one that the person saw.

        Raises
        ------
        InvalidRequest
            The times or the job cannot be used.
        Forbidden
            `by` may not plan this job.
        NotFound, Conflict
            A revision was seen, but the schedule is gone or has another; or there is one
            of that name and only a new one was to be added.
        """
        own_name(draft.name, "schedule")
        tidy = self._checked(draft)
        project = self._permitted(by, draft)
        with self._log.change(by) as change:
            before = rows.find(change.session, tidy.name)
            if new and before is not None:
                raise Conflict(f"there is a schedule {tidy.name} already.")
            if before is not None or revision is not None:
                standing = rows.current(change.session, tidy.name, revision)
                by.require(Right.CONFIGURE, standing.project)
            return self._kept(change, tidy, project, before, "schedule.put")

    def _checked(self, draft: ScheduleDraft) -> ScheduleDraft:
        zone = cron.checked_zone(draft.zone or self._zone)
        plain = cron.checked_cron(draft.cron)
        return draft.model_copy(update={"zone": zone, "cron": plain})

    def _permitted(self, by: Person, draft: ScheduleDraft) -> str | None:
        project = self._jobs.permitted(by, draft.request)
        if draft.request.over_budget:
            raise InvalidRequest(
                "a schedule keeps to the budget.", remedy='Leave out "over_budget".'
            )
        by.require(Right.CONFIGURE, project)
        return project

    def _kept(
        self,
        change: Change,
        draft: ScheduleDraft,
        project: str | None,
        before: Schedule | None,
        action: str,
    ) -> Schedule:
        kept = rows.keep(
            change.session,
            draft,
            project=project,
            by=change.by.name,
            at=change.at,
            following=None if draft.paused else _following(draft, change.at),
        )
        told = _told(before) if before is not None else None
        change.note(action, f"schedule:{draft.name}", told, _told(draft))
        return kept

    def remove(self, by: Person, name: str, revision: int | None = None) -> None:
        """Remove a schedule; its jobs stay.  Raises `NotFound`, `Forbidden` or `Conflict`."""
        with self._log.change(by) as change:
            standing = rows.current(change.session, name, revision)
            by.require(Right.CONFIGURE, standing.project)
            rows.drop(change.session, name)
            change.note("schedule.removed", f"schedule:{name}", _told(standing))

    def pause(self, by: Person, name: str) -> Schedule:
        """Let a schedule rest; what would be due meanwhile is no missed time."""
        return self._set_paused(by, name, paused=True)

    def resume(self, by: Person, name: str) -> Schedule:
        """Let a schedule go on, from its next time."""
        return self._set_paused(by, name, paused=False)

    def _set_paused(self, by: Person, name: str, *, paused: bool) -> Schedule:
        with self._log.change(by) as change:
            standing = rows.current(change.session, name)
            by.require(Right.CONFIGURE, standing.project)
            if standing.paused == paused:
                return standing
            changed = standing.model_copy(update={"paused": paused})
            action = "schedule.paused" if paused else "schedule.resumed"
            return self._kept(change, changed, standing.project, standing, action)

    def run_now(self, by: Person, name: str) -> Job:
        """Ask for a schedule's job at once, beside its times.

        Raises
        ------
        NotFound, Forbidden
            There is no such schedule, or `by` may not run its job.
        """
        return self._jobs.ask(by, self.get(name).request, schedule=name)

    # ------------------------------------------------------------------ the clock
    def fire(self) -> builtins.list[Job]:
        """Ask for the jobs of all times that have come; each gets one, whoever calls this."""
        found = []
        for name in self._store.due(self._log.clock()):
            if self._jobs.waits(self.get(name).request):
                continue  # it is due until there is money, then its rule of catching up holds
            with self._log.change(_clockwork(name)) as change:
                found += self._fired(change, name)
        return found

    def _fired(self, change: Change, name: str) -> builtins.list[Job]:
        standing = rows.find(change.session, name)
        if standing is None or standing.following is None or standing.following > change.at:
            return []  # another worker was first
        zone = ZoneInfo(standing.zone)
        passed = cron.passed(standing.cron, zone, standing.following, change.at)
        jobs = []
        for due in reversed(_wanted(standing.catch_up, passed, change.at)):
            try:
                project = self._jobs.permitted(change.by, standing.request)
                job = self._jobs.asked(
                    change, standing.request, project, key=_key(due), schedule=name
                )
            except UserError as error:
                _log.warning("schedule %s: %s", name, error)
                change.note("schedule.failed", f"schedule:{name}", None, {"error": str(error)})
                break
            rows.move(change.session, name, standing.following, last=due, job=job.id)
            jobs.append(job)
        rows.move(change.session, name, _following(standing, change.at))
        return jobs

    def realign(self) -> builtins.list[str]:
        """Bring schedules back whose next time is too far away: the clock was set back.

        Returns
        -------
        list of str
            Names of those that were brought back.
        """
        at, found = self._log.clock(), []
        for schedule in self.list():
            if schedule.following is None or schedule.following <= _following(schedule, at):
                continue
            with self._log.change(_clockwork(schedule.name)) as change:
                standing = rows.find(change.session, schedule.name)
                if standing is not None and standing.following == schedule.following:
                    rows.move(change.session, schedule.name, _following(standing, change.at))
                    found.append(schedule.name)
        return found


def _clockwork(name: str) -> Person:
    """Return who asks for a schedule's jobs: whoever planned it had the rights then."""
    return Person(name=f"schedule:{name}", via=Via.NOTHING, admin=True, origin="schedule")


def _key(due: datetime) -> str:
    return due.astimezone(UTC).isoformat(timespec="seconds")


def _following(schedule: ScheduleDraft, at: datetime) -> datetime:
    return cron.following(schedule.cron, ZoneInfo(schedule.zone or "UTC"), at)


def _wanted(
    catch_up: CatchUp, passed: Iterator[datetime], at: datetime
) -> builtins.list[datetime]:
    """Return those of the times that passed that get a job, the last one first."""
    if catch_up is CatchUp.ALL:
        return list(islice(passed, MOST))
    return [due for due in islice(passed, 1) if catch_up is CatchUp.LATEST or at - due <= LATE]


def _told(draft: ScheduleDraft) -> dict[str, object]:
    return draft.model_dump(mode="json", include=set(ScheduleDraft.model_fields))
