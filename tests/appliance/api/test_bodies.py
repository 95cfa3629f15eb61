"""Who may what the body says: routes whose right depends on it, asked by everybody.

The table is written out by hand, as the one of `test_rights` is.
"""

from __future__ import annotations

import pytest

from appliance.api import app as application
from appliance.api.limits import Rate
from appliance.api.needs import OVER, Over
from tests.appliance.api.test_rights import KNOWN, LEARN, READ, RUN, everybody

__all__ = ["everybody"]

SPAN = {"start": "2026-03-01T08:00:00Z", "end": "2026-03-01T16:00:00Z"}
CALENDAR = (
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:x\r\n"
    b"DTSTART:20260301T080000Z\r\nDTEND:20260301T160000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
JOB = {"pipeline": "train", "fleet": "pumps"}
WEEKLY = {"name": "weekly", "cron": "0 3 * * 1", "request": JOB}

ASKED = {
    "POST /calendar": (RUN, "/calendar", {"json": {"fleet": "pumps", "title": "x", **SPAN}}),
    "POST /calendar/import": (
        RUN,
        "/calendar/import?fleet=pumps",
        {"content": CALENDAR, "headers": {"Content-Type": "text/calendar"}},
    ),
    "POST /calendar/import/preview": (
        RUN,
        "/calendar/import/preview?fleet=pumps",
        {"content": CALENDAR, "headers": {"Content-Type": "text/calendar"}},
    ),
    "POST /calendar/preview": (LEARN, "/calendar/preview", {"json": {"fleet": "pumps"}}),
    "POST /jobs": (LEARN, "/jobs", {"json": JOB}),
    "POST /schedules": (RUN, "/schedules", {"json": WEEKLY}),
    "PUT /schedules/{schedule}": (RUN, "/schedules/weekly", {"json": WEEKLY}),
    "PUT /recipes/{name}": (LEARN, "/recipes/own", {"json": {"detector": "mahalanobis"}}),
    "GET /costs/estimate": (READ, "/costs/estimate?pipeline=train&fleet=pumps", {}),
    # Each event is answered by itself (test_events).
    "POST /events/bulk": (
        KNOWN,
        "/events/bulk",
        {"json": {"events": ["evt_06c2m1x8ydk4zq2v7r0n"], "action": "acknowledge"}},
    ),
}
"""Who may, the address, and what is sent."""


def test_every_route_of_the_kind_is_asked():
    declared = {
        f"{method} {route.path}"
        for router in application._routers()
        for route in router.routes
        for method in route.methods
        if route.openapi_extra.get(OVER) == Over.BODY.value
    }
    assert declared == ASKED.keys()


@pytest.mark.parametrize("name", ASKED)
def test_whoever_may_not_is_refused_before_anything_is_done(everybody, client, name):
    client.app.state.rate = Rate(1e6, 1e6)
    allowed, path, sent = ASKED[name]
    method = name.split(" ")[0]
    wrong = []
    # Those who may not come first: what they ask for must not be there because others did it.
    for who in sorted(everybody, key=allowed.__contains__):
        answer = everybody[who].ask(method, path, **sent)
        refused = {401} if who == "nobody" else {403} if who in READ else {403, 404}
        fits = (
            answer.status_code not in {401, 403}
            if who in allowed
            else (answer.status_code in refused)
        )
        if not fits or answer.status_code >= 500:
            wrong.append(f"{who}: {answer.status_code} {answer.text[:200]}")
    assert wrong == []
