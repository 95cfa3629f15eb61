"""The same done to events of several sites: each site is told of its own."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool

from appliance.core.errors import InvalidRequest, KizashiError
from appliance.gateway.gateway import Gateway
from appliance.gateway.hub import Ask, Asker
from appliance.gateway.naming import parted
from appliance.gateway.rewriting import Rewriting
from appliance.gateway.store import Letter

PATH = "/events/bulk"
_QUEUED, _AWAY, _MISSING = 202, 503, 404


async def deal(
    gateway: Gateway,
    askers: Mapping[str, Asker],
    told: Any,
    letter: Callable[[str, bytes], Letter],
) -> dict[str, Any]:
    """Return what became of each event, in the order in which they were named.

    Parameters
    ----------
    told
        A `BulkDeed` as JSON, whose events have their sites behind them.
    letter
        Makes what is sent to a site of a body.
    """
    if not isinstance(told, dict) or not isinstance(told.get("events"), list):
        raise InvalidRequest(
            "the body does not say which events.", remedy="Say it in `events`."
        )
    wanted = list(dict.fromkeys(str(one) for one in told["events"]))
    of_site: dict[str, list[str]] = defaultdict(list)
    outcomes: dict[str, dict[str, Any]] = {}
    for event in wanted:
        name, site = parted(event, askers)
        if site is None:
            outcomes[event] = _outcome(event, _MISSING, f"there is no event {event}.")
        else:
            of_site[site].append(name)
    rest = {name: value for name, value in told.items() if name != "events"}
    answers = await asyncio.gather(
        *(
            _at_site(gateway, askers[site], letter, site, {**rest, "events": events})
            for site, events in of_site.items()
        )
    )
    for found in answers:
        outcomes |= {one["event"]: one for one in found}
    listed = [outcomes[event] for event in wanted]
    done = sum(one.get("changed") is not None for one in listed)
    return {"done": done, "refused": len(listed) - done, "outcomes": listed}


async def _at_site(
    gateway: Gateway,
    who: Asker,
    letter: Callable[[str, bytes], Letter],
    site: str,
    deed: Mapping[str, Any],
) -> list[dict[str, Any]]:
    own, _ = Rewriting(PATH).body(dict(deed), ())
    sent = letter(site, json.dumps(own).encode())
    headers = [*sent.headers, ("content-length", str(len(sent.body)))]
    if sent.key:
        headers.append(("idempotency-key", sent.key))
    events = [f"{event}@{site}" for event in deed["events"]]
    try:
        answer = await gateway.hub.ask(
            site, who, Ask("POST", sent.path, sent.query, headers, sent.body)
        )
    except KizashiError as error:
        if not sent.key:
            return [_outcome(one, _AWAY, error.message) for one in events]
        await run_in_threadpool(gateway.outbox.put, sent)
        remedy = "It is done when the site is back."
        return [_outcome(one, _QUEUED, error.message, remedy) for one in events]
    told = Rewriting(PATH).answer(json.loads(answer.body), site, mark=False)
    if answer.status >= 400:
        problem, remedy = str(told.get("detail", "")), str(told.get("remedy", ""))
        return [_outcome(one, answer.status, problem, remedy) for one in events]
    return list(told["outcomes"])


def _outcome(event: str, status: int, problem: str, remedy: str = "") -> dict[str, Any]:
    found = {"event": event, "status": status, "changed": None}
    return found | {"problem": problem, "remedy": remedy}
