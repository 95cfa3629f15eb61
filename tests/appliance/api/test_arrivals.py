"""What came to a fleet, what of it was refused, and how good it was by day."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from tests.appliance.api.fleets import START, bring, rows

AT = "/fleets/pumps/readings"
BAD = "time,asset,flow\n2026-02-01,P-1,1\nnever,P-1,2\n2026-02-02,P-1,<b>\n2026-02-03,P-1,x?\n"


def post(caller, body=BAD):
    answer = caller.post(AT, content=body, headers={"Content-Type": "text/csv"})
    assert answer.status_code == 200, answer.text


@pytest.mark.slow
def test_batches_tell_who_brought_what_the_latest_first(as_, site, tmp_path):
    bring(site, "pumps", rows(5), tmp_path / "files")
    post(as_("engineer"))
    latest, first = as_("viewer").get("/fleets/pumps/batches").json()["items"]
    assert (first["way"], first["by"], first["file"]) == ("file", "", "pumps-10.csv")
    assert (first["rows"], first["assets"], first["quarantined"]) == (10, 2, 0)
    assert (first["start"], first["end"]) == ("2026-01-01T00:00:00Z", "2026-01-01T00:04:00Z")
    assert (latest["way"], latest["by"], latest["file"]) == ("sent", "engineer", "pumps.csv")
    assert (latest["rows"], latest["quarantined"]) == (3, 3)
    assert str(site.settings.home) not in str(latest)


@pytest.mark.slow
def test_batches_come_in_pages(as_, site, tmp_path):
    for count in (3, 4, 5):
        bring(site, "pumps", rows(count, seed=count), tmp_path / "files")
    page = as_("viewer").get("/fleets/pumps/batches?limit=2").json()
    rest = as_("viewer").get(f"/fleets/pumps/batches?limit=2&cursor={page['next']}").json()
    names = [one["file"] for one in page["items"] + rest["items"]]
    assert names == ["pumps-10.csv", "pumps-8.csv", "pumps-6.csv"]
    assert rest["next"] is None
    assert as_("viewer").get("/fleets/fans/batches").status_code == 404


@pytest.mark.slow
def test_reasons_are_told_with_the_first_few_of_each(as_, site):
    post(as_("engineer"))
    told = as_("viewer").get("/fleets/pumps/quarantine/reasons").json()
    assert told["total"] == 3
    found = {(one["column"], one["count"]): one for one in told["reasons"]}
    assert set(found) == {("flow", 2), ("time", 1)}
    assert [one["value"] for one in found["flow", 2]["samples"]] == ["<b>", "x?"]
    assert found["time", 1]["samples"][0] | {"at": ""} == {
        "batch": found["time", 1]["samples"][0]["batch"],
        "at": "",
        "file": "pumps.csv",
        "row": 3,
        "column": "time",
        "value": "never",
        "reason": found["time", 1]["reason"],
    }
    reason = found["flow", 2]["reason"]
    only = as_("viewer").get("/fleets/pumps/quarantine", params={"reason": reason, "limit": 1})
    after = {"reason": reason, "limit": 1, "cursor": only.json()["next"]}
    rest = as_("viewer").get("/fleets/pumps/quarantine", params=after).json()
    assert [one["row"] for one in only.json()["items"] + rest["items"]] == [4, 5]
    assert rest["next"] is None


def test_what_was_refused_is_downloaded(as_, site):
    post(as_("engineer"))
    answer = as_("viewer").get("/fleets/pumps/quarantine/file")
    assert answer.headers["content-disposition"].endswith('"pumps-quarantine.csv"')
    assert answer.text.lstrip("\ufeff").splitlines()[0] == "file,row,column,value,reason"
    assert len(answer.text.splitlines()) == 4
    assert str(site.settings.home) not in answer.text


def test_a_fleet_without_refusals_has_none(as_, site, tmp_path):
    bring(site, "pumps", rows(5), tmp_path / "files")
    told = as_("viewer").get("/fleets/pumps/quarantine/reasons").json()
    assert told == {"total": 0, "reasons": []}
    assert len(as_("viewer").get("/fleets/pumps/quarantine/file").text.splitlines()) == 1
    assert as_("viewer").get("/fleets/fans/quarantine/reasons").status_code == 404


def hours(site, tmp_path):
    """Bring in four days of hours: day 2 without a reading, flow stuck, temp missing."""
    frame = rows(96).with_columns(
        time=pl.Series([START + timedelta(hours=n) for n in range(96)] * 2)
    )
    hour = pl.col("time").rank("dense") - 1
    frame = frame.with_columns(
        flow=pl.when(hour.is_between(48, 83)).then(7.0).otherwise("flow"),
        temp=pl.when(hour < 12).then(None).when(hour >= 84).then(900.0).otherwise("temp"),
    ).filter(~hour.is_between(24, 47))
    bring(site, "pumps", frame, tmp_path / "files")


def test_days_tell_coverage_missing_frozen_and_impossible_values(as_, site, tmp_path):
    hours(site, tmp_path)
    as_("engineer").patch("/fleets/pumps/sensors/temp", json={"upper": 200})
    told = as_("viewer").get("/fleets/pumps/quality/days?days=5").json()
    assert len(told["starts"]) == 5
    assert told["starts"][-1] == "2026-01-04T00:00:00Z"
    found = {one["sensor"]: one for one in told["sensors"]}
    assert found["flow"]["coverage"] == [None, 1.0, 0.0, 1.0, 1.0]
    assert found["flow"]["missing"] == [None, 0.0, None, 0.0, 0.0]
    assert found["flow"]["frozen"] == [None, 0.0, None, 1.0, 0.5]
    assert found["temp"]["coverage"] == [None, 0.5, 0.0, 1.0, 1.0]
    assert found["temp"]["missing"] == [None, 0.5, None, 0.0, 0.0]
    assert found["temp"]["out_of_limits"] == [None, 0.0, None, 0.0, 0.5]


def test_days_of_one_asset(as_, site, tmp_path):
    hours(site, tmp_path)
    one = as_("viewer").get("/fleets/pumps/quality/days?days=4&asset=P-1").json()
    both = as_("viewer").get("/fleets/pumps/quality/days?days=4").json()
    assert one["sensors"] == both["sensors"]
    for query, status in (("asset=P-9", 404), ("days=0", 422), ("days=93", 422)):
        answer = as_("viewer").get(f"/fleets/pumps/quality/days?{query}")
        assert answer.status_code == status, query


def test_too_many_readings_are_refused(as_, site, tmp_path, monkeypatch):
    from appliance.pipelines import daily

    hours(site, tmp_path)
    monkeypatch.setattr(daily, "_MOST_CELLS", 100)
    answer = as_("viewer").get("/fleets/pumps/quality/days")
    assert answer.status_code == 413
    assert "fewer days" in answer.text
