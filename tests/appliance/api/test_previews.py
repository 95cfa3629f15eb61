"""Files are sent first, looked at, corrected, and brought in when that is what was meant."""

from __future__ import annotations

import io

import pytest

from appliance.pipelines import uploads
from appliance.pipelines.catalog import catalog
from appliance.pipelines.spec import Call
from appliance.pipelines.steps import Plain
from appliance.schemas.progress import Silent
from tests.appliance.api.fleets import rows

AT = "/fleets/pumps/readings/preview"
BAD = (
    "time,unit,flow (m3/h),load,note\n"
    "2026-01-01 00:00:00,P-1,1.5,7,ok\n"
    "2026-01-01 01:00:00,P-1,broken,7,ok\n"
    "never,P-1,2.5,7,ok\n"
    "2026-01-01 02:00:00,P-1,2.5,8,ok\n"
)


def sent(caller, body=BAD, file="November 2025.csv", media="text/csv"):
    """Send a file; return what it is called here."""
    answer = caller.post(
        "/uploads", params={"file": file}, content=body, headers={"Content-Type": media}
    )
    assert answer.status_code == 201, answer.text
    return answer.json()["upload"]


def look(caller, upload, **asked):
    answer = caller.post(AT, json={"upload": upload, **asked})
    assert answer.status_code == 200, answer.text
    return answer.json()


def bring(site, upload, **arguments):
    """Run the ingest job that a preview leads to."""
    terms = catalog()["ingest"]
    told = terms.terms.arguments.model_validate({"paths": [upload], **arguments})
    return terms.run(
        Call(
            site=site,
            job="job_1",
            fleet="pumps",
            arguments=told,
            by="engineer",
            progress=Silent(),
            steps=Plain(),
        )
    )


def test_a_preview_tells_what_is_guessed_and_keeps_nothing(as_, site):
    upload = sent(as_("engineer"))
    assert upload.endswith("/November_2025.csv")
    told = look(as_("engineer"), upload)
    uses = {one["name"]: one["use"] for one in told["columns"]}
    assert uses == {
        "time": "time",
        "unit": "asset",
        "flow": "sensor",
        "load": "sensor",
        "note": "left out",
    }
    assert {one["name"]: one["unit"] for one in told["columns"]}["flow"] == "m3/h"
    assert (told["time_ground"], told["asset_ground"]) == ("name", "name")
    assert (told["rows"], told["checked"], told["whole"]) == (3, 4, True)
    assert told["assets"] == ["P-1"]
    assert told["columns"][2]["cells"][1] == "broken"
    assert {(one["column"], one["row"], one["value"]) for one in told["doubts"]} == {
        ("time", 4, "never"),
        ("flow", 3, "broken"),
    }
    assert not site.lake.readings("pumps").exists()
    assert site.intake.sensors("pumps") == []
    assert str(site.settings.home) not in str(told)


def test_what_is_corrected_is_looked_at_anew_and_brought_in_so(as_, site):
    upload = sent(as_("engineer"))
    meant = {"asset": "=P-9", "context": ["load"], "without": ["unit"], "timezone": "UTC"}
    told = look(as_("engineer"), upload, **meant)
    uses = {one["name"]: one["use"] for one in told["columns"]}
    assert (uses["load"], uses["unit"], told["assets"]) == ("context", "left out", ["P-9"])
    assert (told["zone"], told["asset_ground"]) == ("UTC", "said")
    report = bring(site, upload, **meant, units={"flow": "l/min"})
    assert (report.rows, report.quarantined) == (3, 2)
    assert {(one.name, one.unit, one.role.value) for one in site.intake.sensors("pumps")} == {
        ("flow", "l/min", "sensor"),
        ("load", "", "context"),
    }
    answer = as_("engineer").post(AT, json={"upload": upload})
    assert answer.status_code == 404  # it went


@pytest.mark.slow
def test_what_was_brought_in_before_is_told_so(as_, site):
    first = sent(as_("engineer"))
    assert look(as_("engineer"), first)["before"] is None
    bring(site, first)
    again = look(as_("engineer"), sent(as_("engineer")))
    assert again["before"] is not None


@pytest.mark.slow
def test_a_file_that_cannot_be_understood_shows_what_it_holds(as_):
    told = look(
        as_("engineer"), sent(as_("engineer"), "time,note\n2026-01-01,x\n2026-01-02,w\n")
    )
    assert "no column of numbers" in told["refused"]
    assert [one["cells"] for one in told["columns"]] == [
        ["2026-01-01", "2026-01-02"],
        ["x", "w"],
    ]
    wrong = look(as_("engineer"), sent(as_("engineer")), time="never")
    assert "no column of that name" in wrong["refused"]
    answer = as_("engineer").post(
        AT, json={"upload": sent(as_("engineer")), "timezone": "Mars"}
    )
    assert answer.status_code == 422


def test_every_form_is_looked_at(as_):
    sink = io.BytesIO()
    rows(40).write_parquet(sink)
    told = look(as_("engineer"), sent(as_("engineer"), sink.getvalue(), "x.parquet", ""))
    assert (told["rows"], told["assets"], told["sensors"]) == (80, ["P-1", "P-2"], 2)
    assert told["time_ground"] == "name"
    long = "time,asset,tag,value\n" + "".join(
        f"2026-01-01 0{n}:00:00,P-1,{tag},{n}\n" for n in range(9) for tag in ("a", "b")
    )
    told = look(as_("engineer"), sent(as_("engineer"), long))
    assert (told["long"], told["rows"], told["sensors"]) == (True, 9, 2)
    counted = "flow\n" + "".join(f"{n}.5\n" for n in range(30))
    told = look(as_("engineer"), sent(as_("engineer"), counted, "pump7.csv"))
    assert (told["time_ground"], told["time_kind"], told["assets"]) == (
        "nothing",
        "cycle",
        ["pump7"],
    )


@pytest.mark.parametrize(
    ("told", "stem"),
    [
        ("pumps.csv.gz", "pumps"),
        ("../../etc/passwd", "passwd"),
        ("C:\\data\\ポンプ 1号機.CSV", "ポンプ_1号機"),
        ("....", "file"),
        ("a" * 300 + ".parquet", "a" * 60),
        ("v1.2 of pump.csv", "v1_2_of_pump"),
    ],
)
def test_a_file_is_called_by_letters_and_digits_alone(told, stem):
    assert uploads.stem_of(told) == stem


def test_only_those_who_may(as_, nobody):
    upload = sent(as_("engineer"))
    for who, status in (("stranger", 404), ("viewer", 403), ("analyst", 403)):
        assert as_(who).post(AT, json={"upload": upload}).status_code == status
        answer = as_(who).post("/uploads", params={"file": "x.csv"}, content="a,b\n1,2\n")
        assert answer.status_code == 403
    assert nobody.post("/uploads", params={"file": "x"}, content="a").status_code == 401
