"""Backtests and approvals over REST: read by those who may, answered once."""

from __future__ import annotations

import pytest

from tests.appliance.backtests.test_store import asking, made
from tests.appliance.people import ME
from tests.appliance.registry.test_registry import lineage


@pytest.fixture
def fleet(site, monkeypatch):
    """Return a site whose pumps have a champion and two challengers that were compared."""
    monkeypatch.setattr(site.registry, "mirror", lambda fleet: None)
    for run in ("r1", "r2", "r3"):
        site.registry.register("pumps", run, "digest", lineage(run))
    for number in (2, 3):
        site.backtests.keep(made(number))
    site.backtests.keep(made(4, "fans"))
    return site


def test_backtests_come_latest_first_and_one_with_its_events(as_, fleet):
    viewer = as_("viewer")
    first = viewer.get("/fleets/pumps/backtests?limit=1").json()
    assert [(one["id"], one["events"]) for one in first["items"]] == [("btt_3", [])]
    rest = viewer.get(f"/fleets/pumps/backtests?cursor={first['next']}").json()
    assert ([one["id"] for one in rest["items"]], rest["next"]) == (["btt_2"], None)
    assert len(viewer.get("/fleets/pumps/backtests/btt_2").json()["events"]) == 1
    for path in ("/fleets/pumps/backtests/btt_4", "/fleets/pumps/backtests/none"):
        assert viewer.get(path).status_code == 404


def test_an_approval_is_answered_once(as_, fleet):
    asked = fleet.approvals.ask(asking(3))
    engineer, path = as_("engineer"), f"/fleets/pumps/approvals/{asked.id}"
    assert [one["id"] for one in engineer.get("/approvals").json()["items"]] == [asked.id]
    assert engineer.get(path).json()["checks"][0]["name"] == "failures"
    assert as_("analyst").post(f"{path}/answer", json={"approve": True}).status_code == 403
    said = engineer.post(f"{path}/answer", json={"approve": True, "note": "seen"})
    assert (said.status_code, said.json()["answered_by"]) == (200, "engineer")
    assert fleet.registry.champion("pumps").version == 3
    assert engineer.post(f"{path}/answer", json={"approve": True}).json() == said.json()
    other = engineer.post(f"{path}/answer", json={"approve": False})
    assert (other.status_code, "approved by engineer" in other.json()["detail"]) == (409, True)
    assert engineer.get("/approvals").json()["items"] == []
    found = engineer.get("/approvals?state=approved&state=refused").json()["items"]
    assert [one["id"] for one in found] == [asked.id]


def test_a_challenger_that_was_deleted_is_not_approved(as_, fleet):
    asked = fleet.approvals.ask(asking(2))
    fleet.registry.delete(ME, "pumps", 2)
    path = f"/fleets/pumps/approvals/{asked.id}/answer"
    assert as_("admin").post(path, json={"approve": True}).status_code == 404
    assert as_("admin").post(path, json={"approve": False}).json()["state"] == "refused"


def test_of_other_projects_nothing_is_seen(as_, fleet):
    fleet.approvals.ask(asking(3))
    asked = fleet.approvals.ask(asking(4, "fans"))
    fleet.access.projects.add(ME, "line2")
    fleet.access.projects.assign(ME, "fans", "line2")
    viewer = as_("viewer")
    assert [one["fleet"] for one in viewer.get("/approvals").json()["items"]] == ["pumps"]
    assert viewer.get(f"/fleets/pumps/approvals/{asked.id}").status_code == 404
    assert viewer.get(f"/fleets/fans/approvals/{asked.id}").status_code == 404
    assert as_("stranger").get("/approvals").json()["items"] == []
    assert len(as_("root").get("/approvals?limit=1").json()["items"]) == 1
