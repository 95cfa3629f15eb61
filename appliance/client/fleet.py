"""One fleet: its readings, models, scores and events."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal, TypedDict, Unpack

from pydantic_core import to_jsonable_python
from typing_extensions import override

from appliance.client.events import EventQuery, events_of
from appliance.client.follow import followed
from appliance.client.frames import ARROW, FrameKind, body_of, frame_of
from appliance.client.jobs import ask_for, asks
from appliance.client.line import Line, data_of, parsed
from appliance.client.outcome import outcome
from appliance.client.pages import Listing, listing
from appliance.client.recipes import portable
from appliance.client.request import Request
from appliance.client.resource import Resource, at, edit
from appliance.client.verbs import Awaiting, Blocking, verb
from appliance.schemas.base import fleet_name
from appliance.schemas.calendar import Label, Window
from appliance.schemas.event import Event
from appliance.schemas.fleet import Asset
from appliance.schemas.fleet import Fleet as FleetFacts
from appliance.schemas.ingest import FleetQuality, IngestReport, Refused
from appliance.schemas.job import Job
from appliance.schemas.model import ModelComparison, ModelTold, ModelVersion, Promotion
from appliance.schemas.scorecard import Scorecard
from appliance.schemas.sensor import Sensor

_LATER = 202
"""Status of an answer that a job will give."""


class Chart(TypedDict, total=False):
    """How wide a chart is, and how rows are chosen for it."""

    width: int
    method: Literal["minmax", "lttb", "none"]


class SensorChanges(TypedDict, total=False):
    """What to change of a sensor; what is not named stays, and None takes away."""

    role: str
    unit: str
    label: str
    lower: float | None
    upper: float | None
    run_state: dict[str, Any] | None


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

    @verb
    async def get(self) -> FleetFacts:
        """Return what it is."""
        return parsed(FleetFacts, await self._line.get(self._at()))

    @listing
    def assets(self) -> Listing[Asset]:
        """Return its assets, each with its last score and the events that wait."""
        return Listing(self._line, self._at("assets"), Asset)

    @verb
    async def asset(self, asset: str) -> Asset:
        """Return one asset."""
        return parsed(Asset, await self._line.get(self._at("assets", asset)))

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

        What is large is brought in by a job of the site, which this waits for.

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
        body = body_of(source)
        request = Request("POST", self._at("readings"), query=query, body=body, keyed=True)
        answer = await self._line.ask(request)
        told = data_of(self._line.url, answer)
        if answer.status != _LATER:
            return parsed(IngestReport, told)
        return parsed(IngestReport, outcome(await followed(self._line, parsed(Job, told))))

    @verb
    async def readings(
        self,
        asset: str | Iterable[str] | None = None,
        sensors: str | Iterable[str] | None = None,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        as_: FrameKind | None = None,
        **chart: Unpack[Chart],
    ) -> Any:
        """Return readings as a frame; of all assets and sensors if none is said.

        Parameters
        ----------
        start, end
            Half-open.
        as_
            ``polars``, ``pandas`` or ``arrow``; Polars' if installed, else Arrow's.
        **chart
            For a chart `width` points wide: fewer rows that look the same, by the `method`
            ``minmax`` or ``lttb``.
        """
        query = {"asset": asset, "sensors": sensors, "from": start, "to": end, **chart}
        return await self._frame("readings", query, as_)

    @verb
    async def scores(
        self,
        asset: str | Iterable[str] | None = None,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        version: int | None = None,
        width: int | None = None,
        as_: FrameKind | None = None,
    ) -> Any:
        """Return scores as a frame; by the champion if no version is said.  See `readings`."""
        query = {"asset": asset, "from": start, "to": end, "version": version, "width": width}
        return await self._frame("scores", query, as_)

    async def _frame(self, what: str, query: dict[str, Any], kind: FrameKind | None) -> Any:
        request = Request("GET", self._at(what), query=query, accept=ARROW)
        return frame_of((await self._line.ask(request)).data, kind)

    @verb
    async def quality(self) -> FleetQuality:
        """Return the quality of its data, by sensor and by machine."""
        return parsed(FleetQuality, await self._line.get(self._at("quality")))

    @listing
    def quarantine(self, limit: int | None = None) -> Listing[Refused]:
        """Return the rows and cells that were refused, with file, row and reason."""
        return Listing(self._line, self._at("quarantine"), Refused, limit=limit)

    @listing
    def sensors(self) -> Listing[Sensor]:
        """Return its sensors and contexts."""
        return Listing(self._line, self._at("sensors"), Sensor)

    @verb
    async def sensor(self, sensor: str) -> Sensor:
        """Return one of its sensors."""
        return parsed(Sensor, await self._line.get(self._at("sensors", sensor)))

    @verb
    async def edit_sensor(
        self, sensor: str, /, revision: int | None = None, **changes: Unpack[SensorChanges]
    ) -> Sensor:
        """Change a sensor's role, unit, limits or label; the next training uses them.

        Parameters
        ----------
        revision
            That was seen: it is refused if somebody changed it since.
        """
        request = edit("PATCH", self._at("sensors", sensor), changes, revision)
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
        engine: str | None = None,
    ) -> Job:
        """Learn what is normal for every machine.

        Parameters
        ----------
        recipe
            ``auto``, a detector's or a saved recipe's name, the path of a TOML or JSON file
            of this machine, a mapping, or a recipe.
        start, end
            Half-open range of the readings to learn from.
        budget, seed
            Win over the recipe's; the budget is false alarms a machine and month.
        """
        return await self._ask(
            "train",
            recipe=portable(recipe),
            start=start,
            end=end,
            budget=budget,
            seed=seed,
            engine=engine,
        )

    @asks
    async def score(self, *, version: int | None = None, engine: str | None = None) -> Job:
        """Judge what is new, and update events; by the champion if no version is said."""
        return await self._ask("score", version=version, engine=engine)

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
    async def model(self, version: int, *, metrics: bool = False) -> ModelTold:
        """Return one version of its model.

        Parameters
        ----------
        metrics
            Also what its alarms were worth.
        """
        path = self._at("models", version)
        return parsed(ModelTold, await self._line.get(path, metrics=metrics))

    @listing
    def promotions(self) -> Listing[Promotion]:
        """Return every change of champion, the latest first."""
        return Listing(self._line, self._at("models", "promotions"), Promotion)

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
    async def compare(
        self, a: int, b: int, *, start: datetime | None = None, end: datetime | None = None
    ) -> ModelComparison:
        """Return two versions side by side, over what both have scored."""
        query = {"a": a, "b": b, "from": start, "to": end}
        path = self._at("models", "compare")
        return parsed(ModelComparison, await self._line.get(path, **query))

    @verb
    async def delete_model(self, version: int, *, force: bool = False) -> None:
        """Delete a version; never the champion.

        Parameters
        ----------
        force
            Even if events rest on it.
        """
        path = self._at("models", version)
        await self._line.ask(Request("DELETE", path, query={"force": force}))

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

    @listing
    def labels(
        self, *, start: datetime | None = None, end: datetime | None = None
    ) -> Listing[Label]:
        """Return failures and verdicts, the latest first; of the last year if not said."""
        return Listing(self._line, self._at("labels"), Label, {"from": start, "to": end})

    @verb
    async def add_failure(
        self, start: datetime, end: datetime, *, asset: str | None = None, title: str = ""
    ) -> Window:
        """Tell of a failure of a machine, or of the whole fleet."""
        told = {"asset": asset, "start": start, "end": end, "title": title}
        made = await self._line.post(self._at("labels"), to_jsonable_python(told))
        return parsed(Window, made)

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
