"""Who may: every route, asked by everybody, against a table that is written out by hand.

A route that is not in the table fails the test; so does one in the table that is not there.
What comes behind the guard is left out here: the rooms' own tests ask it.
"""

from __future__ import annotations

import re

import pytest
from fastapi import Response

from appliance.api import app as application
from appliance.api import guard, idempotency
from appliance.api.limits import Rate
from appliance.api.needs import OVER, PUBLIC, Over
from appliance.schemas.access import Right
from tests.appliance.api.conftest import Caller
from tests.appliance.people import ME

REACHED = 299
PEOPLE = ("nobody", "stranger", "viewer", "analyst", "engineer", "admin", "root")
TOKENS = ("narrow", "elsewhere")
"""A token of `root` that may only read, and one with every right in another project."""

ALL = {*PEOPLE, *TOKENS}
KNOWN = ALL - {"nobody"}
READ = {"viewer", "analyst", "engineer", "admin", "root", "narrow"}
LEARN = {"analyst", "engineer", "admin", "root"}
RUN = {"engineer", "admin", "root"}
OWN = {"admin", "root"}
SITE = {"root"}

TABLE: dict[str, set[str]] = {
    # Open to those not known yet.
    "POST /session": ALL,
    "GET /session/ways": ALL,
    "GET /session/oidc": ALL,
    "GET /session/oidc/callback": ALL,
    # About oneself; what is somebody else's is refused by the store (test_users, test_tokens).
    "GET /session": KNOWN,
    "DELETE /session": KNOWN,
    "PUT /session/password": KNOWN,
    "PUT /session/visit": KNOWN,
    "GET /users/{name}": KNOWN,
    "GET /users/{name}/sessions": KNOWN,
    "DELETE /users/{name}/sessions": KNOWN,
    "DELETE /sessions/{id}": KNOWN,
    "GET /tokens": KNOWN,
    "POST /tokens": KNOWN,
    "DELETE /tokens/{id}": KNOWN,
    "GET /site": KNOWN,
    # Lists that show to everybody what they may see.
    "GET /projects": KNOWN,
    "GET /events": KNOWN,
    "GET /events/counts": KNOWN,
    "GET /fleets": KNOWN,
    "GET /recipes": KNOWN,
    "GET /recipes/{name}": KNOWN,
    "POST /recipes/check": KNOWN,
    "GET /detectors": KNOWN,
    "GET /search": KNOWN,
    "GET /overview": KNOWN,
    "GET /overview/lane": KNOWN,
    "GET /overview/changes": KNOWN,
    "GET /platform": KNOWN,
    # What all of it costs.
    "GET /costs": KNOWN,
    "GET /costs/estimate": KNOWN,
    "GET /costs/prices": SITE,
    "GET /jobs/{job}/cost": READ,
    "GET /budgets": KNOWN,
    "PUT /budgets/site": SITE,
    "DELETE /budgets/site": SITE,
    "PUT /budgets/projects/{project}": SITE,
    "DELETE /budgets/projects/{project}": SITE,
    # Where word of events goes.
    "GET /channels": SITE,
    "POST /channels": SITE,
    "GET /channels/{channel}": SITE,
    "PUT /channels/{channel}": SITE,
    "DELETE /channels/{channel}": SITE,
    "POST /channels/{channel}/try": SITE,
    "GET /deliveries": SITE,
    "GET /events/{event}/deliveries": READ,
    "GET /platform/jobs": KNOWN,
    # Where readings come from.
    "GET /sources": KNOWN,
    "POST /sources": SITE,
    "POST /sources/try": SITE,
    "GET /sources/{source}": READ,
    "PUT /sources/{source}": SITE,
    "DELETE /sources/{source}": SITE,
    "POST /sources/{source}/pause": RUN,
    "POST /sources/{source}/resume": RUN,
    # What they need depends on the body: the route asks (test_bodies).
    "POST /events/bulk": KNOWN,
    "POST /calendar": KNOWN,
    "POST /calendar/import": KNOWN,
    "POST /calendar/import/preview": KNOWN,
    "POST /calendar/preview": KNOWN,
    "POST /jobs": KNOWN,
    "POST /schedules": KNOWN,
    "PUT /schedules/{schedule}": KNOWN,
    "PUT /recipes/{name}": KNOWN,
    # Jobs and schedules; cancelling, retrying and running need what asking needs: the store
    # refuses (test_jobs, test_schedules).
    "GET /pipelines": KNOWN,
    "GET /jobs": KNOWN,
    "GET /jobs/{job}": READ,
    "GET /jobs/{job}/log": READ,
    "GET /jobs/{job}/report": READ,
    "GET /jobs/{job}/stream": READ,
    "POST /jobs/{job}/cancel": READ,
    "POST /jobs/{job}/retry": READ,
    "GET /schedules": KNOWN,
    "GET /schedules/{schedule}": READ,
    "GET /schedules/{schedule}/next": READ,
    "POST /schedules/{schedule}/run": READ,
    "POST /schedules/{schedule}/pause": RUN,
    "POST /schedules/{schedule}/resume": RUN,
    "DELETE /schedules/{schedule}": RUN,
    # What alarms were worth, and what others would have been.
    "GET /scorecard": KNOWN,
    "GET /fleets/{fleet}/scorecard": READ,
    "GET /events/{event}/verdict-preview": LEARN,
    # Windows and labels.
    "GET /calendar": KNOWN,
    "GET /calendar/times": KNOWN,
    "GET /calendar/{window}": READ,
    "GET /calendar/{window}/history": READ,
    "PUT /calendar/{window}": RUN,
    "DELETE /calendar/{window}": RUN,
    "GET /fleets/{fleet}/labels": READ,
    "POST /fleets/{fleet}/labels": LEARN,
    # An event's project.
    "GET /events/{event}": READ,
    "GET /events/{event}/history": READ,
    "GET /events/{event}/comments": READ,
    "POST /events/{event}/comments": LEARN,
    "POST /events/{event}/acknowledge": LEARN,
    "POST /events/{event}/assign": LEARN,
    "POST /events/{event}/close": LEARN,
    "POST /events/{event}/reopen": LEARN,
    "POST /events/{event}/mute": LEARN,
    "POST /events/{event}/unmute": LEARN,
    "GET /events/{event}/similar": READ,
    "GET /events/{event}/expected": READ,
    # A fleet's models.
    "GET /fleets/{fleet}/models": READ,
    "GET /fleets/{fleet}/models/compare": READ,
    "GET /fleets/{fleet}/models/promotions": READ,
    "GET /fleets/{fleet}/models/{version}": READ,
    "GET /fleets/{fleet}/models/{version}/assets": READ,
    "POST /fleets/{fleet}/models/{version}/promote": RUN,
    "POST /fleets/{fleet}/models/rollback": RUN,
    "DELETE /fleets/{fleet}/models/{version}": OWN,
    # Backtests, and challengers that wait for a word.
    "GET /approvals": KNOWN,
    "GET /fleets/{fleet}/backtests": READ,
    "GET /fleets/{fleet}/backtests/{backtest}": READ,
    "GET /fleets/{fleet}/approvals/{approval}": READ,
    "POST /fleets/{fleet}/approvals/{approval}/answer": RUN,
    # A fleet's project.
    "GET /fleets/{fleet}": READ,
    "GET /fleets/{fleet}/people": LEARN,
    "GET /fleets/{fleet}/assets": READ,
    "GET /fleets/{fleet}/assets/{asset:path}": READ,
    "GET /fleets/{fleet}/assets/{asset:path}/health": READ,
    "GET /fleets/{fleet}/assets/{asset:path}/rul": READ,
    "GET /fleets/{fleet}/assets/{asset:path}/modes": READ,
    "GET /fleets/{fleet}/assets/{asset:path}/similar": READ,
    "GET /fleets/{fleet}/assets/{asset:path}/expected": READ,
    "GET /fleets/{fleet}/lives": READ,
    "DELETE /fleets/{fleet}/lives": OWN,
    "GET /fleets/{fleet}/sensors": READ,
    "GET /fleets/{fleet}/sensors/{sensor:path}": READ,
    "PATCH /fleets/{fleet}/sensors/{sensor:path}": RUN,
    "GET /fleets/{fleet}/readings": READ,
    "POST /fleets/{fleet}/readings": RUN,
    "GET /fleets/{fleet}/scores": READ,
    "POST /fleets/{fleet}/online": LEARN,
    "GET /fleets/{fleet}/quality": READ,
    "GET /fleets/{fleet}/quality/days": READ,
    "GET /fleets/{fleet}/batches": READ,
    "GET /fleets/{fleet}/quarantine": READ,
    "GET /fleets/{fleet}/quarantine/reasons": READ,
    "GET /fleets/{fleet}/quarantine/file": READ,
    "POST /fleets/{fleet}/readings/preview": RUN,
    # Whoever may bring readings in somewhere may send a file to look at.
    "POST /uploads": RUN | {"elsewhere"},
    # A project's own.
    "PUT /users/{name}/roles/{project}": OWN,
    "DELETE /users/{name}/roles/{project}": OWN,
    "GET /projects/{project}/members": OWN,
    # Code of the site's own people: an admin gives the right to register it.
    "GET /code": READ | {"elsewhere"},
    "POST /code": SITE,
    "GET /code/{name}": READ | {"elsewhere"},
    "DELETE /code/{name}": SITE,
    "GET /own-pipelines": READ | {"elsewhere"},
    "GET /own-pipelines/{pipeline}": READ | {"elsewhere"},
    "PUT /own-pipelines/{pipeline}": SITE,
    "DELETE /own-pipelines/{pipeline}": SITE,
    "GET /jobs/{job}/files/{step}/{file}": READ,
    # The whole site's.
    "GET /users": SITE,
    "POST /users": SITE,
    "PATCH /users/{name}": SITE,
    "DELETE /users/{name}": SITE,
    "POST /users/{name}/unlock": SITE,
    "PUT /users/{name}/password": SITE,
    "PUT /users/{name}/identity": SITE,
    "DELETE /users/{name}/identity": SITE,
    "POST /projects": SITE,
    "PUT /projects/{project}/fleets/{fleet}": SITE,
    "GET /audit": SITE,
    "GET /audit/verify": SITE,
    "GET /metrics": SITE,
    "GET /platform/history": SITE,
}
HIDING = {Over.FLEET, Over.EVENT, Over.JOB, Over.SCHEDULE, Over.WINDOW, Over.SOURCE}
"""Nouns that are not there for those who may not read them."""
NAMES = {"project": "default", "fleet": "pumps"}


@pytest.fixture
def everybody(site, as_, client):
    """Return a caller for each column of the table."""
    site.access.projects.add(ME, "line2")
    told = {
        "narrow": site.access.tokens.create(ME, "root", "narrow", [Right.READ]),
        "elsewhere": site.access.tokens.create(
            ME, "root", "elsewhere", list(Right), project="line2"
        ),
    }
    callers = {name: as_(name) for name in PEOPLE if name != "nobody"}
    for name, token in told.items():
        callers[name] = Caller(client, {"Authorization": f"Bearer {token.secret}"})
    return callers | {"nobody": Caller(client, {})}


@pytest.fixture
def doors(monkeypatch, client):
    """Let every route answer that it was reached, and every noun be in the default project."""

    async def reached(request, handler):
        return Response(status_code=REACHED)

    client.app.state.rate = Rate(1e6, 1e6, public_per_second=1e6, public_burst=1e6)
    monkeypatch.setattr(idempotency, "once", reached)
    in_default = dict.fromkeys(HIDING, lambda site, name: "default")
    monkeypatch.setattr(guard, "_PROJECT_OF", in_default)


def routes():
    """Return every route of the API by method and path."""
    return {
        f"{method} {route.path}": route
        for router in application._routers()
        for route in router.routes
        for method in route.methods
    }


def refusal(who: str, route) -> int:
    """Return the status that somebody who may not is answered."""
    if who == "nobody":
        return 401
    over = route.openapi_extra[OVER]
    hidden = over is not None and Over(over) in HIDING and who not in READ
    return 404 if hidden else 403


def test_the_table_has_every_route_and_no_other():
    assert routes().keys() == TABLE.keys()


@pytest.mark.slow
def test_everybody_may_what_the_table_says_and_nothing_else(everybody, doors):
    wrong = []
    for name, route in routes().items():
        method, path = name.split(" ")
        path = re.sub(r"\{(\w+)(:path)?\}", lambda found: NAMES.get(found[1], "x"), path)
        for who, caller in everybody.items():
            expected = REACHED if who in TABLE[name] else refusal(who, route)
            answer = caller.ask(method, path)
            if answer.status_code != expected:
                wrong.append(f"{name} by {who}: {answer.status_code}, not {expected}")
    assert wrong == []


def test_nothing_is_served_that_the_table_does_not_know(client):
    """Beside the routes of the API there are its document and two words for supervisors."""
    app = client.app
    beside = {route.path for route in app.routes if hasattr(route, "path")}
    assert beside - {f"/api/v1{route.path}" for route in routes().values()} == {
        "/api/v1/openapi.json",
        "/healthz",
        "/readyz",
    }


@pytest.mark.slow
def test_a_write_by_cookie_alone_is_refused_on_every_route(everybody, doors):
    """The word that only the site's own pages know is asked for wherever something changes."""
    root = everybody["root"]
    forged = Caller(root.client, {"Cookie": root.headers["Cookie"]})
    for name, route in routes().items():
        method, path = name.split(" ")
        if PUBLIC in route.openapi_extra:
            continue
        path = re.sub(r"\{(\w+)(:path)?\}", lambda found: NAMES.get(found[1], "x"), path)
        expected = REACHED if method == "GET" else 403
        assert forged.ask(method, path).status_code == expected, name


def test_a_route_that_does_not_say_what_it_needs_cannot_be_made():
    with pytest.raises(ValueError, match="does not say what it needs"):
        guard.GuardedRoute("/x", lambda: None)
