"""A fleet's events, what is known of the truth, and what its alarms were worth."""

from __future__ import annotations

from datetime import datetime
from typing import Unpack

from pydantic_core import to_jsonable_python

from appliance.client.events import EventQuery, events_of
from appliance.client.fleet.base import FleetBase
from appliance.client.line import parsed
from appliance.client.pages import Listing, listing
from appliance.client.verbs import verb
from appliance.schemas.access import Member
from appliance.schemas.calendar import Label, Window
from appliance.schemas.event import Event
from appliance.schemas.scorecard import Scorecard


class FleetEvents(FleetBase):
    """What happened to a fleet."""

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
    def people(self) -> Listing[Member]:
        """Return who may be given its events, by name."""
        return Listing(self._line, self._at("people"), Member)

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
