"""The platform itself: how it does now and did, and what became of its jobs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from appliance.client.line import parsed
from appliance.client.request import Request
from appliance.client.resource import Resource
from appliance.client.verbs import Awaiting, Blocking, verb
from appliance.schemas.platform import JobDays, Metric, PlatformHistory
from appliance.schemas.platform import Platform as Now


class _Platform(Resource):
    """The machine, the processes and the queue of the site."""

    @verb
    async def get(self) -> Now:
        """Return how the platform does now, as far as whoever asks may know."""
        return parsed(Now, await self._line.get("/platform"))

    @verb
    async def history(
        self,
        metrics: Metric | Iterable[Metric],
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        width: int | None = None,
    ) -> PlatformHistory:
        """Return figures over time.

        Parameters
        ----------
        start, end
            Half-open; the latest six hours if not said.
        width
            How many stretches of time at most.
        """
        names = [metrics] if isinstance(metrics, Metric) else [*metrics]
        query = {"metric": names, "from": start, "to": end, "width": width}
        return parsed(PlatformHistory, await self._line.get("/platform/history", **query))

    @verb
    async def metrics(self) -> str:
        """Return the metrics of all roles as Prometheus reads them."""
        asked = Request("GET", "/metrics", accept="text/plain")
        return (await self._line.ask(asked)).data.decode("utf-8")

    @verb
    async def jobs(
        self, *, start: datetime | None = None, end: datetime | None = None
    ) -> JobDays:
        """Return the jobs that ended in a time, by day and pipeline; of 30 days if not said."""
        query = {"from": start, "to": end}
        return parsed(JobDays, await self._line.get("/platform/jobs", **query))


class Platform(Blocking, _Platform):
    """The platform itself, for those who wait."""


class AsyncPlatform(Awaiting, _Platform):
    """The platform itself, for those who await."""
