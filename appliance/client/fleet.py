"""One fleet: its readings, models, scores and events."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal, Unpack

from typing_extensions import override

from appliance.client.events import EventQuery, events_of
from appliance.client.frames import ARROW, FrameKind, body_of, frame_of
from appliance.client.jobs import ask_for, asks
from appliance.client.line import Line, parsed
from appliance.client.pages import Listing, listing
from appliance.client.request import Request
from appliance.client.resource import Resource, at, edit
from appliance.client.verbs import Awaiting, Blocking, verb
from appliance.schemas.base import fleet_name
from appliance.schemas.event import Event
from appliance.schemas.ingest import IngestReport
from appliance.schemas.job import Job
from appliance.schemas.model import ModelVersion
from appliance.schemas.scorecard import Scorecard
from appliance.schemas.sensor import Sensor


class _Fleet(Resource):
    """One fleet of the site.

    Attributes
    ----------
    name
        The fleet's.
    """

    def __init__(self, line: Line, name: str) -> None:
        super().__init__(line)
        self.name = fleet_name(name)

    @override
    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name} of {self._line.url}>"

    def _at(self, *parts: str | int) -> str:
        return at("fleets", self.name, *parts)

    # ------------------------------------------------------------------ readings
    @verb
    async def ingest(
        self,
        source: Any,
        *,
        time: str | None = None,
        asset: str | None = None,
        context: Iterable[str] = (),
        timezone: str | None = None,
    ) -> IngestReport:
        """Bring readings in; the same ones twice add nothing.

        Parameters
        ----------
        source
            A file (CSV, JSON, Parquet, Arrow), or a frame of Polars, pandas or Arrow.
        time, asset, context
            Columns of times, of machine names, and of what explains normal change; guessed
            if not said.
        timezone
            Zone of times that are written without one.
        """
        query = {"time": time, "asset": asset, "context": context, "timezone": timezone}
        request = Request("POST", self._at("readings"), query=query, body=body_of(source))
        return parsed(IngestReport, await self._line.data(request))

    @verb
    async def readings(
        self,
        asset: str,
        sensors: Iterable[str] | None = None,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        width: int | None = None,
        method: Literal["minmax", "lttb"] | None = None,
        as_: FrameKind | None = None,
    ) -> Any:
        """Return readings of a machine as a frame.

        Parameters
        ----------
        width, method
            For a chart so many points wide: fewer rows that look the same.
        as_
            ``polars``, ``pandas`` or ``arrow``; Polars' if installed, else Arrow's.
        """
        query: dict[str, Any] = {"asset": asset, "sensors": sensors}
        query |= {"from": start, "to": end, "width": width, "method": method}
        return await self._frame("readings", query, as_)

    @verb
    async def scores(
        self,
        asset: str,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        version: int | None = None,
        width: int | None = None,
        as_: FrameKind | None = None,
    ) -> Any:
        """Return scores of a machine as a frame; of the champion if no version is said."""
        query = {"asset": asset, "from": start, "to": end, "version": version, "width": width}
        return await self._frame("scores", query, as_)

    async def _frame(self, what: str, query: dict[str, Any], kind: FrameKind | None) -> Any:
        request = Request("GET", self._at(what), query=query, accept=ARROW)
        return frame_of((await self._line.ask(request)).data, kind)

    @verb
    async def quality(self) -> Any:
        """Return the quality of its data, by sensor and by machine."""
        return await self._line.get(self._at("quality"))

    @listing
    def sensors(self) -> Listing[Sensor]:
        """Return its sensors and contexts."""
        return Listing(self._line, self._at("sensors"), Sensor)

    @verb
    async def edit_sensor(self, /, sensor: str, **changes: Any) -> Sensor:
        """Change a sensor's role, unit or limits; the next training uses them."""
        request = edit("PATCH", self._at("sensors", sensor), changes, None)
        return parsed(Sensor, await self._line.data(request))

    # ------------------------------------------------------------------ jobs
    @asks
    async def train(
        self,
        recipe: Any = None,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        budget: float | None = None,
        seed: int | None = None,
    ) -> Job:
        """Learn what is normal for every machine; see `appliance.fit` for recipes."""
        return await self._ask(
            "train", recipe=recipe, start=start, end=end, budget=budget, seed=seed
        )

    @asks
    async def score(
        self, source: str | None = None, out: str | None = None, *, version: int | None = None
    ) -> Job:
        """Judge what is new, and update events; or files where the site can read them.

        Parameters
        ----------
        source, out
            A file, folder or pattern that the site can reach, and where its scores go.
        """
        return await self._ask("score", source=source, out=out, version=version)

    @asks
    async def backtest(self, /, **arguments: Any) -> Job:
        """Find out what a model would have told of the past."""
        return await self._ask("backtest", **arguments)

    async def _ask(self, pipeline: str, **arguments: Any) -> Job:
        return await ask_for(self._line, pipeline, self.name, arguments)

    # ------------------------------------------------------------------ models
    @listing
    def models(self) -> Listing[ModelVersion]:
        """Return the versions of its model."""
        return Listing(self._line, self._at("models"), ModelVersion)

    @verb
    async def model(self, version: int) -> ModelVersion:
        """Return one version of its model."""
        return parsed(ModelVersion, await self._line.get(self._at("models", version)))

    @verb
    async def promote(self, version: int) -> ModelVersion:
        """Make a version the champion: the one that alarms."""
        done = await self._line.post(self._at("models", version, "promote"))
        return parsed(ModelVersion, done)

    @verb
    async def rollback(self) -> ModelVersion:
        """Go back to the champion before this one."""
        return parsed(ModelVersion, await self._line.post(self._at("models", "rollback")))

    @verb
    async def compare(self, a: int, b: int) -> Any:
        """Return two versions side by side."""
        return await self._line.get(self._at("models", "compare"), a=a, b=b)

    @verb
    async def delete_model(self, version: int) -> None:
        """Delete a version that is not in use."""
        await self._line.ask(Request("DELETE", self._at("models", version)))

    # ------------------------------------------------------------------ events
    @listing
    def events(
        self,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int | None = None,
        **asked: Unpack[EventQuery],
    ) -> Listing[Event]:
        """Return its events, the most urgent first; see `Plant.events`."""
        return events_of(self._line, {**asked, "fleet": self.name}, (start, end), limit)

    @verb
    async def scorecard(
        self,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        look_back_days: float | None = None,
    ) -> Scorecard:
        """Return what its alarms were worth."""
        query = {"from": start, "to": end, "look_back_days": look_back_days}
        return parsed(Scorecard, await self._line.get(self._at("scorecard"), **query))


class Fleet(Blocking, _Fleet):
    """One fleet, for those who wait."""


class AsyncFleet(Awaiting, _Fleet):
    """One fleet, for those who await."""
