"""Where sites call: a websocket, with the token of an invitation."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from appliance.api.limits import Rate
from appliance.core.clock import now
from appliance.core.errors import (
    Conflict,
    Forbidden,
    KizashiError,
    LinkError,
    TooOften,
    Unauthenticated,
)
from appliance.core.log import get
from appliance.gateway.gateway import Gateway
from appliance.gateway.greeting import welcome
from appliance.gateway.line import Pipe
from appliance.gateway.pipes import ServerPipe

_log = get(__name__)
_BEARER = "Bearer "
_REFUSED = 4401


class Reception:
    """Takes the calls of sites, as an ASGI application.

    Parameters
    ----------
    gateway
        Whose sites call.
    rate
        How often an address may try.
    """

    def __init__(self, gateway: Gateway, rate: Rate) -> None:
        self._gateway = gateway
        self._rate = rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one call, until it ends."""
        await receive()
        origin = scope["client"][0] if scope.get("client") else ""
        try:
            self._rate.spend(f"from {origin}", public=True)
            token = Headers(scope=scope).get("authorization", "")
            if not token.startswith(_BEARER):
                raise Unauthenticated("a site calls with the token of its invitation.")
            secret = token.removeprefix(_BEARER)
            site, pinned = await run_in_threadpool(self._gateway.sites.of_token, secret)
        except (Unauthenticated, TooOften) as error:
            _log.info("a call from %s is refused: %s", origin, error)
            await send({"type": "websocket.close", "code": _REFUSED})
            return
        await send({"type": "websocket.accept"})
        await self.hold(site, pinned, ServerPipe(receive, send))

    async def hold(self, site: str, pinned: str, pipe: Pipe) -> None:
        """Keep a site's line until it ends.

        Parameters
        ----------
        pinned
            The site's key, as it was at its first call; empty before.
        """
        gateway = self._gateway
        name = gateway.site.settings.name
        try:
            told = await welcome(pipe, gateway.hub.key, name, site, pinned)
            facts: Mapping[str, str] = {
                k: str(told.get(k, ""))[:200] for k in ("version", "title")
            }
            key = str(told["key"])
            await run_in_threadpool(gateway.sites.came, site, key, facts, now())
            _log.info("site %s is here", site)
            await gateway.hub.hold(site, pipe, facts)
        except (Forbidden, Conflict) as error:
            _log.warning("site %s is refused: %s", site, error)
            await pipe.close()
        except LinkError as error:
            _log.info("the line of site %s ended: %s", site, error)
            await pipe.close()
        except KizashiError as error:
            _log.warning("site %s cannot be noted: %s", site, error)
            await pipe.close()
        _log.info("site %s is away", site)
