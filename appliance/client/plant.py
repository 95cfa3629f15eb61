"""A site that runs somewhere: what `connect` gives."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Self, Unpack
from zoneinfo import ZoneInfo

from appliance.client.access import (
    AsyncProjects,
    AsyncTokens,
    AsyncUsers,
    Projects,
    Tokens,
    Users,
)
from appliance.client.calendar import AsyncCalendar, Calendar
from appliance.client.channels import AsyncChannels, Channels
from appliance.client.code import AsyncCodeOf, AsyncOwnPipelines, CodeOf, OwnPipelines
from appliance.client.costs import AsyncBudgets, AsyncCosts, Budgets, Costs
from appliance.client.events import AsyncEventHandle, EventHandle, EventQuery, events_of
from appliance.client.fleet import AsyncFleet, Fleet
from appliance.client.gateway import AsyncGateway, Gateway
from appliance.client.jobs import AsyncJobs, Jobs
from appliance.client.line import Line, parsed
from appliance.client.overview import AsyncOverview, Overview
from appliance.client.pages import Listing, listing
from appliance.client.platform import AsyncPlatform, Platform
from appliance.client.recipes import AsyncRecipes, Recipes
from appliance.client.request import Request
from appliance.client.resource import Resource
from appliance.client.schedules import AsyncSchedules, Schedules
from appliance.client.sources import AsyncSources, Sources
from appliance.client.verbs import Awaiting, Blocking, verb
from appliance.schemas.access import LoginWays
from appliance.schemas.approval import Approval
from appliance.schemas.audit import AuditCheck, AuditEntry
from appliance.schemas.event import BulkOutcomes, Event, Muting
from appliance.schemas.fleet import FleetSummary
from appliance.schemas.gateway import MemberSite
from appliance.schemas.scorecard import FleetTotal
from appliance.schemas.search import Found
from appliance.schemas.site import SiteFacts


class _Plant(Resource):
    """A running site."""

    @property
    def url(self) -> str:
        """Where it is."""
        return self._line.url

    @verb
    async def me(self) -> Any:
        """Return who the site takes whoever asks for."""
        return await self._line.get("/session")

    @verb
    async def ways(self) -> LoginWays:
        """Return how one may log in."""
        return parsed(LoginWays, await self._line.get("/session/ways"))

    @verb
    async def change_password(self, old: str, new: str) -> None:
        """Change one's own password, knowing the old one; one's other sessions end."""
        told = {"old": old, "new": new}
        await self._line.ask(Request("PUT", "/session/password", json=told))

    @verb
    async def site(self) -> SiteFacts:
        """Return what the site says of itself."""
        return parsed(SiteFacts, await self._line.get("/site"))

    @verb
    async def zone(self) -> ZoneInfo:
        """Return the time zone that the site's people read times in."""
        facts = parsed(SiteFacts, await self._line.get("/site"))
        return ZoneInfo(facts.timezone)

    @listing
    def sites(self) -> Listing[MemberSite]:
        """Return the sites of a gateway that whoever asks has a place at."""
        return Listing(self._line, "/sites", MemberSite, whole=True)

    @listing
    def fleets(self) -> Listing[FleetSummary]:
        """Return the fleets that may be seen."""
        return Listing(self._line, "/fleets", FleetSummary)

    @listing
    def events(
        self,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int | None = None,
        **asked: Unpack[EventQuery],
    ) -> Listing[Event]:
        """Return events, the most urgent first.

        Parameters
        ----------
        start, end
            Only those that end after it, and begin before it.
        limit
            At most so many.
        **asked
            Only those of a `fleet`, an `owner` or a `verdict`; of one or several of `asset`,
            `state`, `severity` and `kind`; with a `text` in the name of asset or sensor;
            `muted` or not; those that an event `repeats`.
            `sort` is ``urgency`` or ``time``.
        """
        return events_of(self._line, asked, (start, end), limit)

    @verb
    async def deal(
        self,
        events: Iterable[str],
        action: str,
        /,
        *,
        mute: Muting | None = None,
        **facts: str | None,
    ) -> BulkOutcomes:
        """Do the same to many events; what becomes of each is told by itself.

        Parameters
        ----------
        action
            ``acknowledge``, ``reopen``, ``assign`` (with `owner`), ``close`` (with
            `verdict`), ``mute`` (with `mute`) or ``unmute``.
        """
        asked: dict[str, object] = {"events": [*events], "action": action, **facts}
        if mute is not None:
            asked["mute"] = mute.model_dump(mode="json")
        return parsed(BulkOutcomes, await self._line.post("/events/bulk", asked))

    @listing
    def approvals(self, state: str | Iterable[str] | None = None) -> Listing[Approval]:
        """Return challengers that somebody is asked about; those that wait if not said."""
        return Listing(self._line, "/approvals", Approval, {"state": state})

    @listing
    def audit(
        self,
        *,
        by: str | None = None,
        on: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int | None = None,
    ) -> Listing[AuditEntry]:
        """Return who did what, the latest first.

        Parameters
        ----------
        by, on
            Only what this user did, and to this, as ``kind:name``.
        """
        query = {"by": by, "on": on, "since": start, "until": end}
        return Listing(self._line, "/audit", AuditEntry, query, limit)

    @verb
    async def check_audit(self, head: str | None = None) -> AuditCheck:
        """Check that nobody changed the audit log.

        Parameters
        ----------
        head
            What an earlier check gave as `head`, noted elsewhere.
        """
        return parsed(AuditCheck, await self._line.get("/audit/verify", head=head))

    @listing
    def scorecards(
        self, *, start: datetime | None = None, end: datetime | None = None
    ) -> Listing[FleetTotal]:
        """Return what the alarms of every fleet were worth; of 90 days if not said."""
        query = {"from": start, "to": end}
        return Listing(self._line, "/scorecard", FleetTotal, query, most=50)

    @verb
    async def search(self, text: str, limit: int = 20) -> Found:
        """Return the fleets, assets, sensors and events that a text is found in."""
        return parsed(Found, await self._line.get("/search", q=text, limit=limit))

    @verb
    async def close(self) -> None:
        """Hang up; a session that was opened ends."""
        await self._line.close()


class Plant(Blocking, _Plant):
    """A running site, for those who wait.

    Attributes
    ----------
    jobs, schedules, calendar
        What runs, what runs when, and when machines do not run as usual.
    recipes
        How models are learned.
    overview
        Where to look first.
    platform
        The machine and the processes that all of it runs on.
    gateway
        Of a gateway: who belongs to it, and what waits for sites that are away.
    costs, budgets
        What all of it costs, called with what it is told by; and what it may cost in a month.
    channels
        Where word of events goes.
    sources
        Where readings come from by themselves.
    code, own_pipelines
        What the site's own people registered, and joined of it.
    users, tokens, projects
        Who may what.
    """

    def __init__(self, line: Line) -> None:
        super().__init__(line)
        self.jobs = Jobs(line)
        self.schedules = Schedules(line)
        self.recipes = Recipes(line)
        self.calendar = Calendar(line)
        self.overview = Overview(line)
        self.platform = Platform(line)
        self.gateway = Gateway(line)
        self.costs = Costs(line)
        self.budgets = Budgets(line)
        self.channels = Channels(line)
        self.sources = Sources(line)
        self.code = CodeOf(line)
        self.own_pipelines = OwnPipelines(line)
        self.users = Users(line)
        self.tokens = Tokens(line)
        self.projects = Projects(line)

    def at(self, site: str) -> Plant:
        """Return one site of a gateway: what is asked of it is asked of no other."""
        return Plant(self._line.at(site))

    def fleet(self, name: str) -> Fleet:
        """Return a fleet by name; nothing is asked yet."""
        return Fleet(self._line, name)

    def event(self, event: str) -> EventHandle:
        """Return an event by its identifier; nothing is asked yet."""
        return EventHandle(self._line, event)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncPlant(Awaiting, _Plant):
    """A running site, for those who await.

    Attributes
    ----------
    jobs, schedules, calendar
        What runs, what runs when, and when machines do not run as usual.
    recipes
        How models are learned.
    overview
        Where to look first.
    platform
        The machine and the processes that all of it runs on.
    gateway
        Of a gateway: who belongs to it, and what waits for sites that are away.
    costs, budgets
        What all of it costs, called with what it is told by; and what it may cost in a month.
    channels
        Where word of events goes.
    sources
        Where readings come from by themselves.
    code, own_pipelines
        What the site's own people registered, and joined of it.
    users, tokens, projects
        Who may what.
    """

    def __init__(self, line: Line) -> None:
        super().__init__(line)
        self.jobs = AsyncJobs(line)
        self.schedules = AsyncSchedules(line)
        self.recipes = AsyncRecipes(line)
        self.calendar = AsyncCalendar(line)
        self.overview = AsyncOverview(line)
        self.platform = AsyncPlatform(line)
        self.gateway = AsyncGateway(line)
        self.costs = AsyncCosts(line)
        self.budgets = AsyncBudgets(line)
        self.channels = AsyncChannels(line)
        self.sources = AsyncSources(line)
        self.code = AsyncCodeOf(line)
        self.own_pipelines = AsyncOwnPipelines(line)
        self.users = AsyncUsers(line)
        self.tokens = AsyncTokens(line)
        self.projects = AsyncProjects(line)

    def at(self, site: str) -> AsyncPlant:
        """Return one site of a gateway: what is asked of it is asked of no other."""
        return AsyncPlant(self._line.at(site))

    def fleet(self, name: str) -> AsyncFleet:
        """Return a fleet by name; nothing is asked yet."""
        return AsyncFleet(self._line, name)

    def event(self, event: str) -> AsyncEventHandle:
        """Return an event by its identifier; nothing is asked yet."""
        return AsyncEventHandle(self._line, event)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
