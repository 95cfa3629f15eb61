"""The gateway's application: its own API, its federation, and what goes on beside them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from appliance.api import document
from appliance.api.app import create_app
from appliance.core.log import get
from appliance.gateway import routes
from appliance.gateway.delivering import Delivering
from appliance.gateway.federation import Federation
from appliance.gateway.gateway import Gateway
from appliance.gateway.naming import PREFIX
from appliance.gateway.reception import Reception
from appliance.pipelines.site import Site

_log = get(__name__)
_AGAIN_SECONDS = 5.0
_Found = TypeVar("_Found")


class GatewayApp:
    """All that answers at a gateway, but its pages.

    Parameters
    ----------
    site
        The gateway's own home.

    Attributes
    ----------
    own
        The application of what is its own.
    reception
        Takes the calls of sites.
    """

    def __init__(self, site: Site) -> None:
        self.gateway = Gateway(site)
        self.own: FastAPI = create_app(site)
        self.own.state.gateway = self.gateway
        more = APIRouter(generate_unique_id_function=document.operation_name)
        more.include_router(routes.router, prefix=PREFIX)
        self.own.router.routes.extend(more.routes)
        self.federation = Federation(self.gateway, self.own)
        self.reception = Reception(self.gateway, self.own.state.rate)
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, in the loop that holds the lines, whichever it comes from."""
        loop = self._loop
        if loop is None or loop is asyncio.get_running_loop():
            await self.federation(scope, receive, send)
        else:
            await _across(loop, self.federation, scope, receive, send)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Look after sites and what waits for them, for as long as the block lasts."""
        self._loop = asyncio.get_running_loop()
        delivering = Delivering(self.gateway)
        try:
            async with going_on(self.gateway.look), going_on(delivering.run):
                yield
        finally:
            self._loop = None


@asynccontextmanager
async def going_on(work: Callable[[], Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Have what never ends go on while the block lasts; it is begun anew should it fail."""

    async def kept_on() -> None:
        while True:
            try:
                await work()
            except Exception:  # noqa: BLE001 - what ended here would never go on
                _log.exception("%s failed, and is begun anew", work.__qualname__)
            await asyncio.sleep(_AGAIN_SECONDS)

    task = asyncio.ensure_future(kept_on())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _across(
    loop: asyncio.AbstractEventLoop, app: ASGIApp, scope: Scope, receive: Receive, send: Send
) -> None:
    """Have one loop answer what came in another, such as that of the pages."""
    mine = asyncio.get_running_loop()

    async def received() -> Any:
        return await _in(mine, receive())

    async def sent(message: Any) -> None:
        await _in(mine, send(message))

    await _in(loop, app(scope, received, sent))


async def _in(loop: asyncio.AbstractEventLoop, doing: Awaitable[_Found]) -> _Found:
    """Return what comes of something that another loop does."""

    async def done() -> _Found:
        return await doing

    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(done(), loop))
