"""Times in every format, with and without zones, over clock changes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from appliance.intake import times
from appliance.schemas.ingest import FileStatus

WANTED = ["2026-01-05 08:00:00", "2026-01-05 08:01:00", "2026-01-25 20:30:00"]
_SECONDS = [1767600000, 1767600060, 1769373000]


@pytest.mark.parametrize(
    "cells",
    [
        WANTED,
        ["2026-01-05T08:00:00Z", "2026-01-05T08:01:00Z", "2026-01-25T20:30:00Z"],
        ["2026-01-05T09:00:00+01:00", "2026-01-05T17:01:00+0900", "2026-01-25T20:30:00.000Z"],
        ["2026-01-05 08:00:00 UTC", "2026-01-05 08:01:00 UTC", "2026-01-25 20:30:00 UTC"],
        ["2026/01/05 08:00", "2026/01/05 08:01", "2026/01/25 20:30"],
        ["2026/1/5 8:00", "2026/1/5 8:01", "2026/1/25 20:30"],
        ["05.01.2026 08:00:00", "05.01.2026 08:01:00", "25.01.2026 20:30:00"],
        ["05/01/2026 08:00", "05/01/2026 08:01", "25/01/2026 20:30"],
        ["01/05/2026 08:00", "01/05/2026 08:01", "01/25/2026 20:30"],
        ["1/5/2026 8:00:00 AM", "1/5/2026 8:01:00 AM", "1/25/2026 8:30:00 PM"],
        ["05-Jan-2026 08:00:00", "05-Jan-2026 08:01:00", "25-Jan-2026 20:30:00"],
        ["05.01.26 08:00", "05.01.26 08:01", "25.01.26 20:30"],
        ["20260105T080000Z", "20260105T080100Z", "20260125T203000Z"],
        ["2026年1月5日 8時0分0秒", "2026年1月5日 8時1分0秒", "2026年1月25日 20時30分0秒"],
        ["20260105080000", "20260105080100", "20260125203000"],
        _SECONDS,
        [s * 1_000 for s in _SECONDS],
        [s * 1_000_000 for s in _SECONDS],
        [s * 1_000_000_000 for s in _SECONDS],
        [s / 86_400 + 25_569 for s in _SECONDS],
    ],
    ids=lambda cells: str(cells[0]),
)
def test_formats(plant, cells):
    body = "".join(f"{cell};{i}\n" for i, cell in enumerate(cells))
    report = plant.text("p1.csv", "timestamp;a\n" + body)
    assert report.status is FileStatus.ADDED, report.reason
    assert plant.times() == WANTED
    assert plant.column("a") == [0.0, 1.0, 2.0]


def test_day_or_month_first_is_decided_by_which_runs_forward_and_said(plant):
    days = [f"{month:02}/{day:02}/2026 00:00" for month in (1, 2, 3) for day in range(1, 13)]
    report = plant.text("p1.csv", "time,a\n" + "".join(f"{d},1\n" for d in days))
    assert plant.times()[:2] == ["2026-01-01 00:00:00", "2026-01-02 00:00:00"]
    assert any("month/day/year" in guess for guess in report.guesses)


def test_undecidable_order_is_said(plant):
    report = plant.text("p1.csv", "time,a\n05/06/2020 08:00,1\n05/06/2020 08:01,2\n")
    assert plant.times()[0] == "2020-06-05 08:00:00"
    assert any("the day was taken to come first" in guess for guess in report.guesses)


def test_undecidable_order_beside_am_and_pm_is_american(plant):
    report = plant.text("p1.csv", "time,a\n05/06/2020 8:00 AM,1\n05/06/2020 8:01 AM,2\n")
    assert plant.times()[0] == "2020-05-06 08:00:00"
    assert any("the month was taken to come first" in guess for guess in report.guesses)


def test_undecidable_order_is_the_one_that_is_not_still_to_come(plant, monkeypatch):
    monkeypatch.setattr(times, "now", lambda: datetime(2026, 6, 1, tzinfo=UTC))
    plant.text("p1.csv", "time,a\n01/12/2026 08:00,1\n01/12/2026 08:01,2\n")
    assert plant.times()[0] == "2026-01-12 08:00:00"


def test_date_and_clock_columns(plant):
    text = "Datum;Uhrzeit;a\n05.01.2026;08:00:00;1\n05.01.2026;08:01:00;2\n"
    report = plant.text("p1.csv", text)
    assert plant.times() == WANTED[:2]
    assert any("Datum and Uhrzeit" in guess for guess in report.guesses)


def test_two_columns_asked_for(plant):
    text = "d,c,a\n2026-01-05,08:00,1\n2026-01-05,08:01,2\n"
    plant.text("p1.csv", text, time="d,c")
    assert plant.times() == WANTED[:2]


def test_cycles(plant):
    text = "unit,cycle,a\n" + "".join(f"{u},{c},{c}\n" for u in (1, 2) for c in range(1, 9))
    report = plant.text("engines.csv", text)
    assert plant.intake.time_kind("pumps") == "cycle"
    assert plant.times()[0] == "2000-01-01 01:00:00"
    assert report.rows == 16
    assert set(plant.column("asset")) == {"1", "2"}


def test_a_fleet_counts_time_one_way(plant):
    plant.text("p1.csv", "cycle,a\n1,2\n2,3\n")
    report = plant.text("p2.csv", "time,a\n2026-01-05 08:00:00,2\n")
    assert report.status is FileStatus.REJECTED
    assert "in cycles" in report.reason


def test_rows_are_counted_where_there_is_no_time(plant):
    report = plant.text("p1.csv", "0.5,1.5\n0.6,1.7\n0.7,1.9\n")
    assert plant.times() == [f"2000-01-01 0{i}:00:00" for i in (1, 2, 3)]
    assert any("rows are counted" in guess for guess in report.guesses)


def test_an_unreadable_time_column_is_not_passed_over(plant):
    report = plant.text("p1.csv", "time,a\nfirst,1\nsecond,2\n")
    assert report.status is FileStatus.REJECTED
    assert "'first'" in report.reason
    assert "--time" in report.reason


def test_times_of_another_age_are_told_as_such(plant):
    report = plant.text("p1.csv", "time,a\n2199-01-05 08:00,1\n2199-01-05 08:01,2\n")
    assert report.status is FileStatus.REJECTED
    assert "'2199-01-05 08:00' is before 1970 or after 2100" in report.reason


# ---------------------------------------------------------------- zones
def test_naive_times_are_in_the_site_s_zone(make_plant):
    plant = make_plant(timezone="Asia/Tokyo")
    plant.text("p1.csv", "time,a\n2026-01-05 17:00:00,1\n2026-01-05T17:01:00+09:00,2\n")
    assert plant.times() == WANTED[:2]


def test_a_zone_asked_for_wins(make_plant):
    plant = make_plant(timezone="Asia/Tokyo")
    plant.text("p1.csv", "time,a\n2026-01-05 09:00:00,1\n", timezone="Europe/Berlin")
    assert plant.times() == WANTED[:1]


def test_mixed_zones(plant):
    cells = [
        "2026-01-05T17:00:00+09:00", "2026-01-05 08:01:00", "2026-01-05T03:02:00-0500",
        "2026-01-05T08:03:00Z", "2026-01-05T10:04:00+02",
    ]  # fmt: skip
    report = plant.text("p1.csv", "time,a\n" + "".join(f"{c},1\n" for c in cells))
    assert plant.times() == [f"2026-01-05 08:0{i}:00" for i in range(5)]
    assert report.quarantined == 0


def test_repeated_hour_is_told_apart(plant):
    cells = ["01:30", "02:00", "02:30", "02:00", "02:30", "03:00"]
    text = "time,a\n" + "".join(f"2026-10-25 {c}:00,{i}\n" for i, c in enumerate(cells))
    plant.text("p1.csv", text, timezone="Europe/Berlin")
    assert [t[11:16] for t in plant.times()] == [
        "23:30", "00:00", "00:30", "01:00", "01:30", "02:00",
    ]  # fmt: skip
    assert plant.intake.sampling("pumps")[0].clock_changes == 1


def test_skipped_hour_goes_to_quarantine(plant):
    cells = ["01:30", "02:30", "03:30"]
    text = "time,a\n" + "".join(f"2026-03-29 {c}:00,1\n" for c in cells)
    report = plant.text("p1.csv", text, timezone="Europe/Berlin")
    assert report.rows == 2
    ((row, column, value, reason),) = plant.refused()
    assert (row, column, value) == (3, "time", "2026-03-29 02:30:00")
    assert "does not exist in Europe/Berlin" in reason
    assert plant.intake.sampling("pumps")[0].clock_changes == 1


def test_clock_that_jumps_back(plant):
    cells = ["08:00", "08:01", "08:02", "07:30", "07:31", "08:03"]
    text = "time,a\n" + "".join(f"2026-01-05 {c}:00,{i}\n" for i, c in enumerate(cells))
    report = plant.text("p1.csv", text)
    assert report.rows == 6
    assert plant.column("a") == [3.0, 4.0, 0.0, 1.0, 2.0, 5.0]
    assert plant.intake.sampling("pumps")[0].jumps_back == 1


def test_impossible_times(plant):
    cells = ["2026-01-05 08:00:00", "2026-02-30 08:00:00", "0001-01-01 00:00:00",
             "2026-01-05 25:00:00", "", "9999-12-31 23:59:59", "soon"]  # fmt: skip
    report = plant.text("p1.csv", "time,a\n" + "".join(f"{c},1\n" for c in cells))
    assert (report.rows, report.quarantined) == (1, 6)
    assert [(r[0], r[3]) for r in plant.refused()] == [
        (3, "not a time"),
        (4, "a time before 1970 or after 2100"),
        (5, "not a time"),
        (6, "no time"),
        (7, "a time before 1970 or after 2100"),
        (8, "not a time"),
    ]


def test_seconds_left_out_now_and_then(plant):
    cells = ["2026-01-05 08:00:00.5", "2026-01-05 08:01:00", "2026-01-05 08:02", "2026-01-06"]
    plant.text("p1.csv", "time,a\n" + "".join(f"{c},1\n" for c in cells))
    assert plant.times()[1:] == [
        "2026-01-05 08:01:00",
        "2026-01-05 08:02:00",
        "2026-01-06 00:00:00",
    ]
