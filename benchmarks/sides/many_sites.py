"""Many sites in one process: the real line to a gateway, answers of a real site's size.

``python -m benchmarks.sides.many_sites INVITATIONS PORT``: holds a line for each invitation in
a file, and serves the same answers at a port directly, to compare with.  What answers is a
light ASGI application: what is measured is the way there and back, not the sites' own work.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import uvicorn

from appliance.access import Person
from appliance.access.person import Via
from appliance.core.clock import now
from appliance.gateway.answering import Answering
from appliance.gateway.dialing import dial
from appliance.gateway.greeting import greet
from appliance.gateway.line import Line
from appliance.gateway.signing import Key, read_claim
from appliance.gateway.store import Bond
from appliance.schemas.access import Role
from appliance.schemas.gateway import Invitation

FLEETS, ASSETS = 20, 50
"""Of each site: a thousand machines."""
_CELLS = 96
_LANE = "/api/v1/overview/lane"
_BEGIN = datetime(2026, 3, 1, tzinfo=UTC)


def _moment(hours: float) -> str:
    return (_BEGIN + timedelta(hours=hours)).isoformat().replace("+00:00", "Z")


def event(number: int) -> dict[str, Any]:
    """Return one event of a list."""
    return {
        "id": f"evt_{number:020d}",
        "fleet": f"fleet-{number % FLEETS:02d}",
        "asset": f"machine-{number % ASSETS:03d}",
        "kind": "anomaly",
        "start": _moment(number),
        "end": _moment(number + 1),
        "peak": 4.0 + number % 7,
        "peak_time": _moment(number),
        "threshold": 3.0,
        "severity": ("act", "plan", "watch")[number % 3],
        "sensors": [{"name": f"sensor-{n}", "share": 0.3, "note": ""} for n in range(3)],
        "state": "open",
        "verdict": None,
        "owner": None,
        "mute": None,
        "revision": 1,
        "model_version": 3,
        "score_batch": f"scb_{number:020d}",
        "created": _moment(number),
    }


def _lane() -> dict[str, Any]:
    return {
        "kind": "time",
        "timezone": "Asia/Tokyo",
        "starts": [_moment(n) for n in range(_CELLS)],
        "end": _moment(_CELLS),
        "rows": [
            {
                "fleet": f"fleet-{n % FLEETS:02d}",
                "asset": f"machine-{n:04d}",
                "end": _moment(_CELLS),
                "urgency": "watch",
                "events": 1,
                "cells": "0" * _CELLS,
                "peaks": [(n + place) % 100 for place in range(_CELLS)],
            }
            for n in range(FLEETS * ASSETS)
        ],
        "total": FLEETS * ASSETS,
        "coverage": 0.99,
        "unready": [],
    }


def _answers() -> dict[str, bytes]:
    lane = _lane()
    fleet = {
        "project": "default",
        "time_kind": "time",
        "created": _moment(0),
        "assets": ASSETS,
        "rows": 1_000_000,
        "start": _moment(0),
        "end": _moment(9),
        "champion": 3,
        "open_events": 4,
    }
    found: dict[str, Any] = {
        "/api/v1/overview": {
            "fleets": FLEETS,
            "assets": FLEETS * ASSETS,
            "watched": FLEETS * ASSETS,
            "waiting": {"act": 3, "plan": 9, "watch": 30, "faults": 2},
            "last": _moment(9),
            "stopped": [],
            "more_stopped": 0,
        },
        "/api/v1/events/counts": {"act": 3, "plan": 9, "watch": 30, "faults": 2},
        _LANE: lane,
        "/api/v1/fleets": {
            "items": [{"fleet": f"fleet-{n:02d}", **fleet} for n in range(FLEETS)],
            "next": None,
        },
        "/api/v1/events": {"items": [event(n) for n in range(50)], "next": None},
        "/api/v1/fleets/fleet-01": {"fleet": "fleet-01", **fleet, "sensors": 9, "contexts": 2},
        "/link/load": {
            "queued": 0,
            "running": 0,
            "at_once": 2,
            "core_hour": 1.0,
            "currency": "EUR",
            "fleets": [f"fleet-{n:02d}" for n in range(FLEETS)],
            "projects": ["default"],
        },
    }
    return {path: json.dumps(told).encode() for path, told in found.items()} | {
        f"{_LANE}?{count}": json.dumps({**lane, "rows": lane["rows"][:count]}).encode()
        for count in (50, 100, 200, 666)
    }


ANSWERS = _answers()


async def answer(scope: Any, _receive: Any, send: Any) -> None:
    """Answer as a site would."""
    if scope["type"] != "http":
        return
    path, query = scope["path"], parse_qs(scope["query_string"].decode("latin-1"))
    wanted = f"{path}?{query.get('limit', [''])[0]}"
    body = ANSWERS.get(wanted, ANSWERS.get(path))
    status, told = (404, b"{}") if body is None else (200, body)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(told)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": told})


async def _member(number: int, url: str, invited: Invitation) -> None:
    """Hold the line of one site."""
    token = invited.token.get_secret_value()
    bond = Bond(
        url=url,
        site=invited.site,
        key=invited.key,
        authority=invited.authority,
        token=token,
        most=Role.ADMIN,
        operators=True,
        stamp=now(),
    )
    person = Person(name="gateway:reader", via=Via.GATEWAY, admin=True)

    async def vouch(claim: str) -> Person:
        read_claim(claim, invited.key, invited.site, now().timestamp())
        return person

    async with dial(bond) as pipe:
        told = {"site": invited.site, "version": "1", "title": invited.site}
        await greet(pipe, Key(number.to_bytes(32, "big")), invited.key, told)
        await Line(pipe, Answering(answer, answer, vouch, "gateway").asked).run()


async def _all(url: str, invited: list[Invitation], port: int) -> None:
    options: dict[str, Any] = {"lifespan": "off", "log_level": "warning", "access_log": False}
    server = uvicorn.Server(uvicorn.Config(answer, port=port, http="httptools", **options))
    members = (_member(n + 1, url, one) for n, one in enumerate(invited))
    await asyncio.gather(server.serve(), *members)


def main(argv: list[str]) -> int:
    """Hold all lines until told to end."""
    told = json.loads(Path(argv[0]).read_text("utf-8"))
    invited = [Invitation.model_validate(one) for one in told["sites"]]
    asyncio.run(_all(told["url"], invited, int(argv[1])))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
