"""Files that are sent first, looked at, and brought in when that is what was meant."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from appliance.api.charts import FleetPath
from appliance.api.guard import TheSite
from appliance.api.needs import Over, needs
from appliance.api.problems import responses
from appliance.api.router import make_router
from appliance.api.uploads import SentBody, spooled
from appliance.pipelines import uploads
from appliance.schemas.access import Right
from appliance.schemas.base import fleet_name
from appliance.schemas.preview import Preview, PreviewRequest, Sent

router = make_router("readings")
_EXAMPLE = [{"time": "2026-03-01T08:00:00Z", "asset": "P-101", "flow": 7.1}]
FileName = Annotated[
    str, Query(min_length=1, max_length=300, description="What the file is called.")
]


@router.post(
    "/uploads",
    status_code=201,
    summary="Send a file to look at",
    responses=responses(415, 507),
    **spooled(Right.INGEST, Over.SOMEWHERE, _EXAMPLE),
)
def send_file(file: FileName, sent: SentBody, site: TheSite) -> Sent:
    """Keep a file for three days: a preview looks at it, the pipeline `ingest` takes it."""
    path = uploads.readable(site.settings, sent.upload, sent.kind, uploads.stem_of(file))
    size = path.stat().st_size
    name = uploads.hand_on(site.settings, path)
    sent.handed_on = True
    return Sent(upload=name, file=file, bytes=size)


@router.post(
    "/fleets/{fleet}/readings/preview",
    summary="See what a file would bring",
    **needs(Right.INGEST, Over.FLEET),
)
def preview_file(fleet: FleetPath, asked: PreviewRequest, site: TheSite) -> Preview:
    """Return the first rows of a file that was sent, and what is guessed of its columns."""
    return uploads.preview(site, asked, fleet_name(fleet))
