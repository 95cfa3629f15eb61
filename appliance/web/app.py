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
from appliance.pipelines.site import Site
from appliance.telemetry import Sampler, probes
from appliance.web.gate import Gate
from appliance.web.login import application
from appliance.web.measured import Measured, api_route, page_route
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
    """

    def __init__(self, api: ASGIApp, pages: ASGIApp) -> None:
        self.api = Measured(api, api_route)
        self._pages = Measured(pages, page_route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or connection."""
        of_the_api = scope["type"] == "http" and scope["path"].startswith(_OF_THE_API)
        await (self.api if of_the_api else self._pages)(scope, receive, send)


def create_web(site: Site) -> Web:
    """Return the web application of a site, which it closes when it ends."""
    api = create_app(site)
    pages = Pages(SCRIPT, lifespan=_with(api, site))
    login = application(site, api.state.rate)
    return Web(api, Gate(pages, login, api.state.known))


def _with(api: FastAPI, site: Site) -> Callable[[Pages], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: Pages) -> AsyncIterator[None]:
        measured = probes(site.settings, lambda: site.database)
        async with api.router.lifespan_context(api):
            with Sampler(site.settings, measured), Vigil(site):
                _settle()
                yield

    return lifespan


def _settle() -> None:
    """Load what every page needs now, and let the collector of garbage pass it over."""
    importlib.import_module("appliance.client")
    gc.collect()
    gc.freeze()
