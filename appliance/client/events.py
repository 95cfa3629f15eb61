"""Events: found, read in full, and dealt with."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal, TypedDict

from typing_extensions import override

from appliance.client.line import Line, parsed
from appliance.client.pages import Listing, listing
from appliance.client.resource import Resource, at
from appliance.client.verbs import Awaiting, Blocking, verb
from appliance.schemas.alert import Delivery
from appliance.schemas.backtest import VerdictPreview
from appliance.schemas.base import Language
from appliance.schemas.event import (
    Event,
    EventComment,
    EventRevision,
    EventTold,
    Muting,
    SimilarEvents,
    Verdict,
)
from appliance.schemas.expected import EventExpected


class EventQuery(TypedDict, total=False):
    """Which events are looked for; of some things one or several may be said."""

    fleet: str
    asset: str | Iterable[str]
    state: str | Iterable[str]
    severity: str | Iterable[str]
    kind: str | Iterable[str]
    owner: str
    verdict: Verdict
    text: str
    muted: bool | None
    repeats: str | None
    sort: Literal["urgency", "time"]


def events_of(
    line: Line,
    asked: EventQuery,
    span: tuple[datetime | None, datetime | None],
    limit: int | None,
) -> Listing[Event]:
    """Return the list of the events that are as asked for."""
    query = {**asked, "from": span[0], "to": span[1]}
    return Listing(line, "/events", Event, query, limit)


class _Handle(Resource):
    """One event at the site.

    Attributes
    ----------
    id
        Its identifier.
    """

    def __init__(self, line: Line, event: str) -> None:
        super().__init__(line)
        self.id = event

    @override
    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} of {self._line.url}>"

    @verb
    async def get(self, *, language: Language | None = None) -> EventTold:
        """Return the event as it stands, in plain words, and what it rests on.

        Parameters
        ----------
        language
            Of the words; the site's if not said.
        """
        told = await self._line.get(at("events", self.id), language=language)
        return parsed(EventTold, told)

    @listing
    def history(self) -> Listing[EventRevision]:
        """Return what became of it, change by change."""
        return Listing(self._line, at("events", self.id, "history"), EventRevision)

    @listing
    def comments(self) -> Listing[EventComment]:
        """Return what was said about it."""
        return Listing(self._line, at("events", self.id, "comments"), EventComment)

    @verb
    async def acknowledge(self) -> Event:
        """Take note of it."""
        return await self._do("acknowledge")

    @verb
    async def close(self, verdict: Verdict) -> Event:
        """Close it with a verdict."""
        return await self._do("close", verdict=verdict)

    @verb
    async def reopen(self) -> Event:
        """Open it again after it was acknowledged or closed."""
        return await self._do("reopen")

    @verb
    async def assign(self, owner: str | None) -> Event:
        """Give it to somebody, or to nobody."""
        return await self._do("assign", owner=owner)

    @verb
    async def mute(
        self, reason: str, *, until: datetime | None = None, only_sensor: bool = False
    ) -> Event:
        """Let it wait for nobody for a while, unless it becomes graver.

        Parameters
        ----------
        until
            When it calls again; when it is closed if not said.
        only_sensor
            Of the events that begin on the machine meanwhile, mute only those that are about
            the same sensor most of all.
        """
        wanted = Muting(until=until, reason=reason, only_sensor=only_sensor)
        return await self._do("mute", **wanted.model_dump(mode="json"))

    @verb
    async def unmute(self) -> Event:
        """Let it, and those that took its mute over, call again."""
        return await self._do("unmute")

    @listing
    def deliveries(self) -> Listing[Delivery]:
        """Return by which channels word of it went, the latest first."""
        return Listing(self._line, at("events", self.id, "deliveries"), Delivery)

    @verb
    async def verdict_preview(self, verdict: Verdict) -> VerdictPreview:
        """Return which events would be gone if a verdict fed the next training."""
        path = at("events", self.id, "verdict-preview")
        return parsed(VerdictPreview, await self._line.get(path, verdict=verdict))

    @verb
    async def similar(self, *, limit: int = 5) -> SimilarEvents:
        """Return earlier events that looked alike, and how they ended."""
        told = await self._line.get(at("events", self.id, "similar"), limit=limit)
        return parsed(SimilarEvents, told)

    @verb
    async def expected(self, *, language: Language | None = None) -> EventExpected:
        """Return what the sensors it is about would have shown in normal running, at its peak.

        Parameters
        ----------
        language
            Of the words; the site's if not said.
        """
        told = await self._line.get(at("events", self.id, "expected"), language=language)
        return parsed(EventExpected, told)

    @verb
    async def comment(self, text: str) -> EventComment:
        """Say something about it."""
        said = await self._line.post(at("events", self.id, "comments"), {"text": text})
        return parsed(EventComment, said)

    async def _do(self, what: str, **facts: Any) -> Event:
        done = await self._line.post(at("events", self.id, what), facts or None)
        return parsed(Event, done)


class EventHandle(Blocking, _Handle):
    """One event at the site, for those who wait."""


class AsyncEventHandle(Awaiting, _Handle):
    """One event at the site, for those who await."""
