"""What waits for a site is delivered when it is here: in order, once in effect."""

from __future__ import annotations

import asyncio

from starlette.concurrency import run_in_threadpool

from appliance.access import Person
from appliance.access.person import Scope, Via
from appliance.core.errors import KizashiError, NotFound, SiteAway
from appliance.core.log import get
from appliance.gateway.gateway import Gateway
from appliance.gateway.hub import Ask
from appliance.gateway.mapping import asker
from appliance.gateway.passing import Passing
from appliance.gateway.store import Letter
from appliance.schemas.access import Right

_log = get(__name__)
_LOOK_SECONDS = 5.0
_PASSING = frozenset({429, 500, 502, 503, 504})
"""Statuses after which a site is asked again."""
_MOST_ATTEMPTS = 100
"""After which a write that its site fails at holds up no other any more."""
_FORBIDDEN = 403
_NO_RIGHT = b'{"title":"Forbidden","detail":"who asked has no place at the site any more."}'


class Delivering:
    """Delivers what waits; one at a time for each site."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def run(self) -> None:
        """Deliver whatever waits for sites that are here; until cancelled."""
        while True:
            here = sorted(self._gateway.hub.here())
            await asyncio.gather(*(self._quietly(site) for site in here))
            await asyncio.sleep(_LOOK_SECONDS if self._gateway.hub.here() == set(here) else 0.1)

    async def _quietly(self, site: str) -> None:
        try:
            await self.deliver(site)
        except KizashiError as error:
            _log.info("what waits for site %s waits on: %s", site, error)

    async def deliver(self, site: str) -> int:
        """Deliver what waits for a site; return how much that was.

        Raises
        ------
        SiteAway
            It went away meanwhile; what is left waits on.
        """
        count = 0
        outbox = self._gateway.outbox
        while (letter := await run_in_threadpool(outbox.next, site)) is not None:
            status, answer = await self._sent(letter)
            if status in _PASSING and letter.attempts < _MOST_ATTEMPTS:
                raise SiteAway(f"site {site} cannot answer now: status {status}.")
            await run_in_threadpool(outbox.done, letter.id, status, answer)
            count += 1
        return count

    async def _sent(self, letter: Letter) -> tuple[int, bytes]:
        person = await run_in_threadpool(self._person, letter)
        who = None if person is None else asker(person, letter.site)
        if who is None:
            return _FORBIDDEN, _NO_RIGHT
        headers = [*letter.headers, ("idempotency-key", letter.key)]
        headers.append(("content-length", str(len(letter.body))))
        ask = Ask(letter.method, letter.path, letter.query, headers, letter.body)
        answer = await self._gateway.hub.ask(letter.site, who, ask)
        path = letter.path.removeprefix("/api/v1")
        passing = Passing(self._gateway.hub, letter.site, path)
        return answer.status, passing.rewritten(answer.body, answer.status)

    def _person(self, letter: Letter) -> Person | None:
        """Return who asked, with the rights that they have by now; None if they are gone."""
        try:
            user = self._gateway.site.access.users.get(_SELF, letter.by)
        except NotFound:
            return None
        if user.disabled:
            return None
        scope = None
        if letter.rights is not None:
            rights = frozenset(Right(right) for right in letter.rights)
            scope = Scope(rights, letter.project)
        return Person(
            name=user.name, via=Via.NOTHING, admin=user.admin, roles=user.roles, scope=scope
        )


_SELF = Person(name="gateway", via=Via.NOTHING, admin=True)
