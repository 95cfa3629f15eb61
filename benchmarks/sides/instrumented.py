"""The API with and without its instruments, on two ports of one process.

``python -m benchmarks.sides.instrumented HOME PORT PORT``
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import uvicorn

from appliance.core import log
from appliance.core.settings import load_settings
from appliance.metrics import kept
from appliance.pipelines.site import Site
from appliance.web.app import create_web
from appliance.web.measured import Measured


def main(home: Path, measured: int, bare: int) -> None:
    """Serve until told to end."""
    log.set_up("WARNING")
    settings = load_settings(home)
    api = create_web(Site(settings)).api
    assert isinstance(api, Measured)  # noqa: S101 - or else nothing is compared
    apps = {measured: api, bare: api.app}
    servers = [
        uvicorn.Server(
            uvicorn.Config(
                app, port=port, lifespan="off", access_log=False, log_level="warning"
            )
        )
        for port, app in apps.items()
    ]
    with kept(settings.home, "web"):
        asyncio.run(_serve(servers))


async def _serve(servers: list[uvicorn.Server]) -> None:
    await asyncio.gather(*(one.serve() for one in servers))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
