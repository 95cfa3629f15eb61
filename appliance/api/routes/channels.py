"""Channels: where word of events goes, and what became of it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Query, Response

from appliance.api.etags import IfMatch, expected, tag
from appliance.api.guard import Caller, TheSite
from appliance.api.needs import Over, needs
from appliance.api.paging import Cursor, Limit, Page, key_of, page
from appliance.api.problems import responses
from appliance.api.router import make_router
from appliance.pipelines.alerts import try_channel
from appliance.schemas.access import Right
from appliance.schemas.alert import Channel, ChannelDraft, Delivery, DeliveryState, Trial

router = make_router("channels")

_EDIT: dict[str, Any] = {"responses": responses(409, 412)}
Name = Annotated[str, Path(max_length=63, description="Name of the channel.")]
States = Annotated[list[DeliveryState], Query(max_length=4, description="Only these.")]


@router.get("/channels", summary="List channels", **needs(Right.OPERATE, Over.SITE))
def list_channels(site: TheSite) -> Page[Channel]:
    """Return the channels by name, without their secrets; one page."""
    return Page(items=tuple(site.channels.list()))


@router.post(
    "/channels",
    status_code=201,
    summary="Add a channel",
    responses=responses(409),
    **needs(Right.OPERATE, Over.SITE),
)
def add_channel(
    draft: ChannelDraft, response: Response, site: TheSite, person: Caller
) -> Channel:
    """Let word of events go somewhere, from now on."""
    made = site.channels.add(draft, person)
    tag(response, made.revision)
    response.headers["Location"] = f"/api/v1/channels/{made.name}"
    return made


@router.get("/channels/{channel}", summary="Tell a channel", **needs(Right.OPERATE, Over.SITE))
def get_channel(channel: Name, response: Response, site: TheSite) -> Channel:
    """Return one channel, without its secrets."""
    found = site.channels.get(channel)
    tag(response, found.revision)
    return found


@router.put(
    "/channels/{channel}",
    summary="Change a channel",
    **needs(Right.OPERATE, Over.SITE),
    **_EDIT,
)
def put_channel(
    channel: Name,
    draft: ChannelDraft,
    response: Response,
    site: TheSite,
    person: Caller,
    if_match: IfMatch = None,
) -> Channel:
    """Change a channel as a whole.

    A secret that is not given stays as it is, unless the channel is to lead elsewhere.
    """
    changed = site.channels.edit(channel, draft, person, revision=expected(if_match))
    tag(response, changed.revision)
    return changed


@router.delete(
    "/channels/{channel}",
    status_code=204,
    summary="Remove a channel",
    **needs(Right.OPERATE, Over.SITE),
    **_EDIT,
)
def remove_channel(
    channel: Name, site: TheSite, person: Caller, if_match: IfMatch = None
) -> None:
    """Remove a channel; what waits for it is dropped."""
    site.channels.remove(channel, person, revision=expected(if_match))


@router.post(
    "/channels/{channel}/try", summary="Try a channel", **needs(Right.OPERATE, Over.SITE)
)
def try_the_channel(channel: Name, site: TheSite) -> Trial:
    """Send a message that says no more than that the channel works."""
    return try_channel(site, channel)


@router.get("/deliveries", summary="List deliveries", **needs(Right.OPERATE, Over.SITE))
def list_deliveries(
    site: TheSite,
    channel: Annotated[str | None, Query(max_length=63)] = None,
    state: States = [],  # noqa: B006 - never changed
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[Delivery]:
    """Return what was told and what could not be told, the latest first."""
    (after,) = key_of(cursor, str) or (None,)
    found = site.deliveries.list(channel=channel, states=state, after=after, limit=limit + 1)
    return page(found, limit, lambda one: (one.id,))


@router.get(
    "/events/{event}/deliveries",
    summary="Who was told of an event",
    **needs(Right.READ, Over.EVENT),
)
def list_event_deliveries(
    event: str, site: TheSite, cursor: Cursor = None, limit: Limit = 100
) -> Page[Delivery]:
    """Return by which channels word of an event went, the latest first."""
    (after,) = key_of(cursor, str) or (None,)
    found = site.deliveries.list(event=event, after=after, limit=limit + 1)
    return page(found, limit, lambda one: (one.id,))
