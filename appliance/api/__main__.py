"""Serves the API: ``python -m appliance.api --home DIR``."""

from __future__ import annotations

import argparse
import sys
from contextlib import nullcontext
from pathlib import Path

import uvicorn

from appliance.api.app import create_app
from appliance.core import log
from appliance.core.errors import KizashiError
from appliance.core.settings import load_settings
from appliance.pipelines.site import Site
from appliance.tls import Refreshing, listening

_DRAIN_SECONDS = 10


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to end; return the exit status."""
    parser = argparse.ArgumentParser(prog="appliance.api")
    parser.add_argument("--home", type=Path)
    given = parser.parse_args(arguments)
    log.set_up("INFO")
    try:
        settings = load_settings(given.home)
        site = Site(settings)
        where = listening(settings)
        app = create_app(site)
    except KizashiError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    config = uvicorn.Config(
        app,
        host=where.host,
        port=where.port,
        ssl_certfile=where.certfile,
        ssl_keyfile=where.keyfile,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
    )
    config.load()
    server = uvicorn.Server(config)
    with Refreshing(settings, config.ssl) if config.ssl else nullcontext():
        server.run()
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
