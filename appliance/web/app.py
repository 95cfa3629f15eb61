"""One application: requests for the API go to it, all others through the gate to the pages."""

from __future__ import annotations

import gc
import importlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit.starlette import App as Pages

from appliance.api.app import create_app
from appliance.api.lane import Lane
from appliance.gateway import dialing
from appliance.gateway.app import GatewayApp, going_on
from appliance.gateway.membership import Membership
from appliance.notebooks.place import Place
from appliance.pipelines.site import Site
from appliance.telemetry import Sampler, probes
from appliance.web.gate import Gate
from appliance.web.login import application
from appliance.web.measured import Measured, api_route, page_route
from appliance.web.notebooks import Notebooks
from appliance.web.places import place_of
from appliance.web.vigil import Vigil

SCRIPT = Path(__file__).resolve().parents[2] / "ui" / "app.py"
_OF_THE_API = ("/api/", "/healthz", "/readyz")


class Web:
    """Sends each request where it belongs.

    Parameters
    ----------
    api
        Serves the addresses of the API.
    pages
        Serves all others, and what begins and ends with the process.
    calls
        At a gateway, takes the calls of its sites.
    lane
        By which the connections answer readings themselves.
    """

    def __init__(
        self,
        api: ASGIApp,
        pages: ASGIApp,
        calls: ASGIApp | None = None,
        lane: Lane | None = None,
    ) -> None:
        self.lane = lane
        self.api = Measured(api, api_route)
        self._pages = Measured(pages, page_route)
        self._calls = self._pages if calls is None else Measured(calls, page_route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or connection."""
        if scope["type"] == "http" and scope["path"].startswith(_OF_THE_API):
            await self.api(scope, receive, send)
        elif scope["type"] == "websocket" and scope["path"] == dialing.PATH:
            await self._calls(scope, receive, send)
        else:
            await self._pages(scope, receive, send)


def create_web(site: Site) -> Web:
    """Return the web application of a site, which it closes when it ends."""
    api = create_app(site)
    servers = place_of(site)
    pages = Pages(SCRIPT, lifespan=_with(api, site, servers))
    login = application(site, api.state.rate)
    behind = Notebooks(pages, servers, api.state.known, site.settings)
    return Web(api, Gate(behind, login, api.state.known), lane=api.state.lane)


def create_gateway(site: Site) -> Web:
    """Return the web application of a gateway, whose home is closed when it ends."""
    made = GatewayApp(site)

    @asynccontextmanager
    async def lifespan(_: Pages) -> AsyncIterator[None]:
        measured = probes(site.settings, lambda: site.database)
        async with made.own.router.lifespan_context(made.own), made.working():
            with Sampler(site.settings, measured):
                _settle()
                yield

    pages = Pages(SCRIPT, lifespan=lifespan)
    login = application(site, made.own.state.rate)
    return Web(made, Gate(pages, login, made.own.state.known), made.reception)


def _with(
    api: FastAPI, site: Site, servers: Place
) -> Callable[[Pages], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: Pages) -> AsyncIterator[None]:
        measured = probes(site.settings, lambda: site.database)
        membership = Membership(site, Measured(api, api_route))
        async with api.router.lifespan_context(api), going_on(membership.run):
            with Sampler(site.settings, measured), Vigil(site), servers:
                _settle()
                yield

    return lifespan


def _settle() -> None:
    """Load what every page needs now, and let the collector of garbage pass it over."""
    importlib.import_module("appliance.client")
    gc.collect()
    gc.freeze()
