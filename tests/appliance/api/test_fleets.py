"""Fleets, assets and quality over REST: only what one may see, page by page."""

from __future__ import annotations

from datetime import timedelta

import pytest

from appliance.schemas.access import Role
from appliance.schemas.event import EventKind
from tests.appliance.api.fleets import MINUTE, START, bring, rows
from tests.appliance.events.drafts import DAY, draft
from tests.appliance.people import ME


@pytest.fixture
def fleets(site, tmp_path):
    """Bring in pumps and valves, and fans in a project of their own."""
    site.access.projects.add(ME, "hall2")
    site.access.projects.assign(ME, "fans", "hall2")
    site.access.users.grant(ME, "stranger", "hall2", Role.VIEWER)
    for fleet in ("pumps", "fans", "valves"):
        bring(site, fleet, rows(30), tmp_path / "in")
    return site


def names(answer):
    assert answer.status_code == 200, answer.text
    return [item["fleet"] for item in answer.json()["items"]]


@pytest.mark.slow
def test_everybody_sees_the_fleets_of_their_projects(as_, fleets):
    assert names(as_("root").get("/fleets")) == ["fans", "pumps", "valves"]
    assert names(as_("viewer").get("/fleets")) == ["pumps", "valves"]
    assert names(as_("stranger").get("/fleets")) == ["fans"]
    assert as_("stranger").get("/fleets/pumps").status_code == 404
    assert as_("viewer").get("/fleets/fans").status_code == 404
    assert as_("viewer").get("/fleets/nothing").status_code == 404
    assert as_("viewer").get("/fleets/no%20name").status_code == 422


@pytest.mark.slow
def test_what_is_not_there_names_no_fleet_of_others(as_, fleets):
    for path in ("", "/assets", "/sensors", "/readings", "/scores", "/quality", "/quarantine"):
        answer = as_("viewer").get(f"/fleets/gone{path}")
        assert answer.status_code == 404, path
        assert "fans" not in answer.text


@pytest.mark.slow
def test_pages_of_fleets(as_, fleets):
    first = as_("root").get("/fleets?limit=2").json()
    assert [item["fleet"] for item in first["items"]] == ["fans", "pumps"]
    second = as_("root").get(f"/fleets?limit=2&cursor={first['next']}").json()
    assert [item["fleet"] for item in second["items"]] == ["valves"]
    assert second["next"] is None


@pytest.mark.slow
def test_a_fleet_tells_what_came(as_, fleets, tmp_path):
    fleets.events.revise("pumps", [draft(10, 20)], DAY, model_version=1, score_batch="s1")
    told = as_("viewer").get("/fleets/pumps").json()
    assert told["project"] == "default"
    assert (told["assets"], told["rows"], told["sensors"], told["contexts"]) == (2, 60, 2, 0)
    assert told["start"] == "2026-01-01T00:00:00Z"
    assert told["end"] == "2026-01-01T00:29:00Z"
    assert (told["champion"], told["open_events"]) == (None, 1)
    bring(fleets, "pumps", rows(40, ("P-1",)), tmp_path / "in")
    told = as_("viewer").get("/fleets/pumps").json()
    assert (told["rows"], told["end"]) == (70, "2026-01-01T00:39:00Z")


@pytest.mark.slow
def test_assets_tell_their_span_and_what_waits(as_, fleets):
    fleets.events.revise("pumps", [draft(10, 20)], DAY, model_version=1, score_batch="s1")
    answer = as_("viewer").get("/fleets/pumps/assets").json()
    one, other = answer["items"]
    assert (one["asset"], one["rows"], one["open_events"]) == ("P-1", 30, 1)
    assert (other["asset"], other["open_events"], other["surprise"]) == ("P-2", 0, None)
    assert as_("viewer").get("/fleets/pumps/assets/P-1").json() == one
    assert as_("viewer").get("/fleets/pumps/assets/P-9").status_code == 404
    first = as_("viewer").get("/fleets/pumps/assets?limit=1").json()
    second = as_("viewer").get(f"/fleets/pumps/assets?limit=1&cursor={first['next']}").json()
    assert (first["items"], second["items"]) == ([one], [other])


@pytest.mark.slow
def test_counts_are_those_of_the_lake(fleets, tmp_path):
    again = rows(45, ("P-1", "P-3"), seed=2)
    bring(fleets, "pumps", again, tmp_path / "in")
    counted = fleets.intake.assets.list("pumps")
    assert [(one.name, one.rows) for one in counted] == [("P-1", 45), ("P-2", 30), ("P-3", 45)]
    fleets.intake.recount("pumps")
    assert fleets.intake.assets.list("pumps") == counted
    assert counted[0].end == START + 44 * MINUTE


@pytest.mark.slow
def test_quality_tells_sensors_and_sampling(as_, fleets):
    told = as_("viewer").get("/fleets/pumps/quality").json()
    assert [one["sensor"] for one in told["sensors"]] == ["flow", "temp"]
    assert told["sensors"][0]["missing"] == 0
    assert [one["interval_seconds"] for one in told["assets"]] == [60, 60]
    assert told["batches"] == 1


@pytest.mark.slow
def test_quarantine_comes_in_pages_without_paths(as_, fleets, tmp_path):
    bad = ["time,asset,flow", "2026-01-02T00:00:00Z,P-1,1"]
    bad += [f"never{n},P-1,1" for n in range(7)]
    path = tmp_path / "bad.csv"
    path.write_text("\n".join(bad) + "\n")
    fleets.intake.ingest([path], "pumps")
    seen, cursor = [], ""
    for _ in range(10):
        answer = as_("viewer").get(f"/fleets/pumps/quarantine?limit=3{cursor}").json()
        seen += answer["items"]
        if answer["next"] is None:
            break
        cursor = f"&cursor={answer['next']}"
    assert [one["row"] for one in seen] == [3, 4, 5, 6, 7, 8, 9]
    assert {one["file"] for one in seen} == {"bad.csv"}
    assert seen[0]["value"] == "never0"
    assert as_("viewer").get("/fleets/valves/quarantine").json()["items"] == []


@pytest.mark.slow
def test_events_of_both_kinds_wait(as_, fleets):
    found = [draft(10, 20), draft(30, 40, kind=EventKind.SENSOR_FAULT)]
    made = fleets.events.revise("pumps", found, DAY, model_version=1, score_batch="s1")
    assert as_("viewer").get("/fleets/pumps").json()["open_events"] == 2
    as_("analyst").post(f"/events/{made[0].id}/close", json={"verdict": "false"})
    assert as_("viewer").get("/fleets/pumps").json()["open_events"] == 1


def test_the_list_stays_flat(as_, site, monkeypatch):
    """A thousand fleets are listed from the database alone, in a handful of queries."""
    from sqlalchemy import event, insert

    from appliance.intake.store.tables import AssetRow, FleetRow

    with site.database.session() as session:
        fleets = [
            {"fleet": f"f{n:04}", "time_kind": "time", "created": START} for n in range(1000)
        ]
        session.execute(insert(FleetRow), fleets)
        span = {"start": START, "end": START + timedelta(days=1), "rows": 1440}
        session.execute(
            insert(AssetRow),
            [
                {"fleet": one["fleet"], "asset": f"a{n}", **span}
                for one in fleets
                for n in range(10)
            ],
        )
    root = as_("root")
    asked = []
    event.listen(
        site.database.engine, "before_cursor_execute", lambda *told: asked.append(told[2])
    )
    monkeypatch.setattr(type(site.lake), "readings", None)
    answer = root.get("/fleets?limit=100")
    assert len(names(answer)) == 100
    assert answer.json()["items"][0]["rows"] == 14_400
    assert len(asked) < 20
