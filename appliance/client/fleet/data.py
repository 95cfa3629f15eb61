"""A fleet's readings, assets and sensors."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypedDict, Unpack

from appliance.client.fleet.base import FleetBase
from appliance.client.follow import followed
from appliance.client.frames import ARROW, FrameKind, body_of, called, frame_of
from appliance.client.line import data_of, parsed
from appliance.client.outcome import outcome
from appliance.client.pages import Listing, listing
from appliance.client.request import Request
from appliance.client.resource import edit
from appliance.client.verbs import verb
from appliance.schemas.base import Language
from appliance.schemas.expected import ExpectedTold
from appliance.schemas.fleet import Asset, Fleet
from appliance.schemas.history import Health, RemainingLife, Similar
from appliance.schemas.ingest import FleetQuality, IngestReport, Refused
from appliance.schemas.job import Job
from appliance.schemas.mode import ModesTold
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


class Meaning(TypedDict, total=False):
    """What the columns of readings are for."""

    time: str
    asset: str
    context: Iterable[str]
    timezone: str
    layout: Literal["auto", "wide", "long"]
    called: str


class FleetData(FleetBase):
    """What is known of a fleet, and what was measured."""

    @verb
    async def get(self) -> Fleet:
        """Return what it is."""
        return parsed(Fleet, await self._line.get(self._at()))

    @listing
    def assets(self) -> Listing[Asset]:
        """Return its assets, each with its last score and the events that wait."""
        return Listing(self._line, self._at("assets"), Asset)

    @verb
    async def asset(self, asset: str) -> Asset:
        """Return one asset."""
        return parsed(Asset, await self._line.get(self._at("assets", asset)))

    @verb
    async def health(self, asset: str, *, days: int | None = None) -> Health:
        """Return how an asset's days compare with normal running, and their trend.

        Parameters
        ----------
        days
            So many, up to the newest reading; the whole recording if not said.
        """
        path = self._at("assets", asset, "health")
        return parsed(Health, await self._line.get(path, days=days))

    @verb
    async def rul(
        self, asset: str, *, limit: float = 0.0, days: int | None = None
    ) -> RemainingLife:
        """Return how long an asset lasts, and by what that is told; nothing without wear.

        Parameters
        ----------
        limit
            Health that is taken for the end, where health is carried on.
        days
            Of its health so many are looked at; the whole recording if not said.
        """
        path = self._at("assets", asset, "rul")
        return parsed(RemainingLife, await self._line.get(path, limit=limit, days=days))

    @verb
    async def similar(
        self,
        asset: str,
        start: datetime,
        end: datetime,
        *,
        sensors: Iterable[str] | None = None,
        sisters: bool = False,
    ) -> Similar:
        """Return the stretches of the past that look most like one, and what was found then.

        Parameters
        ----------
        start, end
            Half-open.
        sensors
            Those that are compared; all that are judged if not said.
        sisters
            Whether other assets of the fleet are searched too.
        """
        query = {"from": start, "to": end, "sensors": sensors, "sisters": sisters}
        path = self._at("assets", asset, "similar")
        return parsed(Similar, await self._line.get(path, **query))

    @verb
    async def modes(
        self,
        asset: str,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        language: Language | None = None,
    ) -> ModesTold:
        """Return the modes that an asset runs in, what is normal in each, and when it was on.

        Parameters
        ----------
        start, end
            Half-open; the whole recording if not said.
        language
            Of the words, ``en`` or ``ja``; the site's if not said.
        """
        query = {"from": start, "to": end, "language": language}
        path = self._at("assets", asset, "modes")
        return parsed(ModesTold, await self._line.get(path, **query))

    @verb
    async def expected(
        self,
        asset: str,
        start: datetime,
        end: datetime,
        *,
        sensors: Iterable[str] | None = None,
        version: int | None = None,
        width: int | None = None,
    ) -> ExpectedTold:
        """Return what sensors would have shown in normal running, told from the others.

        Parameters
        ----------
        start, end
            Half-open.
        sensors
            Those that are to be explained, by all others; each by every other if not said.
        version
            Of the model; the champion if not said.
        width
            Points that a chart is wide: stretches are averaged to no more.
        """
        asked = {"sensors": sensors, "version": version, "width": width}
        path = self._at("assets", asset, "expected")
        told = await self._line.get(path, **{"from": start, "to": end, **asked})
        return parsed(ExpectedTold, told)

    # ------------------------------------------------------------------ readings
    @verb
    async def ingest(self, source: Any, /, **meant: Unpack[Meaning]) -> IngestReport:
        """Bring readings in; the same ones twice add nothing.

        What is large is brought in by a job of the site, which this waits for.

        Parameters
        ----------
        source
            A file (CSV, JSON, JSON lines, Parquet, Arrow; also packed), or a frame of Polars,
            pandas or Arrow.
        **meant
            Columns of `time`, of `asset` names and of `context`, guessed if not said; the
            `timezone` of times that are written without one; the `layout` ``wide`` or
            ``long``; what the asset of rows is `called` that name none: a file is called
            after its asset, a frame's is called like the fleet.
        """
        query = {**meant}
        if isinstance(source, str | Path):
            query.setdefault("called", called(source))
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
    def quarantine(
        self, limit: int | None = None, *, reason: str | None = None
    ) -> Listing[Refused]:
        """Return the rows and cells that were refused, for a reason if one is named."""
        query = {"reason": reason}
        return Listing(self._line, self._at("quarantine"), Refused, query, limit)

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
