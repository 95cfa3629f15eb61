"""Serves the pages and the API: ``python -m appliance.web --home DIR``."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from appliance import __version__
from appliance.core import log
from appliance.core.errors import KizashiError
from appliance.core.settings import load_settings
from appliance.metrics import instruments, kept
from appliance.metrics.endpoint import Endpoint
from appliance.pipelines.exposition import of_role
from appliance.pipelines.site import Site
from appliance.telemetry.otlp import Tracing
from appliance.web.app import create_gateway, create_web
from appliance.web.serving import serve


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to end; return the exit status."""
    parser = argparse.ArgumentParser(prog="appliance.web")
    parser.add_argument("--home", type=Path)
    given = parser.parse_args(arguments)
    log.set_up("INFO")
    try:
        settings = load_settings(given.home)
        log.set_up(settings.log_level, settings.log_format)
        site = Site(settings)
        web = create_gateway(site) if settings.gateway else create_web(site)
        with (
            kept(settings.home, "web"),
            Endpoint(settings, "web", of_role(site, "web"), partial(_reached, site)),
            Tracing(settings, "web", __version__),
        ):
            instruments.serving()
            return 0 if serve(web, settings) else 1
    except KizashiError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1


def _reached(site: Site) -> bool:
    site.database.ping()
    return True


if __name__ == "__main__":
    sys.exit(main())
