"""Every command: what it prints for people, and for programs."""

from __future__ import annotations

import json
import re

import polars as pl
import pytest

from appliance.cli.main import command as command_line
from tests.appliance.pipelines.sites import ASSETS, DAY, LEARNED, next_day, plant

TOLD_IN_JSON = {
    "fleets": (),
    "sensors": ("pumps",),
    "quality": ("pumps",),
    "quarantine": ("pumps",),
    "models": ("pumps",),
    "events": ("pumps",),
    "score": ("pumps",),
    "version": (),
    "detectors": (),
}


def ok(told):
    assert told.status == 0, told.err
    assert told.err == ""
    return told.out


def data(told):
    return json.loads(ok(told))


@pytest.fixture
def first_event(kizashi, full):
    return data(kizashi("events", "pumps", "--anomalies", "--json"))[0]


# ---------------------------------------------------------------- all of them
@pytest.mark.parametrize("command", sorted(TOLD_IN_JSON))
def test_facts_come_as_text_and_as_json(kizashi, full, command):
    arguments = (command, *TOLD_IN_JSON[command])
    assert ok(kizashi(*arguments)).strip()
    told = kizashi(*arguments, "--json")
    assert json.loads(told.out) is not None
    assert told.err == ""


@pytest.mark.slow
def test_every_command_has_help(kizashi):
    names = []
    for name, command in command_line().commands.items():
        names += [(name,), *((name, own) for own in getattr(command, "commands", ()))]
    overview = ok(kizashi("--help"))
    for words in names:
        assert words[0] in overview
        assert ok(kizashi(*words, "-h")).startswith("Usage: kizashi")


# ---------------------------------------------------------------- data
@pytest.mark.slow
def test_ingest_says_what_came_what_was_guessed_and_what_was_refused(kizashi, tmp_path):
    path = tmp_path / "one.csv"
    plant(30, assets=ASSETS[:2]).write_csv(path)
    lines = path.read_text().splitlines()
    lines[5] = lines[5].rsplit(",", 1)[0] + ",broken"
    path.write_text("\n".join(lines))
    told = ok(kizashi("ingest", path, "--fleet", "pumps", "--unit", "s0=bar"))
    assert "one.csv: 60 rows added, 1 to quarantine" in told
    assert "Guessed: " in told
    assert "pumps: 60 rows, 2 assets, 5 columns; 1 rows or cells in quarantine" in told
    again = data(kizashi("ingest", path, "--fleet", "pumps", "--unit", "s0=bar", "--json"))
    assert {"rows", "quarantined", "assets", "sensors"} <= set(again)
    assert again["files"][0]["status"] == "already there"
    held = data(kizashi("quarantine", "pumps", "--json"))
    assert held["total"] == 1
    assert (held["rows"][0]["row"], held["rows"][0]["column"]) == (6, "s4")
    assert held["rows"][0]["value"] == "broken"
    assert "one.csv" in ok(kizashi("quarantine", "pumps"))
    assert {s["name"]: s["unit"] for s in data(kizashi("sensors", "pumps", "--json"))}[
        "s0"
    ] == "bar"


def test_a_refused_file_fails_the_command_only_if_nothing_came(kizashi, tmp_path):
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    plant(10, assets=ASSETS[:1]).write_csv(good)
    bad.write_bytes(b"")
    told = kizashi("ingest", bad, "--fleet", "pumps")
    assert told.status == 1
    assert "bad.csv: rejected: " in told.out
    assert kizashi("ingest", good, bad, "--fleet", "pumps").status == 0


def test_rows_that_replace_each_other_are_told(kizashi, tmp_path):
    path = tmp_path / "frozen.csv"
    path.write_text("time,a\n" + "2026-01-05 08:00:00,1\n" * 20)
    told = ok(kizashi("ingest", path, "--fleet", "pumps"))
    assert "frozen.csv: 1 row added" in told
    assert "pumps: 1 row, 1 asset, 1 column; " in told
    assert "19 rows with an asset and time that stood before in the same file" in told


def test_fleets_and_quality(kizashi, full):
    [fleet] = data(kizashi("fleets", "--json"))
    assert (fleet["fleet"], fleet["assets"], fleet["champion"]) == ("pumps", 4, 1)
    assert fleet["rows"] == 4 * (LEARNED + DAY)
    found = data(kizashi("quality", "pumps", "--json"))
    shares = {q["sensor"]: q["missing_share"] for q in found["sensors"]}
    assert 0 <= shares["s4"] < 1
    assert len(found["assets"]) == 4


def test_a_sensor_can_be_edited(kizashi, full):
    told = ok(kizashi("sensor", "pumps", "s0", "--unit", "bar", "--lower", 0, "--upper", 9))
    assert told == "pumps, s0: sensor, unit bar\n"
    edited = {s["name"]: s for s in data(kizashi("sensors", "pumps", "--json"))}["s0"]
    assert (edited["unit"], edited["lower"], edited["upper"]) == ("bar", 0.0, 9.0)
    assert kizashi("sensor", "pumps", "s0", "--lower", 10).status == 2
    assert kizashi("sensor", "pumps", "s0", "--role", "boss").status == 2
    assert kizashi("sensor", "pumps", "s99").status == 1


# ---------------------------------------------------------------- models
@pytest.mark.slow
def test_train_score_promote_and_roll_back(kizashi, full):
    told = ok(kizashi("train", "pumps", "--recipe", "pca", "--until", "2026-01-07"))
    assert "pumps version 2 (challenger): 4 assets, 3,456 rows" in told
    assert "kizashi promote pumps 2" in told
    versions = data(kizashi("models", "pumps", "--json"))
    assert {v["version"]: v["aliases"] for v in versions} == {
        1: ["champion"],
        2: ["challenger"],
    }
    shadow = data(kizashi("score", "pumps", "--version", 2, "--json"))
    assert (shadow["events"], shadow["rows"]) == (None, 4 * (LEARNED + DAY))
    assert "version 2 is champion" in ok(kizashi("promote", "pumps", 2))
    assert "by version 2" in ok(kizashi("score", "pumps"))
    assert "nothing new to score" in ok(kizashi("score", "pumps"))
    assert data(kizashi("rollback", "pumps", "--json"))["version"] == 1
    told = kizashi("rollback", "pumps")
    assert (told.status, told.err.count("\n")) == (1, 1)


@pytest.mark.slow
def test_failures_of_single_machines_are_told(kizashi, tmp_path):
    path = tmp_path / "fleet.csv"
    pl.concat([plant(300, assets=ASSETS[:1]), plant(1, assets=ASSETS[1:2])]).write_csv(path)
    ok(kizashi("ingest", path, "--fleet", "pumps"))
    assert "no model for P-2: " in ok(kizashi("train", "pumps", "--recipe", "mahalanobis"))
    assert "not judged, no model: P-2" in ok(kizashi("score", "pumps"))


def test_a_file_is_scored_aside(kizashi, full, tmp_path):
    path = tmp_path / "new.csv"
    next_day().write_csv(path)
    told = ok(kizashi("score", "pumps", path, "--out", tmp_path / "out.csv"))
    assert told.startswith("576 rows scored, ")
    assert pl.read_csv(tmp_path / "out.csv").height == 4 * DAY
    found = data(kizashi("score", "pumps", path, "--out", tmp_path / "b.parquet", "--json"))
    assert set(found) == {"fleet", "rows", "alarms", "out"}


# ---------------------------------------------------------------- events
@pytest.mark.slow
def test_events_are_told_the_most_urgent_first(kizashi, full):
    told = ok(kizashi("events", "pumps"))
    head, _, first, *_ = told.splitlines()
    assert head.split() == [
        "what",
        "to",
        "do",
        "asset",
        "since",
        "lasted",
        "how",
        "far",
        "why",
        "state",
        "id",
    ]
    assert "P-2" in first
    assert "s1↑" in first
    assert "2026-01-07 06:40" in first
    found = data(kizashi("events", "pumps", "--json"))
    wanted = {"asset", "start", "end", "peak", "severity", "sensors", "state"}
    assert all(wanted <= set(event) for event in found)
    assert all({"name", "share"} <= set(s) for event in found for s in event["sensors"])
    faults = data(kizashi("events", "pumps", "--faults", "--json"))
    assert {event["sensors"][0]["note"] for event in faults} == {"missing"}
    assert len(faults) == 4
    assert len(data(kizashi("events", "pumps", "--limit", 2, "--json"))) == 2
    assert data(kizashi("events", "pumps", "--asset", "P-1", "--anomalies", "--json")) == []
    nothing = ok(kizashi("events", "pumps", "--until", "2026-01-02"))
    assert nothing == "pumps: no event is as you asked for.\n"
    unknown = kizashi("events", "pumps", "--asset", "P-77")
    assert unknown.status == 1
    assert "has no asset P-77" in unknown.err


@pytest.mark.slow
def test_a_level_that_rests_on_little_is_said(kizashi, full):
    told = ok(kizashi("train", "pumps", "--recipe", "mahalanobis"))
    assert "machines ran too short to see what 1 false alarm a month look like" in told
    assert "too short" not in ok(kizashi("train", "pumps", "--false-alarms", "90"))


@pytest.mark.slow
def test_an_event_has_a_life(kizashi, full, first_event):
    name = first_event["id"]
    told = ok(kizashi("event", name))
    assert told.startswith("P-2 ran unusually from 7 Jan 2026, 06:40")
    assert "By model version 1, scored in score-pumps-1-" in told
    rests = r"; recipe \w+, learned from 2026-01-\d\d .+ to 2026-01-.+, made champion by \S+\."
    assert re.search(rests, told)
    assert ok(kizashi("acknowledge", name)) == f"{name}: acknowledged\n"
    assert ok(kizashi("assign", name, "mori")) == f"{name}: acknowledged, owner mori\n"
    assert ok(kizashi("comment", name, "seal is worn")) == f"{name}: noted\n"
    assert "closed, verdict true" in ok(kizashi("close", name, "--verdict", "true"))
    assert "open" in ok(kizashi("reopen", name))
    muted = ok(kizashi("mute", name, "--reason", "known", "--until", "2199-03-01 08:00"))
    assert muted == f"{name}: open, owner mori, muted until 2199-03-01 08:00 UTC\n"
    assert name in ok(kizashi("events", "pumps", "--muted"))
    assert name not in ok(kizashi("events", "pumps", "--no-muted"))
    assert ok(kizashi("unmute", name)) == f"{name}: open, owner mori\n"
    assert kizashi("unmute", name).status == 1
    found = data(kizashi("event", name, "--json"))
    changes = [change["change"] for change in found["history"]]
    done = ["opened", "acknowledged", "assigned", "closed", "reopened", "muted", "unmuted"]
    assert changes == done
    assert [said["text"] for said in found["comments"]] == ["seal is worn"]
    assert kizashi("close", name, "--verdict", "maybe").status == 2
    assert kizashi("event", "evt-none").status == 1


@pytest.mark.slow
def test_a_fleet_of_cycles_is_told_of_in_cycles(kizashi, tmp_path):
    frame = plant(500, assets=ASSETS[:2], faults={"P-2": (1, 440, 470)})
    cycle = pl.int_range(1, pl.len() + 1).over("asset")
    path = tmp_path / "runs.csv"
    frame.with_columns(cycle=cycle).drop("time").write_csv(path)
    ok(kizashi("ingest", path, "--fleet", "engines", "--time", "cycle"))
    ok(kizashi("train", "engines", "--recipe", "mahalanobis"))
    ok(kizashi("score", "engines"))
    told = ok(kizashi("events", "engines"))
    assert "cycle 441" in told
    assert "cycles →" in told
    assert "2000-01" not in told
    [event] = data(kizashi("events", "engines", "--json"))
    assert "since cycle 441 (" in ok(kizashi("event", event["id"]))


# ---------------------------------------------------------------- report
@pytest.mark.slow
def test_a_page_is_written(kizashi, full, tmp_path):
    assert "opens in any browser" in ok(kizashi("report", "pumps"))
    assert (tmp_path / "pumps-report.html").read_text().startswith("<!doctype html>")
    found = data(
        kizashi("report", "pumps", "--out", tmp_path / "ja.html", "--language", "ja", "--json")
    )
    assert found["bytes"] == (tmp_path / "ja.html").stat().st_size
    assert kizashi("report", "pumps", "--language", "de").status == 2
