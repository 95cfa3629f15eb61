"""Readings out over REST: as wide as a chart, in three forms, within limits."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import polars as pl
import pytest

from appliance.pipelines import charts
from tests.appliance.api.fleets import MINUTE, START, bring, rows

AT = "/fleets/pumps/readings"
ARROW = "application/vnd.apache.arrow.stream"


@pytest.fixture
def frame():
    made = rows(2_000)
    spike = (pl.col("asset") == "P-1") & (pl.col("time") == START + 777 * MINUTE)
    missing = pl.col("time").is_between(START + 100 * MINUTE, START + 300 * MINUTE)
    return made.with_columns(
        flow=pl.when(spike).then(99.0).otherwise("flow"),
        temp=pl.when(missing).then(None).otherwise("temp"),
    )


@pytest.fixture
def pumps(site, frame, tmp_path):
    bring(site, "pumps", frame, tmp_path / "in")
    return site


def of(answer, asset="P-1"):
    assert answer.status_code == 200, answer.text
    return next(one for one in answer.json()["series"] if one["asset"] == asset)


def test_a_chart_loses_no_spike_and_keeps_gaps(as_, pumps):
    answer = as_("viewer").get(f"{AT}?asset=P-1&width=100")
    told = of(answer)
    assert answer.json()["method"] == "minmax"
    assert len(told["times"]) <= 200
    assert len(told["values"]["flow"]) == len(told["values"]["temp"]) == len(told["times"])
    assert max(told["values"]["flow"]) == 99.0
    assert None in told["values"]["temp"]
    assert None not in told["values"]["flow"]
    assert told["times"][0] == "2026-01-01T00:00:00Z"


def test_all_rows_come_without_a_width(as_, pumps, frame):
    told = of(as_("viewer").get(f"{AT}?asset=P-2&sensors=temp,flow"), "P-2")
    assert list(told["values"]) == ["temp", "flow"]
    mine = frame.filter(pl.col("asset") == "P-2")
    assert told["values"]["flow"] == mine["flow"].to_list()
    assert told["values"]["temp"] == mine["temp"].to_list()
    assert len(as_("viewer").get(AT).json()["series"]) == 2


def test_a_time_range_is_half_open(as_, pumps):
    told = of(
        as_("viewer").get(
            f"{AT}?asset=P-1&from=2026-01-01T00:10:00Z&to=2026-01-01T09:13:00%2B09:00"
        )
    )
    assert told["times"] == [f"2026-01-01T00:{minute}:00Z" for minute in (10, 11, 12)]


def test_lttb_gives_as_many_points_as_asked(as_, pumps):
    told = of(as_("viewer").get(f"{AT}?asset=P-1&sensors=flow&width=150&method=lttb"))
    assert len(told["times"]) == 150
    assert max(told["values"]["flow"]) == 99.0


@pytest.mark.parametrize("by", ["&format=arrow", ""])
def test_arrow(as_, pumps, frame, by):
    headers = {} if by else {"Accept": f"text/html;q=0.9, {ARROW}, */*;q=0.1"}
    answer = as_("viewer").get(f"{AT}?asset=P-1{by}", headers=headers)
    assert answer.headers["content-type"] == ARROW
    read = pl.read_ipc_stream(io.BytesIO(answer.content))
    mine = frame.filter(pl.col("asset") == "P-1")
    assert read.columns == ["asset", "time", "flow", "temp"]
    assert read["flow"].to_list() == mine["flow"].to_list()
    assert read["time"][-1] == datetime(2026, 1, 2, 9, 19, tzinfo=UTC)


@pytest.mark.slow
def test_csv(as_, pumps):
    answer = as_("viewer").get(f"{AT}?asset=P-1&to=2026-01-01T00:01:00Z&format=csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="pumps-readings.csv"'
    head, line = answer.text.splitlines()
    assert head == "asset,time,flow,temp"
    assert line.startswith("P-1,2026-01-01T00:00:00Z,")


@pytest.mark.slow
def test_a_form_that_there_is_not(as_, pumps):
    answer = as_("viewer").get(AT, headers={"Accept": "image/png"})
    assert answer.status_code == 406
    assert answer.headers["content-type"] == "application/problem+json"
    assert as_("viewer").get(f"{AT}?format=xml").status_code == 422
    for accept in (
        "",
        "*/*",
        "text/html, application/*;q=0.3",
        "application/json; charset=utf-8",
    ):
        answer = as_("viewer").get(f"{AT}?width=2", headers={"Accept": accept})
        assert answer.headers["content-type"] == "application/json", accept


ASKED = [
    ("asset=P-9", 404),
    ("asset=P-1&asset='; DROP TABLE sensors", 404),
    ("sensors=flwo", 422),
    ("sensors=asset", 422),
    ("width=0", 422),
    ("width=1000000", 422),
    ("method=magic&width=5", 422),
    ("from=yesterday", 422),
    ("from=0001-01-01T00:00:00%2B14:00", 422),
    ("to=9999-12-31T23:59:59-14:00", 422),
    ("from=2026-01-01T00:00:00", 422),
    ("nothing=1", 422),
    ("from=2027-01-01T00:00:00Z", 200),
    ("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z&width=10", 200),
]


def test_what_is_asked_is_checked(as_, pumps):
    for query, status in ASKED:
        answer = as_("viewer").get(f"{AT}?{query}")
        assert answer.status_code == status, answer.text


def test_a_name_that_comes_near_is_told(as_, pumps):
    told = as_("viewer").get(f"{AT}?sensors=flwo").json()
    assert "flow" in told["remedy"]


def test_too_much_is_refused_before_it_is_read(as_, pumps, monkeypatch):
    monkeypatch.setattr(charts, "MOST_READ", 1_000)
    answer = as_("viewer").get(f"{AT}?width=10")
    assert answer.status_code == 413
    assert "shorter time" in answer.json()["remedy"]
    # What is read counts, not what stands in the same files.
    part = "asset=P-1&sensors=flow&to=2026-01-01T10:00:00Z"
    assert as_("viewer").get(f"{AT}?{part}&width=10").status_code == 200
    monkeypatch.setattr(charts, "MOST_READ", 10**9)
    monkeypatch.setattr(charts, "MOST_GIVEN", 5_000)
    assert as_("viewer").get(AT).status_code == 422
    assert as_("viewer").get(f"{AT}?width=200").status_code == 200


def test_names_with_commas_and_numbers_that_are_none(as_, site, tmp_path):
    odd = rows(3, ("<b>",)).rename({"flow": 'a,b "c"'})
    bring(site, "odd", odd, tmp_path / "in")
    told = as_("viewer").get('/fleets/odd/readings?sensors=a,b "c"&sensors=temp').json()
    (one,) = told["series"]
    assert (one["asset"], list(one["values"])) == ("<b>", ['a,b "c"', "temp"])


def test_only_those_who_may(as_, nobody, pumps):
    assert as_("stranger").get(AT).status_code == 404
    assert nobody.get(AT).status_code == 401
