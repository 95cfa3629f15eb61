"""A gateway: its sites, their lines, and what waits for those that are away."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from appliance.access import Person
from appliance.core.clock import monotonic, now
from appliance.core.errors import KizashiError
from appliance.core.log import get
from appliance.core.secrets import site_key
from appliance.gateway.hub import Ask, Asker, Hub
from appliance.gateway.mapping import asker
from appliance.gateway.signing import own_key
from appliance.gateway.site_end import LOAD
from appliance.gateway.store import Kept, Outbox, Sites
from appliance.pipelines.site import Site
from appliance.schemas.gateway import Load, MemberSite

_log = get(__name__)
LOAD_SECONDS = 15.0
"""How often sites are asked how busy they are."""
_PATIENCE = 10.0
_NAMES_SECONDS = 5.0
_NOBODY = Asker("gateway", admin=False)


class Gateway:
    """Everything that a gateway has beyond a site.

    Parameters
    ----------
    site
        Its own home: users, rights, audit log and settings.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        home_key = site_key(site.settings.home)
        self.hub = Hub(own_key(site.settings.home))
        self.sites = Sites(site.database, site.access)
        self.outbox = Outbox(site.database, home_key)
        self.kept = Kept(site.database, home_key)
        self.loads: dict[str, Load] = {}
        self.round_trips: dict[str, float] = {}
        self._keeping: set[asyncio.Task[None]] = set()
        self._names: tuple[int | None, float, tuple[str, ...]] = (None, 0.0, ())

    def names(self) -> tuple[str, ...]:
        """Return the names of all sites; as they were if nothing was written since."""
        stamp, at = self.site.database.stamp(), monotonic()
        known_stamp, until, names = self._names
        if stamp is None or stamp != known_stamp or until < at:
            names = tuple(self.sites.names())
            self._names = (stamp, at + _NAMES_SECONDS, names)
        return names

    def askers(self, person: Person) -> Mapping[str, Asker]:
        """Return the sites that somebody has a place at, and who they are there."""
        found = {name: asker(person, name) for name in self.names()}
        return {name: who for name, who in found.items() if who is not None}

    def members(self, names: Mapping[str, Asker]) -> list[MemberSite]:
        """Return sites by name, as they are now."""
        here = self.hub.here()
        return [
            one.model_copy(
                update={
                    "state": "here" if one.name in here else one.state,
                    "since": self.hub.since(one.name),
                    "seen": now() if one.name in here else one.seen,
                    "round_trip_seconds": self.round_trips.get(one.name),
                    "load": self.loads.get(one.name),
                }
            )
            for one in self.sites.list()
            if one.name in names
        ]

    def keep_soon(self, site: str, question: str, answer: bytes) -> None:
        """Keep a site's answer for when it is away, while the answer is on its way already."""

        async def kept() -> None:
            try:
                await run_in_threadpool(self.kept.keep, site, question, answer)
            except KizashiError as error:
                _log.info("what site %s said cannot be kept: %s", site, error)

        if self.kept.is_due(site, question):
            task = asyncio.ensure_future(kept())
            self._keeping.add(task)
            task.add_done_callback(self._keeping.discard)

    async def look(self) -> None:
        """Ask each site that is here how busy it is, again and again; until cancelled."""
        while True:
            self.hub.changed.clear()
            here = sorted(self.hub.here())
            await asyncio.gather(*(self.look_at(site) for site in here))
            try:
                await run_in_threadpool(self.sites.seen, here, now())
            except KizashiError as error:
                _log.debug("which sites are here cannot be noted: %s", error)
            try:
                await asyncio.wait_for(self.hub.changed.wait(), LOAD_SECONDS)
            except TimeoutError:
                continue

    async def look_at(self, site: str) -> None:
        """Ask one site how busy it is."""
        begun = monotonic()
        try:
            answer = await self.hub.ask(site, _NOBODY, Ask("GET", LOAD), _PATIENCE)
            self.loads[site] = Load.model_validate(json.loads(answer.body))
            self.round_trips[site] = monotonic() - begun
        except (KizashiError, ValueError, ValidationError) as error:
            _log.info("how busy site %s is cannot be asked: %s", site, error)
