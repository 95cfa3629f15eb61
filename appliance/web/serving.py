"""Listens: where the settings say, over TLS where others can reach it."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import uvicorn

from appliance.core.settings import Settings
from appliance.tls import Refreshing, listening
from appliance.web import wire
from appliance.web.app import Web

_DRAIN_SECONDS = 10
_LOOPBACK = "127.0.0.1"
PAGES_ASK = "KIZASHI_UI_API"
"""Where the pages find the API: their process's own, however it listens to others."""


def serve(web: Web, settings: Settings) -> bool:
    """Serve until told to end; return whether it ever listened.

    Raises
    ------
    InvalidRequest, StorageError
        It cannot listen where the settings say.
    """
    where = listening(settings)
    config = uvicorn.Config(
        web,
        host=where.host,
        port=where.port,
        ssl_certfile=where.certfile,
        ssl_keyfile=where.keyfile,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
        **wire.OPTIONS,
    )
    config.load()
    server = uvicorn.Server(config)
    with (
        _within(web) as address,
        Refreshing(settings, config.ssl) if config.ssl else nullcontext(),
    ):
        os.environ[PAGES_ASK] = address  # noqa: TID251 - the pages are told as a site is
        server.run()
    return server.started


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
