"""Commands on the calendar and the scorecard, as text and as JSON."""

from __future__ import annotations

import json

import pytest

from tests.appliance.pipelines.sites import LEARNED, moment


def ok(told):
    assert told.status == 0, told.err
    assert told.err == ""
    return told.out


def data(told):
    return json.loads(ok(told))


def at(row: int) -> str:
    return f"{moment(LEARNED + row):%Y-%m-%dT%H:%M}"


OVER = ("--from", at(30), "--until", at(90), "--asset", "P-2")


@pytest.fixture
def made(kizashi, full):
    return data(kizashi("calendar", "add", "pumps", *OVER, "--title", "seals", "--json"))[0]


def test_a_window_is_added_listed_changed_and_removed(kizashi, full):
    told = ok(kizashi("calendar", "add", "pumps", *OVER, "--title", "seals"))
    assert "added, pumps P-2, 2026-01-07 05:00 to 2026-01-07 15:00" in told
    assert "Next: kizashi score pumps" in told
    [window] = data(kizashi("calendar", "list", "pumps", "--json"))
    assert (window["asset"], window["kind"], window["title"]) == ("P-2", "maintenance", "seals")
    assert "seals" in ok(kizashi("calendar", "list", "pumps"))
    name = window["id"]
    changed = ("--kind", "test_run", "--rule", "FREQ=WEEKLY;COUNT=2")
    assert "FREQ=WEEKLY;COUNT=2" in ok(kizashi("calendar", "edit", "pumps", name, *changed))
    assert "removed" in ok(kizashi("calendar", "remove", "pumps", name))
    told = ok(kizashi("calendar", "history", name))
    assert [line.split("  ")[1].split(" by ")[0] for line in told.splitlines()] == [
        "added",
        "edited",
        "removed",
    ]
    assert len(data(kizashi("calendar", "history", name, "--json"))) == 3
    assert "no window" in ok(kizashi("calendar", "list", "pumps"))


def test_times_are_those_of_the_site_or_of_the_zone_given(kizashi, full):
    (full / "kizashi.toml").write_text('timezone = "Asia/Tokyo"\n')
    times = ("--from", "2026-01-05T08:00", "--until", "2026-01-05T09:00")
    [window] = data(kizashi("calendar", "add", "pumps", *times, "--json"))
    assert (window["start"], window["zone"]) == ("2026-01-04T23:00:00Z", "Asia/Tokyo")
    berlin = ("--zone", "Europe/Berlin", "--site")
    [window] = data(kizashi("calendar", "add", "pumps", *times, *berlin, "--json"))
    assert (window["start"], window["fleet"]) == ("2026-01-05T07:00:00Z", None)


@pytest.mark.slow
def test_a_preview_names_the_events_and_score_does_what_it_said(kizashi, full, made):
    ahead = data(kizashi("calendar", "preview", "pumps", "--json"))
    assert [event["asset"] for event in ahead["vanish"]] == ["P-2"]
    told = ok(kizashi("calendar", "preview", "pumps"))
    assert (
        "60 readings would no longer be judged, 0 would be judged again; machines: 1." in told
    )
    assert "would vanish" in told
    assert data(kizashi("score", "pumps", "--json"))["masked"] == 60
    assert "no reading" in ok(kizashi("calendar", "preview", "pumps"))
    back = data(kizashi("calendar", "preview", "pumps", "--remove", made["id"], "--json"))
    assert [draft["asset"] for draft in back["appear"]] == ["P-2"]


def test_a_calendar_file_is_brought_in(kizashi, full, tmp_path):
    path = tmp_path / "plant.ics"
    path.write_text(
        "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:1\nSUMMARY:Wash\n"
        "DTSTART:20260105T080000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    assert "1 windows added" in ok(kizashi("calendar", "import", "pumps", path))
    assert data(kizashi("calendar", "import", "pumps", path, "--json"))["unchanged"] == 1
    path.write_text("no calendar")
    told = kizashi("calendar", "import", "pumps", path)
    assert told.status == 1
    assert "plant.ics: it is no calendar file" in told.err


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("add", "pumps", "--from", at(1)), 2, "both --from and --until"),
        (("add", "pumps", "--from", "soon", "--until", at(1)), 2, "--from soon: not a time"),
        (("add", "pumps", "--from", at(2), "--until", at(1)), 2, "before it begins"),
        (("add", "pumps", *OVER, "--kind", "nap"), 2, "--kind nap"),
        (("add", "pumps", *OVER, "--rule", "often"), 2, "FREQ=WEEKLY"),
        (("add", "pumps", *OVER, "--zone", "Mars"), 2, "not a time zone"),
        (("add", "pumps", *OVER, "--title", "x" * 201), 2, "title cannot be used"),
        (("add", "pumps", *OVER, "--site"), 2, "exclude each other"),
        (("add", "pumps", *OVER[:4], "--asset", "P-9"), 1, "no asset P-9"),
        (("add", "fans", *OVER[:4]), 1, "no fleet fans"),
        (("remove", "pumps", "win_x"), 1, "no window win_x"),
        (("edit", "pumps", "win_x"), 1, "no window win_x"),
        (("history", "win_x"), 1, "no window win_x"),
        (("import", "pumps", "none.ics"), 1, "none.ics"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(kizashi, full, arguments, status, says):
    told = kizashi("calendar", *arguments)
    assert (told.status, told.out) == (status, "")
    assert says in told.err
    assert "Traceback" not in told.err


@pytest.mark.slow
def test_the_scorecard_counts_verdicts_and_failures(kizashi, full):
    failed = ("--from", at(120), "--until", at(130), "--asset", "P-2", "--kind", "failure")
    ok(kizashi("calendar", "add", "pumps", *failed, "--title", "bearing"))
    missed = ("--from", at(120), "--until", at(130), "--asset", "P-3", "--kind", "failure")
    ok(kizashi("calendar", "add", "pumps", *missed, "--title", "seal"))
    [event] = data(kizashi("events", "pumps", "--anomalies", "--json"))
    ok(kizashi("close", event["id"], "--verdict", "true"))
    card = data(kizashi("scorecard", "pumps", "--json"))
    total = card["total"]
    assert (total["events"], total["true"], total["precision"]["value"]) == (1, 1, 1.0)
    assert (total["failures"], total["missed"]) == (2, 1)
    assert total["lead_hours"]["median"] == pytest.approx(80 / 6, abs=1)
    assert total["asset_months"] == pytest.approx(4 * 7 / 30, rel=0.01)
    assert [row["model_version"] for row in card["versions"]] == [1]
    assert [one["asset"] for one in card["missed"]] == ["P-3"]
    told = ok(kizashi("scorecard", "pumps"))
    assert "as they stand" in told
    assert "100 % (21–100)" in told
    assert "missed: P-3 2026-01-07 20:00 seal" in told
    later = data(kizashi("scorecard", "pumps", "--since", "2026-02-01", "--json"))["total"]
    assert (later["events"], later["asset_months"], later["failures"]) == (0, 0, 0)
