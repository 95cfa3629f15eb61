"""Readings in over REST: in every form, once, within limits, and never run."""

from __future__ import annotations

import gzip
import io
import json
import zipfile

import numpy as np
import polars as pl
import pytest
import zstandard

from appliance.pipelines import uploads
from appliance.pipelines.catalog import catalog
from appliance.pipelines.imports import found
from appliance.pipelines.spec import Call
from appliance.pipelines.steps import Plain
from appliance.schemas.job import JobState
from appliance.schemas.progress import Silent
from tests.appliance.api.fleets import rows

AT = "/fleets/pumps/readings"
PARQUET = "application/vnd.apache.parquet"
ARROW = "application/vnd.apache.arrow.stream"


@pytest.fixture
def frame():
    return rows(50)


def written(frame, how, **options):
    sink = io.BytesIO()
    getattr(frame, how)(sink, **options)
    return sink.getvalue()


def bodies(frame):
    text = frame.with_columns(pl.col("time").dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    csv = written(frame, "write_csv")
    return {
        "csv": ("text/csv", csv),
        "csv; charset": ("text/csv; charset=utf-8", csv),
        "gzip": ("application/gzip", gzip.compress(csv)),
        "zstd": ("application/octet-stream", zstandard.compress(csv)),
        "json": ("application/json", json.dumps(text.to_dicts()).encode()),
        "columns": ("application/json", json.dumps(text.to_dict(as_series=False)).encode()),
        "lines": ("application/x-ndjson", text.write_ndjson().encode()),
        "parquet": (PARQUET, written(frame, "write_parquet")),
        "arrow": (ARROW, written(frame, "write_ipc_stream", compression="lz4")),
        "unknown parquet": ("application/octet-stream", written(frame, "write_parquet")),
        "unknown arrow": ("", written(frame, "write_ipc_stream")),
        "unknown lines": ("application/octet-stream", text.write_ndjson().encode()),
    }


def send(caller, media, body, path=AT, **headers):
    told = {"Content-Type": media, **headers} if media else headers
    return caller.post(path, content=body, headers=told)


@pytest.mark.parametrize("form", sorted(bodies(rows(1))))
def test_every_form_brings_in_the_same(as_, site, frame, form):
    media, body = bodies(frame)[form]
    answer = send(as_("engineer"), media, body)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["rows"], told["assets"], told["sensors"], told["quarantined"]) == (
        100,
        2,
        2,
        0,
    )
    read = site.lake.readings("pumps").read()
    known = frame.sort("asset", "time")
    assert read["asset"].to_list() == known["asset"].to_list()
    assert read["time"].to_list() == known["time"].to_list()
    assert read["flow"].to_list() == pytest.approx(known["flow"].to_list())
    assert list(site.settings.uploads_folder.iterdir()) == []
    assert str(site.settings.home) not in answer.text


def test_sent_again_it_adds_nothing(as_, site, frame):
    media, body = bodies(frame)["json"]
    key = {"Idempotency-Key": "once"}
    first = send(as_("engineer"), media, body, **key)
    again = send(as_("engineer"), media, body, **key)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert send(as_("engineer"), media, body + b" ", **key).status_code == 422
    assert send(as_("engineer"), media, body).json()["rows"] == 0
    assert site.lake.readings("pumps").row_count() == 100
    assert site.intake.assets.fleet("pumps").rows == 100


@pytest.mark.slow
def test_epochs_and_one_row_at_a_time(as_, site):
    for minute in range(3):
        row = [{"time": 1_767_225_600 + 60 * minute, "asset": "P-1", "flow": 7.25}]
        answer = as_("engineer").post(AT, json=row)
        assert answer.status_code == 200, answer.text
    read = site.lake.readings("pumps").read()
    assert [str(time) for time in read["time"]] == [
        f"2026-01-01 00:0{minute}:00+00:00" for minute in range(3)
    ]


@pytest.mark.slow
def test_rows_without_an_asset_are_of_one_called_like_the_fleet(as_, site):
    for start in (0, 5):
        body = "\n".join(
            ["time,flow", *(f"2026-01-01 00:0{n}:00,{n}" for n in range(start, start + 5))]
        )
        assert send(as_("engineer"), "text/csv", body).status_code == 200
    assert [one.name for one in site.intake.assets.list("pumps")] == ["pumps"]
    answer = send(as_("engineer"), "text/csv", body, f"{AT}?asset=%3DP-7")
    assert answer.status_code == 200
    assert [one.name for one in site.intake.assets.list("pumps")] == ["P-7", "pumps"]


def test_what_columns_are_for_can_be_said(as_, site):
    body = "when,load,flow\n" + "".join(f"2026-01-01 0{n}:00:00,{n},{n}\n" for n in range(9))
    path = f"{AT}?time=when&context=load&timezone=Asia/Tokyo"
    assert send(as_("engineer"), "text/csv", body, path).status_code == 200
    assert {one.name: one.role.value for one in site.intake.sensors("pumps")} == {
        "load": "context",
        "flow": "sensor",
    }
    assert str(site.lake.readings("pumps").span()[0]) == "2025-12-31 15:00:00+00:00"
    for bad in ("time=never", "timezone=Mars", "layout=round", "context=nowhere"):
        answer = send(as_("engineer"), "text/csv", body + "2026-01-02,1,1\n", f"{AT}?{bad}")
        assert answer.status_code == 422, bad


# ---------------------------------------------------------------- refused
def limit(site, size):
    site.settings = site.settings.model_copy(update={"max_upload_bytes": size})


def test_a_body_too_large_is_refused_before_it_comes(as_, site):
    answer = send(as_("engineer"), "text/csv", b"x", AT, **{"Content-Length": str(2**31)})
    assert answer.status_code == 413
    assert answer.json()["type"] == "urn:kizashi:problem:LimitExceeded"
    assert not site.settings.uploads_folder.exists()


@pytest.mark.slow
def test_a_body_that_grows_too_large_is_cut_off(as_, site):
    limit(site, 5 * 2**20)
    came = []

    def endless():
        for _ in range(1_000):
            came.append(1)
            yield b"x" * 2**20

    answer = send(as_("engineer"), "text/csv", endless())
    assert answer.status_code == 413
    assert list(site.settings.uploads_folder.iterdir()) == []


@pytest.mark.slow
def test_what_unpacks_to_too_much_is_refused(as_, site):
    limit(site, 2**20)
    bomb = b"time,flow\n" + b"0" * 2**25
    for body in (gzip.compress(bomb), zstandard.compress(bomb)):
        assert len(body) < 2**17
        answer = send(as_("engineer"), "application/octet-stream", body)
        assert answer.status_code == 413, answer.text
    zeros = pl.DataFrame({"time": np.arange(3_000_000), "a": np.zeros(3_000_000)})
    for media, body in (
        (PARQUET, written(zeros.select("a"), "write_parquet")),
        (ARROW, written(zeros.select("a"), "write_ipc_stream", compression="zstd")),
    ):
        assert len(body) < 2**20
        assert send(as_("engineer"), media, body).status_code == 413, media
    assert list(site.settings.uploads_folder.iterdir()) == []
    assert not site.lake.readings("pumps").exists()


def zipped():
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("../../../etc/passwd", "time,flow\n2026-01-01,1\n")
    return sink.getvalue()


UNREADABLE = [
    ("application/zip", zipped(), 415),
    ("application/octet-stream", zipped(), 422),
    ("multipart/form-data; boundary=x", b"--x--", 415),
    ("application/x-python-pickle", b"cos\nsystem\n(S'true'\ntR.", 415),
    ("application/octet-stream", b"cos\nsystem\n(S'true'\ntR.", 422),
    ("text/csv", b"", 422),
    ("text/csv", b"\0" * 100, 422),
    ("text/csv", b"time,flow\n", 422),
    ("text/csv", b"<html>nothing</html>", 422),
    (PARQUET, b"PAR1 and nothing else", 422),
    (PARQUET, b"time,flow\n2026-01-01,1\n", 422),
    (ARROW, b"\xff\xff\xff\xff nothing", 422),
    (ARROW, b"time,flow", 422),
    ("application/json", b'{"time": [1, 2], "a": [1]}', 422),
    ("application/json", b"[" * 200_000, 422),
    ("application/json", b'"text"', 422),
    ("application/x-ndjson", b'{"time": "2026-01-01"}\n[1]\n', 422),
    ("application/gzip", gzip.compress(b"time,flow\n2026-01-01,1\n" * 1000)[:40], 422),
]


def test_what_cannot_be_read_is_a_problem(as_, site):
    for media, body, status in UNREADABLE:
        answer = send(as_("engineer"), media, body)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert str(site.settings.home) not in answer.text
        folder = site.settings.uploads_folder
        assert not folder.exists() or list(folder.iterdir()) == []


def test_a_packing_that_is_not_read(as_):
    answer = send(as_("engineer"), "text/csv", b"x", **{"Content-Encoding": "br"})
    assert answer.status_code == 415


def test_rows_that_cannot_be_read_go_to_quarantine(as_, site):
    body = "time,asset,flow\n2026-01-01,P-1,1\nnever,P-1,2\n2026-01-02,P-1,<script>\n"
    answer = send(as_("engineer"), "text/csv", body)
    assert answer.json()["quarantined"] == 2
    told = as_("viewer").get("/fleets/pumps/quarantine").json()["items"]
    assert [one["row"] for one in told] == [3, 4]
    assert told[1]["value"] == "<script>"


def test_names_that_would_lead_elsewhere_are_only_names(as_, site):
    body = "time,asset,../x\n2026-01-01,../../etc,1\n2026-01-02,'; DROP TABLE fleets; --,2\n"
    assert send(as_("engineer"), "text/csv", body, f"{AT}?asset=asset").status_code == 200
    known = as_("viewer").get("/fleets/pumps/assets").json()["items"]
    assert [one["asset"] for one in known] == ["'; DROP TABLE fleets; --", "../../etc"]
    for fleet in ("..%2F..%2Fetc", "UP", "a" * 64, "%00"):
        answer = send(as_("engineer"), "text/csv", body, f"/fleets/{fleet}/readings")
        assert answer.status_code in (400, 404, 422), fleet


def test_only_those_who_may(as_, nobody, site, frame):
    media, body = bodies(frame)["csv"]
    assert send(nobody, media, body).status_code == 401
    for who, status in (("stranger", 404), ("viewer", 403), ("analyst", 403)):
        assert send(as_(who), media, body).status_code == status
    assert not site.settings.uploads_folder.exists()


# ---------------------------------------------------------------- large ones
@pytest.mark.slow
def test_a_large_body_is_brought_in_by_a_job(as_, site, frame, monkeypatch):
    from appliance.api.routes import readings

    monkeypatch.setattr(readings, "_MOST_AT_ONCE", 100)
    media, body = bodies(frame)["csv"]
    answer = send(as_("engineer"), media, body, f"{AT}?asset=asset")
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert (job["pipeline"], job["state"]) == ("ingest", JobState.QUEUED)
    assert answer.headers["location"] == f"/api/v1/jobs/{job['id']}"
    (name,) = job["arguments"]["paths"]
    assert uploads.sent(site.settings, name).read_bytes() == body
    assert found(site.settings, [name])[0].endswith(name)
    terms = catalog()["ingest"]
    call = Call(
        site=site,
        job=job["id"],
        fleet="pumps",
        arguments=terms.terms.arguments.model_validate(job["arguments"]),
        by="engineer",
        progress=Silent(),
        steps=Plain(),
    )
    report = terms.run(call)
    assert (report.rows, report.files[0].path) == (100, "pumps.csv")
    assert list(site.settings.uploads_folder.iterdir()) == []


def test_nobody_finds_what_others_sent(site):
    upload = uploads.begin(site.settings)
    upload.body.write_text("time,flow\n2026-01-01,1\n")
    path = uploads.readable(site.settings, upload, uploads.Kind.CSV, "pumps")
    name = uploads.hand_on(site.settings, path)
    assert found(site.settings, [name]) == (name,)
    assert uploads.sent(site.settings, name) == path
    folder = site.settings.uploads_folder
    for wanted in (str(folder), str(path), str(folder / "*"), "*/pumps.csv", "../uploads"):
        with pytest.raises(Exception, match=r"outside|no file there"):
            found(site.settings, [wanted])


def test_uploads_are_the_sites_alone_and_forgotten_in_time(site):
    import os

    old = uploads.begin(site.settings)
    assert old.body.stat().st_mode & 0o777 == 0o600
    assert old.folder.stat().st_mode & 0o777 == 0o700
    os.utime(old.folder, (0, 0))
    new = uploads.begin(site.settings)
    assert not old.folder.exists()
    assert new.folder.exists()


@pytest.mark.slow
def test_a_time_beyond_all_times_is_refused(as_, site):
    times = pl.Series([0, 2**62, 2**62 + 1]).cast(pl.Datetime("us"))
    frame = pl.DataFrame({"time": times, "flow": [1.0, 2.0, 3.0]})
    for media, how in ((PARQUET, "write_parquet"), (ARROW, "write_ipc_stream")):
        answer = send(as_("engineer"), media, written(frame, how))
        assert answer.status_code in (200, 422), answer.text
    for text in ('[{"time": 1e300, "flow": 1}]', '[{"time": "9999-99-99", "flow": 1}]'):
        answer = send(as_("engineer"), "application/json", text)
        assert answer.status_code == 422, answer.text
