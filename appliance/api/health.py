"""Whether the web process lives, and whether it can serve: for supervisors, without login."""

from __future__ import annotations

from fastapi import FastAPI, Response
from starlette.concurrency import run_in_threadpool

from appliance.core.errors import KizashiError
from appliance.pipelines.site import Site


def add_health(app: FastAPI) -> None:
    """Add ``/healthz`` and ``/readyz``."""

    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz", include_in_schema=False)
    async def readyz(response: Response) -> dict[str, str]:
        site: Site = app.state.site
        try:
            await run_in_threadpool(site.database.ping)
        except KizashiError:
            response.status_code = 503
            return {"status": "the database cannot be reached"}
        return {"status": "ready"}
