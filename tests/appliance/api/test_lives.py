"""Lives of a fleet's machines over REST."""

from __future__ import annotations

import pytest

from tests.appliance.api.fleets import bring, rows

FAILURE = {
    "asset": "P-1",
    "start": "2026-01-01T02:00:00Z",
    "end": "2026-01-01T03:00:00Z",
    "title": "bearing seized",
}


@pytest.fixture
def readings(site, tmp_path):
    bring(site, "pumps", rows(400), tmp_path / "in")


def test_a_failure_that_is_told_of_ends_a_life(as_, readings):
    made = as_("analyst").post("/fleets/pumps/labels", json=FAILURE)
    assert made.status_code == 201, made.text
    told = as_("viewer").get("/fleets/pumps/lives")
    assert told.status_code == 200, told.text
    (ended,) = told.json()["ended"]
    assert (ended["asset"], ended["number"], ended["failed"]) == ("P-1", 1, True)
    assert (ended["end"], ended["window"]) == (FAILURE["start"], made.json()["id"])
    assert (told.json()["running"], told.json()["needed"], told.json()["learned"]) == (
        2,
        6,
        None,
    )


def test_learning_is_a_job_for_those_who_may_train(as_, readings):
    asked = {"pipeline": "learn_lives", "fleet": "pumps", "arguments": {"cap_days": 90}}
    assert as_("viewer").post("/jobs", json=asked).status_code == 403
    assert as_("analyst").post("/jobs", json=asked).status_code == 202
    asked["arguments"] = {"cap_days": 0}
    assert as_("analyst").post("/jobs", json=asked).status_code == 422


def test_what_was_never_learned_cannot_be_forgotten(as_, readings):
    assert as_("analyst").delete("/fleets/pumps/lives").status_code == 403
    assert as_("root").delete("/fleets/pumps/lives").status_code == 404
    assert as_("stranger").get("/fleets/pumps/lives").status_code == 404
