"""What is sent to do harm does none: names that climb, texts that mean something elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import text

from appliance.api import app as application
from appliance.api.limits import Rate
from appliance.api.needs import OVER, Over
from appliance.schemas.access import Right
from tests.appliance.api.conftest import Caller
from tests.appliance.people import ME

CLIMBS = [
    "..",
    "../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e",
    "..%5c..%5cwindows",
    "%252e%252e%252f",
    "/etc/passwd",
    "....//....//etc",
    "pumps%00",
    "pumps%0d%0aX-Evil: 1",
    "~root",
    "C:%5c",
    "%ff%fe",
    "%F0%9F%98%88",
    "x" * 5_000,
    "'; DROP TABLE users; --",
    "<script>alert(1)<%2fscript>",
]
TEXTS = [
    "'; DROP TABLE users; --",
    '" OR 1=1 --',
    "<script>alert('x')</script>",
    "<img src=x onerror=alert(1)>",
    "{{7*7}} ${7*7} %s %n {0}",
    "=cmd|'/c calc'!A1",
    "\u202eexe.pdf 兆し é ẞ 😈",
    "../../etc/passwd",
]


def routes():
    for router in application._routers():
        for route in router.routes:
            for method in route.methods:
                yield method, route.path, route


@pytest.fixture
def root(as_, client) -> Caller:
    client.app.state.rate = Rate(1e6, 1e6, public_per_second=1e6, public_burst=1e6)
    return as_("root")


def files_beside(folder: Path) -> set[str]:
    return {str(p) for p in folder.rglob("*") if "home" not in p.relative_to(folder).parts}


@pytest.mark.slow
def test_a_name_leads_nowhere_but_to_what_has_it(root, tmp_path):
    before = files_beside(tmp_path)
    for method, path, _ in routes():
        for name in CLIMBS if "{" in path else ():
            asked = re.sub(r"\{\w+(:path)?\}", lambda _, name=name: name, path)
            answer = root.ask(method, asked, follow_redirects=False)
            which = (method, asked[:200], answer.text)
            assert answer.status_code < 500, which
            if answer.status_code < 300:
                # What changes nothing may be done to what is not there, and may list nothing.
                assert method != "GET" or not answer.json().get("items"), which
            elif answer.status_code < 400:
                assert answer.headers["Location"].startswith("http://testserver/"), which
            assert "root:x:" not in answer.text
            assert "X-Evil" not in answer.headers
    assert files_beside(tmp_path) == before


@pytest.mark.slow
def test_a_text_is_kept_and_given_back_as_it_is(root, site):
    for words in TEXTS:
        is_kept_or_refused(root, words)
    with site.database.session() as session:
        assert session.scalar(text("SELECT count(*) FROM users")) == 6
    assert site.access.audit.verify().whole


def is_kept_or_refused(root, words: str) -> None:
    made = root.post("/tokens", json={"label": words, "rights": ["read"]})
    assert made.status_code == (422 if not words.isprintable() else 201), made.text
    if made.status_code == 201:
        listed = root.get("/tokens")
        assert words in {one["label"] for one in listed.json()["items"]}
        assert listed.headers["Content-Type"] == "application/json"
        assert listed.headers["X-Content-Type-Options"] == "nosniff"
    # Where only few characters go, the rest is refused in words, not passed on.
    for path, body in (
        ("/users", {"name": words}),
        ("/projects", {"name": words}),
        ("/session", {"user": words, "password": words}),
    ):
        answer = root.post(path, json=body)
        assert answer.status_code in (401, 422)
        assert answer.headers["Content-Type"] == "application/problem+json"
    # What is looked for is compared, not run.
    for path, name in (("/audit", "by"), ("/audit", "on"), ("/search", "q"), ("/events", "q")):
        answer = root.get(path, params={name: words})
        assert answer.status_code in (200, 422), (path, answer.text)
        assert answer.headers["Content-Type"] in (
            "application/json",
            "application/problem+json",
        )


def test_a_token_of_another_project_finds_no_fleet_of_this_one(site, client, root):
    site.access.projects.add(ME, "line2")
    site.access.projects.assign(ME, "presses", "line2")
    made = site.access.tokens.create(ME, "root", "line", list(Right), project="line2")
    stranger = Caller(client, {"Authorization": f"Bearer {made.secret}"})
    asked = 0
    for method, path, route in routes():
        if route.openapi_extra.get(OVER) != Over.FLEET.value:
            continue
        there = re.sub(r"\{\w+(:path)?\}", "x", path.replace("{fleet}", "pumps"))
        answer = stranger.ask(method, there)
        assert (answer.status_code, answer.json()["detail"]) == (
            404,
            "there is no fleet pumps.",
        )
        asked += 1
    assert asked > 10
