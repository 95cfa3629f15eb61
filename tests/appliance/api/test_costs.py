"""Costs over REST: to each what their projects cost, to operators the machines too."""

from __future__ import annotations

from datetime import timedelta
from math import fsum

import pytest

from appliance.core.clock import now
from appliance.telemetry.cost.allocation import MachineHour
from tests.appliance.people import ME
from tests.appliance.telemetry.runs import run

HOUR = timedelta(hours=1)


@pytest.fixture
def paid(site):
    """Return a site that paid 6 yen in each of two projects, and 1 for itself."""
    site.access.projects.add(ME, "line2")
    at = now()
    soon = {"started": at - timedelta(minutes=1), "until": at}
    for name, facts in {
        "job_a": {"fleet": "pumps"},
        "job_b": {"fleet": "presses", "project": "line2", "by": "yuki", "pipeline": "score"},
        "job_c": {"fleet": None, "project": "", "pipeline": "compact", "amount": 1.0},
    }.items():
        site.costs.keep(run(name, **(soon | facts)))
    hour = at.replace(minute=0, second=0, microsecond=0)
    site.costs.add(MachineHour(hour, "m", 60.0, 5.0, 3.6e6, 0.0, 40.0, 10.0))
    return site


def named(told):
    return {one["name"]: one["amount"] for one in told["lines"]}


@pytest.mark.parametrize(
    ("by", "lines"),
    [
        ("project", {"default": 6, "line2": 6, "": 1}),
        ("fleet", {"pumps": 6, "presses": 6, "": 1}),
        ("asset", {"": 13}),
        ("user", {"erika": 7, "yuki": 6}),
        ("pipeline", {"train": 6, "score": 6, "compact": 1}),
    ],
)
def test_who_operates_the_site_sees_all_and_what_is_idle(as_, paid, by, lines):
    start = (now() - HOUR).isoformat()
    told = as_("root").get("/costs", params={"by": by, "from": start}).json()
    assert named(told) == pytest.approx(lines)
    assert told["allocated"] == pytest.approx(13)
    assert (told["idle"], told["total"]) == pytest.approx((37, 50))
    assert told["kwh"] == pytest.approx(1)
    assert fsum(named(told).values()) == pytest.approx(told["allocated"])
    assert told["units"]["model"] == pytest.approx(6)
    assert told["units"]["million_readings"] == pytest.approx(60)
    assert told["error_ratio"] == pytest.approx(0.1)


def test_a_viewer_sees_their_projects_alone_and_no_machine(as_, paid):
    told = as_("viewer").get("/costs").json()
    assert named(told) == {"pumps": 6}
    assert (told["total"], told["idle"], told["kwh"]) == (None, None, None)
    assert all(day["idle"] is None for day in told["days"])
    assert as_("stranger").get("/costs").json()["lines"] == []


def test_the_month_so_far_is_told_with_its_end(as_, paid):
    told = as_("root").get("/costs").json()
    assert told["forecast"] >= told["total"]
    month = {"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"}
    old = as_("root").get("/costs", params=month).json()
    assert (old["allocated"], old["forecast"], old["lines"]) == (0, None, [])
    assert len(old["days"]) >= 31


@pytest.mark.parametrize(
    "query",
    [
        {"by": "colour"},
        {"from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"},
        {"from": "1990-02-01T00:00:00Z"},
    ],
)
def test_what_cannot_be_told_is_refused(as_, paid, query):
    assert as_("root").get("/costs", params=query).status_code == 422


def test_what_a_job_cost_and_what_the_next_will(as_, paid):
    job = as_("root").post("/jobs", json={"pipeline": "compact"}).json()
    assert as_("root").get(f"/jobs/{job['id']}/cost").status_code == 404
    paid.costs.keep(run(job["id"], amount=2.0))
    paid.costs.keep(run(job["id"], attempt=2, amount=3.0))
    told = as_("root").get(f"/jobs/{job['id']}/cost").json()
    assert (told["attempts"], told["amount"]) == (2, pytest.approx(5))
    assert told["gb_hours"] == pytest.approx(2 * 600 / 3600)
    assert as_("stranger").get(f"/jobs/{job['id']}/cost").status_code == 404
    query = {"pipeline": "train", "fleet": "pumps"}
    found = as_("viewer").get("/costs/estimate", params=query).json()
    assert (found["basis"], found["currency"]) == ("past", "JPY")
    assert found["amount_low"] < found["amount"] < found["amount_high"]
    assert as_("stranger").get("/costs/estimate", params=query).status_code == 404
    wrong = as_("root").get("/costs/estimate", params={"pipeline": "fly"})
    assert wrong.status_code == 422


def test_prices_are_for_operators(as_, paid):
    told = as_("root").get("/costs/prices").json()
    assert told["book"]["currency"] == "JPY"
    assert told["machine_hour"] > 0
    assert as_("engineer").get("/costs/prices").status_code == 403


# ---------------------------------------------------------------- budgets
def test_a_budget_that_is_spent_refuses_with_its_name_and_who_may_raise_it(as_, paid):
    root = as_("root")
    made = root.put("/budgets/projects/default", json={"monthly": 6})
    assert (made.json()["state"], made.json()["spent"]) == ("spent", pytest.approx(6))
    refused = as_("engineer").post("/jobs", json={"pipeline": "train", "fleet": "pumps"})
    assert refused.status_code == 409
    assert refused.json()["type"].endswith(":OverBudget")
    assert "project default" in refused.json()["detail"]
    assert "operate" in refused.json()["remedy"]
    asked = {"pipeline": "score", "fleet": "pumps"}
    assert as_("engineer").post("/jobs", json=asked).status_code == 202
    beyond = {"pipeline": "train", "fleet": "pumps", "over_budget": True}
    assert as_("engineer").post("/jobs", json=beyond).status_code == 403
    assert root.post("/jobs", json=beyond).status_code == 202
    assert root.put("/budgets/projects/default", json={"monthly": 60}).json()["revision"] == 2
    asked = {"pipeline": "train", "fleet": "pumps"}
    assert as_("engineer").post("/jobs", json=asked).status_code == 202
    assert root.delete("/budgets/projects/default").status_code == 204
    assert root.delete("/budgets/projects/default").status_code == 404


def test_who_sees_which_budget(as_, paid):
    root = as_("root")
    for place in ("site", "projects/default", "projects/line2"):
        assert root.put(f"/budgets/{place}", json={"monthly": 900}).status_code == 200
    assert [one["project"] for one in root.get("/budgets").json()["budgets"]] == [
        None,
        "default",
        "line2",
    ]
    seen = as_("viewer").get("/budgets").json()["budgets"]
    assert [one["project"] for one in seen] == ["default"]
    assert root.put("/budgets/projects/nowhere", json={"monthly": 1}).status_code == 404


@pytest.mark.parametrize(
    "told",
    [{"monthly": 0}, {"monthly": -5}, {"monthly": 1e300}, {"monthly": 5, "warn_ratio": 2}],
)
def test_a_budget_that_cannot_be_is_refused(as_, site, told):
    assert as_("root").put("/budgets/site", json=told).status_code == 422
