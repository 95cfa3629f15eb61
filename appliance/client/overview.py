"""The site at a glance: where to look first, and what is new."""

from __future__ import annotations

from datetime import datetime

from appliance.client.line import parsed
from appliance.client.request import Request
from appliance.client.resource import Resource
from appliance.client.verbs import Awaiting, Blocking, verb
from appliance.schemas.overview import Changes, Inbox, Lane, Visit
from appliance.schemas.overview import Overview as Figures


class _Overview(Resource):
    """The fleets that may be seen, at a glance."""

    @verb
    async def get(self, fleet: str | None = None) -> Figures:
        """Return the fleets, or one, in a few figures, and whose data stopped coming."""
        return parsed(Figures, await self._line.get("/overview", fleet=fleet))

    @verb
    async def inbox(self, fleet: str | None = None) -> Inbox:
        """Return how many events nobody has closed, by what to do about them."""
        return parsed(Inbox, await self._line.get("/events/counts", fleet=fleet))

    @verb
    async def lane(
        self, fleet: str | None = None, *, days: int | None = None, limit: int | None = None
    ) -> Lane:
        """Return how unusual each machine was over time, those to look at first on top.

        Parameters
        ----------
        days
            So many, up to the newest reading; the whole recording if not said.
        limit
            At most so many machines.
        """
        query = {"fleet": fleet, "days": days, "limit": limit}
        return parsed(Lane, await self._line.get("/overview/lane", **query))

    @verb
    async def changes(self, since: datetime) -> Changes:
        """Return what happened since a moment."""
        return parsed(Changes, await self._line.get("/overview/changes", since=since))

    @verb
    async def visit(self) -> datetime | None:
        """Note down that whoever asks looks; return when their visit before this one ended."""
        done = await self._line.data(Request("PUT", "/session/visit"))
        return parsed(Visit, done).before


class Overview(Blocking, _Overview):
    """The site at a glance, for those who wait."""


class AsyncOverview(Awaiting, _Overview):
    """The site at a glance, for those who await."""
