"""What only a gateway has: its sites, its outbox, and models copied between sites."""

from __future__ import annotations

import json
from pathlib import Path

from fastapi import APIRouter, Request, Response
from pydantic import SecretStr
from starlette.concurrency import run_in_threadpool

from appliance.api.guard import Caller
from appliance.api.needs import Over, needs, someone
from appliance.api.paging import Cursor, Limit, Page, only_key, page
from appliance.api.router import make_router
from appliance.core.errors import NotFound
from appliance.gateway import models
from appliance.gateway.gateway import Gateway
from appliance.schemas.access import Right
from appliance.schemas.gateway import (
    Copies,
    CopyRequest,
    Invitation,
    MemberSite,
    SiteDraft,
    Waiting,
)
from appliance.tls import Authority, listening

router: APIRouter = make_router("gateway")


def _gateway(request: Request) -> Gateway:
    found: Gateway = request.app.state.gateway
    return found


@router.get("/sites", summary="List sites", **someone())
def list_sites(request: Request, person: Caller) -> Page[MemberSite]:
    """Return the sites that whoever asks has a place at, by name, as they are now."""
    gateway = _gateway(request)
    askers = gateway.askers(person)
    return Page(items=tuple(gateway.members(askers)))


@router.get("/sites/{site}", summary="A site", **someone())
def get_member_site(site: str, request: Request, person: Caller) -> MemberSite:
    """Return one site, as it is now."""
    gateway = _gateway(request)
    found = {one.name: one for one in gateway.members(gateway.askers(person))}.get(site)
    if found is None:
        raise NotFound(f"there is no site {site}.")
    return found


@router.post(
    "/sites", status_code=201, summary="Invite a site", **needs(Right.OPERATE, Over.SITE)
)
def invite_site(draft: SiteDraft, request: Request, person: Caller) -> Response:
    """Add a site, or give one a new token: what it needs to join is told this once."""
    gateway = _gateway(request)
    made = invitation(gateway, gateway.sites.invite(person, draft.name), draft.name)
    return Response(told(made), 201, media_type="application/json")


def invitation(gateway: Gateway, token: str, name: str) -> Invitation:
    """Return what a site needs to join."""
    settings = gateway.site.settings
    authority = Authority(settings.home / "secrets")
    own = listening(settings).certfile == authority.server_certificate
    return Invitation(
        gateway=settings.name,
        site=name,
        token=SecretStr(token),
        key=gateway.hub.key.public,
        authority=Path(authority.certificate).read_text("ascii") if own else "",
    )


def told(made: Invitation) -> str:
    """Return an invitation as JSON, its token too."""
    shown = made.model_dump(mode="json") | {"token": made.token.get_secret_value()}
    return json.dumps(shown, indent=2)


@router.delete(
    "/sites/{site}",
    status_code=204,
    summary="Send a site away",
    **needs(Right.OPERATE, Over.SITE),
)
def remove_site(site: str, request: Request, person: Caller) -> Response:
    """Let a site belong to the gateway no more; what waits for it is dropped."""
    gateway = _gateway(request)
    gateway.sites.remove(person, site)
    gateway.hub.hang_up(site)
    return Response(status_code=204)


# ---------------------------------------------------------------- the outbox
@router.get("/outbox", summary="What waits for sites", **someone())
def list_outbox(
    request: Request,
    person: Caller,
    site: str | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[Waiting]:
    """Return writes that wait or waited for a site, the newest first: one's own, or all."""
    before = only_key(cursor, str)
    found = _gateway(request).outbox.list(
        None if person.admin else person.name, site=site, before=before, limit=limit + 1
    )
    return page(found, limit, lambda one: (one.id,))


@router.get("/outbox/{entry}", summary="What became of a write", **someone())
def get_waiting(entry: str, request: Request, person: Caller) -> Waiting:
    """Return a write, and what its site answered if it was delivered."""
    return _gateway(request).outbox.get(entry, None if person.admin else person.name)


@router.delete(
    "/outbox/{entry}", status_code=204, summary="Let a write wait no longer", **someone()
)
def drop_waiting(entry: str, request: Request, person: Caller) -> Response:
    """Drop a write that has not been delivered."""
    gateway = _gateway(request)
    gateway.outbox.drop(entry, None if person.admin else person.name)
    gateway.site.access.audit.note(person, "outbox.dropped", f"outbox:{entry}")
    return Response(status_code=204)


# ---------------------------------------------------------------- models
@router.post("/models/copies", status_code=201, summary="Copy a model to sites", **someone())
async def copy_model(wanted: CopyRequest, request: Request, person: Caller) -> Copies:
    """Give other sites a version of a fleet's model: each registers it as a challenger."""
    gateway = _gateway(request)
    askers = await run_in_threadpool(gateway.askers, person)
    return await models.copy(gateway, person, askers, wanted)
