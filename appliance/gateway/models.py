"""Models copied from one site to others, through the gateway."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool

from appliance.access import Person
from appliance.core.errors import Forbidden, InvalidRequest, KizashiError, NotFound
from appliance.gateway.copying import USE
from appliance.gateway.gateway import Gateway
from appliance.gateway.hub import Answer, Ask, Asker
from appliance.gateway.naming import parted
from appliance.gateway.signing import signed
from appliance.gateway.site_end import MODELS, SIGNATURE, SIGNER
from appliance.schemas.gateway import Copied, Copies, CopyRequest

_OK, _MADE, _FORBIDDEN, _MISSING = 200, 201, 403, 404


async def copy(
    gateway: Gateway, by: Person, askers: Mapping[str, Asker], wanted: CopyRequest
) -> Copies:
    """Give sites a version of a fleet's model.

    The site that has it signs it with its own key, which was pinned when it first called; the
    gateway checks that it is that site's, and each site checks it once more.

    Raises
    ------
    NotFound
        There is no such fleet, version or site.
    Forbidden
        Whoever asks may not read it, or it is not signed as it must be.
    """
    fleet, source = parted(wanted.fleet, askers)
    if source is None:
        raise InvalidRequest(
            f"{wanted.fleet} does not say of which site.", remedy="Such as pumps@oslo."
        )
    for site in wanted.to:
        if site not in askers or site == source:
            raise NotFound(f"there is no site {site} to copy the model to.")
    path = f"{MODELS}/{quote(fleet, safe='')}"
    taken = await gateway.hub.ask(
        source, askers[source], Ask("GET", f"{path}/{wanted.version}")
    )
    _require(taken, _OK)
    signer, signature = taken.header(SIGNER), taken.header(SIGNATURE)
    members = {one.name: one for one in await run_in_threadpool(gateway.sites.list)}
    if members[source].key != signer or not signed(signer, USE, taken.body, signature):
        raise Forbidden(f"the model is not signed by site {source}.")
    found = await asyncio.gather(
        *(_bring(gateway, askers[site], site, fleet, taken) for site in wanted.to)
    )
    told = {one.site: one.version or one.problem for one in found}
    log = gateway.site.access.audit
    what = f"fleet:{wanted.fleet}"
    facts = {"version": wanted.version, "sites": told}
    await run_in_threadpool(log.note, by, "model.copied", what, None, facts)
    return Copies(copies=tuple(found))


async def _bring(gateway: Gateway, who: Asker, site: str, fleet: str, taken: Answer) -> Copied:
    headers = [
        ("content-length", str(len(taken.body))),
        (SIGNER, taken.header(SIGNER)),
        (SIGNATURE, taken.header(SIGNATURE)),
    ]
    path = f"{MODELS}/{quote(fleet, safe='')}"
    named = f"{fleet}@{site}"
    try:
        answer = await gateway.hub.ask(site, who, Ask("POST", path, "", headers, taken.body))
        _require(answer, _MADE)
    except KizashiError as error:
        return Copied(site=site, fleet=named, problem=str(error))
    return Copied(site=site, fleet=named, version=json.loads(answer.body)["version"])


def _require(answer: Answer, status: int) -> None:
    if answer.status == status:
        return
    told = json.loads(answer.body)
    detail, remedy = str(told.get("detail", "")), str(told.get("remedy", ""))
    if answer.status == _FORBIDDEN:
        raise Forbidden(detail, remedy=remedy)
    if answer.status == _MISSING:
        raise NotFound(detail, remedy=remedy)
    raise InvalidRequest(detail, remedy=remedy)
