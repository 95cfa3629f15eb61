"""Schedules: jobs that are asked for by the clock."""

from __future__ import annotations

from datetime import datetime

from appliance.client.jobs import asks
from appliance.client.line import parsed
from appliance.client.pages import Listing, listing
from appliance.client.resource import Resource, at, edit, plain
from appliance.client.verbs import Awaiting, Blocking, verb
from appliance.schemas.job import Job
from appliance.schemas.schedule import Schedule, ScheduleDraft


class _Schedules(Resource):
    """The site's schedules."""

    @listing
    def list(self) -> Listing[Schedule]:
        """Return the schedules."""
        return Listing(self._line, "/schedules", Schedule)

    @verb
    async def get(self, name: str) -> Schedule:
        """Return one schedule."""
        return parsed(Schedule, await self._line.get(at("schedules", name)))

    @verb
    async def put(self, draft: ScheduleDraft, revision: int | None = None) -> Schedule:
        """Make a schedule, or change the one of this name.

        Parameters
        ----------
        revision
            That was seen: it is refused if somebody changed it since.
        """
        request = edit("PUT", at("schedules", draft.name), plain(draft), revision)
        return parsed(Schedule, await self._line.data(request))

    @listing
    def following(
        self,
        name: str,
        count: int = 10,
        *,
        after: datetime | None = None,
        until: datetime | None = None,
    ) -> Listing[datetime]:
        """Return the next times of a schedule, were it not paused.

        Parameters
        ----------
        after, until
            From when on, now if not said, and up to when.
        """
        query = {"n": count, "after": after, "until": until}
        path = at("schedules", name, "next")
        return Listing(self._line, path, datetime, query, whole=True)

    @verb
    async def remove(self, name: str, revision: int | None = None) -> None:
        """Remove a schedule; its jobs stay."""
        await self._line.ask(edit("DELETE", at("schedules", name), None, revision))

    @verb
    async def pause(self, name: str) -> Schedule:
        """Let a schedule rest."""
        return parsed(Schedule, await self._line.post(at("schedules", name, "pause")))

    @verb
    async def resume(self, name: str) -> Schedule:
        """Let a paused schedule go on."""
        return parsed(Schedule, await self._line.post(at("schedules", name, "resume")))

    @asks
    async def run(self, name: str) -> Job:
        """Run a schedule's job now."""
        return parsed(Job, await self._line.post(at("schedules", name, "run")))


class Schedules(Blocking, _Schedules):
    """Schedules, for those who wait."""


class AsyncSchedules(Awaiting, _Schedules):
    """Schedules, for those who await."""
