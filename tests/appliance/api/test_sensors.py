"""Sensors over REST: edited against their revision, noted in the audit log."""

from __future__ import annotations

import pytest

from tests.appliance.api.fleets import bring, rows
from tests.appliance.people import ME

AT = "/fleets/pumps/sensors"


@pytest.fixture
def pumps(site, tmp_path):
    bring(site, "pumps", rows(30), tmp_path / "in")
    return site


def test_sensors_come_in_pages(as_, pumps):
    first = as_("viewer").get(f"{AT}?limit=1").json()
    second = as_("viewer").get(f"{AT}?limit=1&cursor={first['next']}").json()
    assert [one["name"] for one in (*first["items"], *second["items"])] == ["flow", "temp"]
    assert second["next"] is None


def test_an_edit_changes_what_it_names_and_is_noted(as_, pumps):
    engineer = as_("engineer")
    was = engineer.get(f"{AT}/flow")
    edit = {"unit": "l/min", "lower": 0, "upper": 100.5, "label": "<b>Flow</b> '; DROP TABLE"}
    made = engineer.patch(f"{AT}/flow", json=edit, headers={"If-Match": was.headers["ETag"]})
    assert made.status_code == 200, made.text
    told = made.json()
    assert {name: told[name] for name in edit} == edit
    assert told["role"] == "sensor"
    assert made.headers["ETag"] == '"2"'
    assert engineer.get(f"{AT}/flow").json() == told
    entry = pumps.access.audit.list(ME)[0]
    assert (entry.action, entry.object, entry.by) == (
        "sensor.edited",
        "sensor:pumps/flow",
        "engineer",
    )
    assert entry.after == edit
    assert entry.before["unit"] == ""


def test_null_takes_away_and_what_is_not_named_stays(as_, pumps):
    engineer = as_("engineer")
    engineer.patch(f"{AT}/flow", json={"lower": 1, "upper": 2, "unit": "bar"})
    told = engineer.patch(f"{AT}/flow", json={"upper": None}).json()
    assert (told["lower"], told["upper"], told["unit"]) == (1, None, "bar")


def test_nobody_overwrites_what_they_did_not_see(as_, pumps):
    engineer = as_("engineer")
    assert engineer.patch(f"{AT}/flow", json={"unit": "a"}).headers["ETag"] == '"2"'
    answer = engineer.patch(f"{AT}/flow", json={"unit": "b"}, headers={"If-Match": '"1"'})
    assert answer.status_code == 412
    assert engineer.get(f"{AT}/flow").json()["unit"] == "a"


def test_an_edit_that_changes_nothing_is_none(as_, pumps):
    engineer = as_("engineer")
    engineer.patch(f"{AT}/flow", json={"unit": "a"})
    assert engineer.patch(f"{AT}/flow", json={"unit": "a"}).headers["ETag"] == '"2"'
    assert engineer.patch(f"{AT}/flow", json={}).headers["ETag"] == '"2"'


IMPOSSIBLE = [
    {"lower": 5, "upper": 5},
    {"lower": "much"},
    {"role": "boss"},
    {"unit": "x" * 61},
    {"nothing": 1},
    {"run_state": {}},
    {"run_state": {"minimum": 1, "column": "flow"}},
    {"name": "other"},
    {"unit": None},
]


def test_what_cannot_be_is_refused(as_, pumps):
    for edit in IMPOSSIBLE:
        answer = as_("engineer").patch(f"{AT}/flow", json=edit)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"


def test_numbers_beyond_all_numbers_are_refused(as_, pumps):
    for text in ('{"lower": NaN}', '{"upper": 1e999}', '{"label": "\\ud800"}'):
        answer = as_("engineer").patch(
            f"{AT}/flow", content=text, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 422, text


def test_only_engineers_edit(as_, pumps):
    for who in ("viewer", "analyst"):
        assert as_(who).patch(f"{AT}/flow", json={"unit": "a"}).status_code == 403
    assert as_("stranger").patch(f"{AT}/flow", json={"unit": "a"}).status_code == 404
    assert as_("engineer").patch(f"{AT}/none", json={"unit": "a"}).status_code == 404


def test_a_name_with_a_slash_is_found(as_, site, tmp_path):
    bring(site, "pumps", rows(5).rename({"flow": "in/flow ü"}), tmp_path / "in")
    assert as_("viewer").get(f"{AT}/in%2Fflow%20%C3%BC").json()["name"] == "in/flow ü"
    assert (
        as_("engineer").patch(f"{AT}/in%2Fflow%20%C3%BC", json={"unit": "a"}).status_code == 200
    )
