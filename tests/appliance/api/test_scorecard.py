"""Scorecards and previews of verdicts over REST."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from appliance.access.roles import rights_of
from appliance.api.app import create_app
from appliance.pipelines.score import score
from appliance.pipelines.train import TrainOptions, train
from appliance.schemas.access import Role
from tests.appliance.api.conftest import Caller
from tests.appliance.people import ME
from tests.appliance.pipelines.sites import (
    FLEET,
    LEARNED,
    bring,
    moment,
    next_day,
    open_site,
    plant,
)

PASSWORD = "a long enough passphrase 42"


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """Return a site whose champion has found a fault that people called true."""
    made = open_site(tmp_path_factory.mktemp("worth") / "home")
    bring(made, plant(), "training")
    bring(made, next_day(), "fault")
    train(made, FLEET, TrainOptions(recipe="mahalanobis"))
    score(made, FLEET)
    for event in made.events.list(FLEET)[:1]:
        made.events.close(event.id, ME, "true")
    yield made
    made.close()


@pytest.fixture(scope="module")
def callers(scored):
    """Return callers by token: one who reads, one who also judges."""
    scored.access.users.add(ME, "root", PASSWORD, admin=True)
    scored.access.users.add(ME, "outside", PASSWORD)
    scored.access.projects.add(ME, "hall2")
    scored.access.users.grant(ME, "outside", "hall2", Role.ADMIN)
    with TestClient(create_app(scored)) as client:
        found = {}
        for name in ("root", "outside"):
            token = scored.access.tokens.create(ME, name, name, list(rights_of(Role.ADMIN)))
            found[name] = Caller(client, {"Authorization": f"Bearer {token.secret}"})
        yield found


# ---------------------------------------------------------------- scorecards
@pytest.mark.slow
def test_what_alarms_were_worth_is_told_by_version_and_month(callers):
    card = callers["root"].get(f"/fleets/{FLEET}/scorecard").json()
    assert (card["total"]["true"], card["total"]["precision"]["value"]) == (1, 1.0)
    assert card["versions"]
    assert card["months"]
    months = callers["root"].get(f"/fleets/{FLEET}/scorecard?by=month").json()
    assert (months["versions"], months["months"]) == ([], card["months"])
    late = {"from": moment(LEARNED + 1000).isoformat()}
    empty = callers["root"].get(f"/fleets/{FLEET}/scorecard", params=late).json()
    assert empty["total"]["events"] == 0


def test_totals_of_the_fleets_that_one_may_see(callers):
    since = {"from": moment(0).isoformat()}
    (told,) = callers["root"].get("/scorecard", params=since).json()["items"]
    assert (told["fleet"], told["total"]["true"], told["missed"]) == (FLEET, 1, 0)
    assert callers["outside"].get("/scorecard", params=since).json()["items"] == []
    assert callers["outside"].get(f"/fleets/{FLEET}/scorecard").status_code == 404


@pytest.mark.parametrize(
    "query", ["by=day", "look_back_days=-1", "look_back_days=nan", "from=x"]
)
def test_what_cannot_be_counted_is_said(callers, query):
    assert callers["root"].get(f"/fleets/{FLEET}/scorecard?{query}").status_code == 422


# ---------------------------------------------------------------- verdicts
def test_what_a_verdict_would_do(callers, scored):
    anomalies = [e for e in scored.events.list(FLEET) if e.kind == "anomaly"]
    event = anomalies[0].id
    told = callers["root"].get(f"/events/{event}/verdict-preview?verdict=false")
    assert told.status_code == 200, told.text
    assert (told.json()["events"], told.json()["verdict"]) == ([event], "false")
    assert callers["root"].get(f"/events/{event}/verdict-preview?verdict=x").status_code == 422
    assert callers["outside"].get(f"/events/{event}/verdict-preview").status_code == 404
