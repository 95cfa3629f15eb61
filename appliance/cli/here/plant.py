"""A home on this machine, with the verbs of a plant that runs somewhere."""

from __future__ import annotations

import getpass
from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from appliance.access import shell
from appliance.access.seen import EVERYTHING
from appliance.cli.here.access import Projects, Tokens, Users
from appliance.cli.here.calendar import Calendar
from appliance.cli.here.channels import Channels
from appliance.cli.here.code import CodeOf, OwnPipelines
from appliance.cli.here.costs import Budgets, Costs
from appliance.cli.here.events import EventHandle
from appliance.cli.here.fleet import Fleet, Work
from appliance.cli.here.jobs import Jobs, Schedules
from appliance.cli.here.platform import Platform
from appliance.cli.here.running import run
from appliance.cli.here.sources import Sources
from appliance.pipelines import overview
from appliance.pipelines.site import Site
from appliance.schemas.approval import Approval, ApprovalState
from appliance.schemas.audit import AuditCheck, AuditEntry
from appliance.schemas.fleet import FleetSummary

_EVERY = 1_000_000


class Here:
    """The site of a home, worked on by whoever is at the machine.

    Parameters
    ----------
    site
        The home's.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._me = shell(getpass.getuser())

    @cached_property
    def users(self) -> Users:
        """Who is known to the site."""
        return Users(self._site.access, self._me)

    @cached_property
    def projects(self) -> Projects:
        """Which fleets belong together."""
        return Projects(self._site.access, self._me)

    @cached_property
    def tokens(self) -> Tokens:
        """What programs show instead of a password."""
        return Tokens(self._site.access, self._me)

    @cached_property
    def calendar(self) -> Calendar:
        """When machines do not run as usual."""
        return Calendar(self._site, self._me)

    @cached_property
    def channels(self) -> Channels:
        """Where word of events goes."""
        return Channels(self._site, self._me)

    @cached_property
    def sources(self) -> Sources:
        """Where readings come from by themselves."""
        return Sources(self._site, self._me)

    @cached_property
    def code(self) -> CodeOf:
        """What the site's own people registered."""
        return CodeOf(self._site, self._me)

    @cached_property
    def own_pipelines(self) -> OwnPipelines:
        """What they joined of it."""
        return OwnPipelines(self._site, self._me)

    @cached_property
    def jobs(self) -> Jobs:
        """What runs, ran and waits to run."""
        return Jobs(self._site, self._me)

    @cached_property
    def costs(self) -> Costs:
        """What all of it costs."""
        return Costs(self._site)

    @cached_property
    def budgets(self) -> Budgets:
        """What it may cost in a month."""
        return Budgets(self._site, self._me)

    @cached_property
    def platform(self) -> Platform:
        """The platform itself."""
        return Platform(self._site)

    @cached_property
    def schedules(self) -> Schedules:
        """What runs when."""
        return Schedules(self._site, self._me)

    def run(self, pipeline: str, fleet: str | None = None, **arguments: Any) -> Work[Any]:
        """Return work of any pipeline that jobs can be asked for; it is done at once."""
        return run(self._site, self._me, pipeline, fleet, arguments)

    def approvals(self, state: Iterable[str] | None = None) -> list[Approval]:
        """Return challengers that somebody is asked about; those that wait if not said."""
        states = [ApprovalState(one) for one in state or (ApprovalState.WAITING,)]
        return self._site.approvals.list(states=states)

    def zone(self) -> ZoneInfo:
        """Return the time zone that the site's people read times in."""
        return self._site.settings.zone

    def fleets(self) -> list[FleetSummary]:
        """Return the fleets."""
        return overview.fleets(self._site, EVERYTHING, after=None, limit=_EVERY)

    def fleet(self, name: str) -> Fleet:
        """Return a fleet by name."""
        return Fleet(self._site, self._me, name)

    def event(self, event: str) -> EventHandle:
        """Return an event by its identifier."""
        return EventHandle(self._site, self._me, event)

    def audit(
        self,
        *,
        by: str | None = None,
        on: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int = 100,
    ) -> list[AuditEntry]:
        """Return who did what, the latest first."""
        return self._site.access.audit.list(
            self._me, who=by, what=on, since=start, until=end, limit=limit
        )

    def check_audit(self, head: str | None = None) -> AuditCheck:
        """Check that nobody changed the audit log."""
        return self._site.access.audit.verify(head)
