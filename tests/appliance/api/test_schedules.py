"""Schedules over REST: planned by those who may, changed as they were seen, due when told."""

from __future__ import annotations

import pytest

from appliance.schemas.access import Role
from tests.appliance.people import ME


def weekly(name="weekly", **more):
    request = {"pipeline": "score", "fleet": "pumps"} | more.pop("request", {})
    told = {"name": name, "cron": "30 6 * * mon", "zone": "Asia/Tokyo", "request": request}
    return told | more


@pytest.fixture
def hall2(site):
    site.access.projects.add(ME, "hall2")
    site.access.projects.assign(ME, "fans", "hall2")
    site.access.users.grant(ME, "stranger", "hall2", Role.ENGINEER)
    return site


def test_the_life_of_a_schedule(as_, site):
    engineer = as_("engineer")
    made = engineer.post("/schedules", json=weekly())
    assert made.status_code == 201, made.text
    assert made.headers["location"] == "/api/v1/schedules/weekly"
    assert engineer.post("/schedules", json=weekly()).status_code == 409
    tag = {"If-Match": engineer.get("/schedules/weekly").headers["etag"]}
    edited = engineer.put("/schedules/weekly", json=weekly(cron="0 7 * * *"), headers=tag)
    assert (edited.status_code, edited.json()["cron"]) == (200, "0 7 * * *")
    assert engineer.put("/schedules/weekly", json=weekly(), headers=tag).status_code == 412
    assert engineer.post("/schedules/weekly/pause").json()["following"] is None
    assert engineer.post("/schedules/weekly/resume").json()["following"] is not None
    ran = engineer.post("/schedules/weekly/run")
    assert (ran.status_code, ran.json()["schedule"]) == (202, "weekly")
    assert engineer.delete("/schedules/weekly", headers=tag).status_code == 412
    assert engineer.delete("/schedules/weekly").status_code == 204
    assert engineer.get("/schedules/weekly").status_code == 404
    actions = [one.action for one in site.access.audit.list(ME, what="schedule:weekly")]
    assert actions[-1], actions[0] == ("schedule.put", "schedule.removed")


def test_put_adds_what_is_not_there(as_):
    engineer = as_("engineer")
    assert engineer.put("/schedules/nightly", json=weekly("nightly")).json()["revision"] == 1
    assert engineer.put("/schedules/other", json=weekly("nightly")).status_code == 422
    missing = engineer.put("/schedules/x", json=weekly("x"), headers={"If-Match": '"1"'})
    assert missing.status_code == 404


def test_when_it_is_due(as_):
    as_("engineer").post("/schedules", json=weekly(cron="30 6 * * *"))
    times = as_("viewer").get("/schedules/weekly/next?n=3").json()["items"]
    assert [time[11:16] for time in times] == ["21:30"] * 3
    assert times == sorted(times)
    assert as_("viewer").get("/schedules/weekly/next?n=201").status_code == 422


def test_each_sees_the_schedules_of_their_projects_in_pages(as_, hall2):
    for name, fleet in (("a", "pumps"), ("b", "fans"), ("c", "pumps")):
        made = as_("root").post("/schedules", json=weekly(name, request={"fleet": fleet}))
        assert made.status_code == 201

    def names(answer):
        return [one["name"] for one in answer.json()["items"]]

    assert names(as_("viewer").get("/schedules")) == ["a", "c"]
    assert names(as_("stranger").get("/schedules")) == ["b"]
    first = as_("root").get("/schedules?limit=2")
    assert names(first) == ["a", "b"]
    assert names(as_("root").get(f"/schedules?cursor={first.json()['next']}")) == ["c"]
    for path in ("", "/next"):
        assert as_("viewer").get(f"/schedules/b{path}").status_code == 404
    assert as_("viewer").post("/schedules/b/run").status_code == 404
    assert as_("engineer").put("/schedules/b", json=weekly("b")).status_code == 404


def test_who_may_not_plan_changes_nothing(as_, site):
    as_("engineer").post("/schedules", json=weekly())
    for who in ("viewer", "analyst"):
        caller = as_(who)
        assert caller.post("/schedules", json=weekly("mine")).status_code == 403
        assert caller.put("/schedules/weekly", json=weekly(cron="* * * * *")).status_code == 403
        assert caller.delete("/schedules/weekly").status_code == 403
        assert caller.post("/schedules/weekly/pause").status_code == 403
    assert as_("viewer").post("/schedules/weekly/run").status_code == 403
    assert as_("analyst").post("/schedules/weekly/run").status_code == 202
    assert [one.revision for one in site.schedules.list()] == [1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"cron": "every day"},
        {"cron": "0 0 30 2 *"},
        {"zone": "Mars/Base"},
        {"name": "../x"},
        {"catch_up": "some"},
        {"request": {"pipeline": "nothing"}},
        {"request": {"fleet": "No Fleet"}},
    ],
)
def test_what_is_no_schedule_is_said(as_, wrong):
    assert as_("root").post("/schedules", json=weekly(**wrong)).status_code == 422
