"""The site at a glance over REST: to everybody what they may see."""

from __future__ import annotations

import pytest

from tests.appliance.api.fleets import bring, rows
from tests.appliance.people import ME


@pytest.fixture
def fleets(site, tmp_path):
    bring(site, "pumps", rows(30), tmp_path / "in")
    bring(site, "fans", rows(20, ("F-1",)), tmp_path / "in")
    site.access.projects.add(ME, "other")
    site.access.projects.assign(ME, "fans", "other")
    return site


@pytest.mark.slow
def test_figures_are_of_the_fleets_that_are_seen(as_, fleets):
    told = as_("root").get("/overview").json()
    assert (told["fleets"], told["assets"], told["watched"]) == (2, 3, 0)
    told = as_("viewer").get("/overview").json()
    assert (told["fleets"], told["assets"]) == (1, 2)
    assert [(one["fleet"], one["assets"]) for one in told["stopped"]] == [("pumps", 2)]
    assert as_("stranger").get("/overview").json()["fleets"] == 0
    assert as_("root").get("/overview?fleet=fans").json()["assets"] == 1
    for path in ("/overview", "/overview/lane"):
        assert as_("viewer").get(f"{path}?fleet=fans").status_code == 404
        assert as_("viewer").get(f"{path}?fleet=none").status_code == 404


@pytest.mark.slow
def test_a_lane_has_the_machines_that_are_seen(as_, fleets):
    told = as_("viewer").get("/overview/lane?days=2").json()
    assert [row["asset"] for row in told["rows"]] == ["P-1", "P-2"]
    assert (len(told["starts"]), told["rows"][0]["cells"]) == (8, "." * 8)
    assert as_("viewer").get("/overview/lane?days=0").status_code == 422
    assert as_("stranger").get("/overview/lane").json()["rows"] == []


@pytest.mark.slow
def test_news_and_visits(as_, fleets):
    assert as_("viewer").ask("PUT", "/session/visit").json() == {"before": None}
    told = as_("viewer").get("/overview/changes?since=2026-01-01T00:00:00Z").json()
    assert (told["opened"], told["promotions"], told["failed"]) == (0, [], [])
    assert as_("viewer").get("/overview/changes?since=2026-01-01T00:00:00").status_code == 422


def test_a_session_tells_rights_by_project(as_):
    assert "train" in as_("analyst").get("/session").json()["rights"]["default"]
    assert as_("viewer").get("/session").json()["rights"] == {"default": ["read"]}
