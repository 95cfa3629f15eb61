"""The site's part: it calls its gateway, and answers what comes over the line."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from datetime import datetime
from random import SystemRandom

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp

from appliance import __version__
from appliance.access import Person
from appliance.core.clock import now
from appliance.core.errors import Forbidden, KizashiError, LinkError, Unauthenticated
from appliance.core.log import get
from appliance.core.secrets import site_key
from appliance.gateway.answering import Answering
from appliance.gateway.dialing import dial
from appliance.gateway.greeting import greet
from appliance.gateway.line import Line, Pipe
from appliance.gateway.mapping import vouched
from appliance.gateway.signing import own_key, read_claim
from appliance.gateway.site_end import site_end
from appliance.gateway.store import Bond, JoinStore
from appliance.pipelines.site import Site

_log = get(__name__)
LOOK_SECONDS = 3.0
"""How often it is looked whether the site joined or left a gateway."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
_REFUSED_PAUSE = 60.0
_MOST = 1_000
_CHANCE = SystemRandom()


class Membership:
    """Keeps the line to the gateway that a site belongs to, for as long as it does.

    Parameters
    ----------
    site
        Whose.
    app
        Its API.
    """

    def __init__(self, site: Site, app: ASGIApp) -> None:
        self._site = site
        self._app = app
        self._store = join_store(site)
        self._key = own_key(site.settings.home)
        self._persons: OrderedDict[bytes, tuple[int | None, int, Person]] = OrderedDict()

    async def run(self) -> None:
        """Call whatever gateway the site belongs to, again and again; until cancelled."""
        pause = FIRST_PAUSE
        while True:
            bond = await self._bond()
            if bond is None:
                await asyncio.sleep(LOOK_SECONDS)
                continue
            begun = now()
            wait = await self._hold(bond)
            held = (now() - begun).total_seconds() > LONGEST_PAUSE
            pause = FIRST_PAUSE if held else min(2 * pause, LONGEST_PAUSE)
            await asyncio.sleep(max(wait, _CHANCE.uniform(pause / 2, pause)))

    async def _bond(self) -> Bond | None:
        try:
            return await run_in_threadpool(self._store.bond)
        except KizashiError as error:
            _log.debug("whether the site belongs to a gateway cannot be looked up: %s", error)
            return None

    async def _hold(self, bond: Bond) -> float:
        """Hold a line until it ends; return how long to wait at least."""
        try:
            async with dial(bond) as pipe:
                await self.serve(bond, pipe)
        except (Forbidden, Unauthenticated) as error:
            await self._note(None, str(error))
            _log.warning("the gateway at %s: %s", bond.url, error)
            return _REFUSED_PAUSE if await self._unchanged(bond) else 0.0
        except KizashiError as error:
            await self._note(None, str(error))
            _log.info("the line to the gateway at %s: %s", bond.url, error)
        return 0.0

    async def serve(self, bond: Bond, pipe: Pipe) -> None:
        """Greet, then answer whatever comes over a pipe until it ends.

        Raises
        ------
        LinkError
            It broke.
        Forbidden
            It is not the gateway that invited this site.
        """
        told = {"site": bond.site, "version": __version__, "title": self._site.settings.name}
        await greet(pipe, self._key, bond.key, told)
        await self._note(now(), "")
        origin = "gateway"

        async def vouch(claim: str) -> Person:
            return await self._person(bond, claim, origin)

        answering = Answering(self._app, site_end(self._site, self._key), vouch, origin)
        line = Line(pipe, answering.asked)
        watching = asyncio.ensure_future(self._watch(bond, pipe))
        try:
            await line.run()
        finally:
            watching.cancel()
        raise LinkError("the gateway hung up.")

    async def _watch(self, bond: Bond, pipe: Pipe) -> None:
        """Hang up as soon as the site left the gateway, or joined it anew."""
        held = True
        while held:
            await asyncio.sleep(LOOK_SECONDS)
            held = await self._unchanged(bond)
        await pipe.close()

    async def _unchanged(self, bond: Bond) -> bool:
        found = await self._bond()
        return found is not None and found.stamp == bond.stamp

    async def _person(self, bond: Bond, text: str, origin: str) -> Person:
        """Return who asks; as they were found a moment ago if nothing was written since."""
        stamp = self._site.database.stamp()
        key = hashlib.sha256(text.encode()).digest()
        at = int(now().timestamp())
        held = self._persons.get(key)
        if held is not None and stamp is not None and held[0] == stamp and held[1] > at:
            return held[2]
        claim = read_claim(text, bond.key, bond.site, at)
        access = self._site.access
        person = await run_in_threadpool(vouched, claim, bond, access, origin)
        self._persons[key] = (stamp, claim.until, person)
        if len(self._persons) > _MOST:
            self._persons.popitem(last=False)
        return person

    async def _note(self, connected: datetime | None, error: str) -> None:
        try:
            await run_in_threadpool(self._store.note, connected, error[:500])
        except KizashiError as failed:
            _log.debug("how the line is cannot be noted: %s", failed)


def join_store(site: Site) -> JoinStore:
    """Return where a site keeps which gateway it belongs to."""
    return JoinStore(site.database, site.access, site_key(site.settings.home))
