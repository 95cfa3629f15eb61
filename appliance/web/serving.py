"""Listens: where the settings say, over TLS where others can reach it."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import uvicorn

from appliance.api.lane import Lane
from appliance.core.settings import Settings
from appliance.tls import Refreshing, listening
from appliance.web import wire
from appliance.web.app import Web
from appliance.web.places import API_ADDRESS

_DRAIN_SECONDS = 10
_PING_SECONDS = 10.0
"""How often a page or a site is asked whether it is still there, and for how long."""
_LOOPBACK = "127.0.0.1"


def serve(web: Web, settings: Settings) -> bool:
    """Serve until told to end; return whether it ever listened.

    Raises
    ------
    InvalidRequest, StorageError
        It cannot listen where the settings say.
    """
    config = configured(web, settings, web.lane)
    config.load()
    server = uvicorn.Server(config)
    with (
        _within(web) as address,
        Refreshing(settings, config.ssl) if config.ssl else nullcontext(),
    ):
        os.environ[API_ADDRESS] = address  # noqa: TID251 - the pages are told as a site is
        server.run()
    return server.started


def configured(web: Any, settings: Settings, lane: Lane | None = None) -> uvicorn.Config:
    """Return how the web process listens, and whose word it takes for where requests come from.

    Parameters
    ----------
    web
        The application.
    lane
        By which the connections themselves answer, where there is one.

    Raises
    ------
    InvalidRequest, StorageError
        It cannot listen where the settings say.
    """
    where = listening(settings)
    return uvicorn.Config(
        web,
        host=where.host,
        port=where.port,
        ssl_certfile=where.certfile,
        ssl_keyfile=where.keyfile,
        log_level="warning",
        access_log=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=_DRAIN_SECONDS,
        ws_ping_interval=_PING_SECONDS,
        ws_ping_timeout=_PING_SECONDS,
        **(wire.OPTIONS if lane is None else wire.with_lane(lane)),
    )


@contextmanager
def _within(web: Web) -> Iterator[str]:
    """Serve the API to this process's own pages too, on loopback and without TLS.

    A certificate is made out to the names that others use, which need not be loopback's.
    """
    # Named as TCP, or else asyncio leaves small answers to wait for 40 ms to be sent together.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as held:
        held.bind((_LOOPBACK, 0))
        held.listen()
        config = uvicorn.Config(
            web.api,
            log_level="warning",
            access_log=False,
            lifespan="off",
            proxy_headers=False,
            timeout_keep_alive=75,
            **wire.OPTIONS,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([held],), daemon=True)
        thread.start()
        try:
            yield f"http://{_LOOPBACK}:{held.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(_DRAIN_SECONDS)
