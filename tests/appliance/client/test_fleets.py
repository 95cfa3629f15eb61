"""A fleet's verbs against the site's real API, over loopback."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from appliance.access.person import shell
from appliance.api.app import create_app
from appliance.client import Plant, connect
from appliance.core import errors
from appliance.pipelines.score import score
from appliance.pipelines.train import TrainOptions, train
from appliance.schemas.access import Right
from appliance.schemas.calendar import WindowDraft
from appliance.schemas.event import Muting
from appliance.schemas.score import FIXED
from tests.appliance.client.conftest import Ask
from tests.appliance.client.servers import serve
from tests.appliance.pipelines.sites import FLEET, bring, next_day, open_site, plant

ME = shell("test")
CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
UID:washing@plant
SUMMARY:Washing
DTSTART:20260103T060000Z
DURATION:PT30M
END:VEVENT
END:VCALENDAR
"""


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a home that knows a fleet with two versions of its model, and events."""
    home = tmp_path_factory.mktemp("client") / "home"
    made = open_site(home)
    bring(made, plant(), "training")
    for recipe in ("mahalanobis", "pca"):
        train(made, FLEET, TrainOptions(recipe=recipe))
    bring(made, next_day().drop("s4"), "day")
    score(made, FLEET)
    made.close()
    return home


@pytest.fixture
def door(furnished: Path, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Serve a copy of the home; return its address and a token that is good for all."""
    shutil.copytree(furnished, tmp_path / "home")
    site = open_site(tmp_path / "home")
    site.access.users.add(ME, "root", None, admin=True)
    token = site.access.tokens.create(ME, "root", "tests", list(Right)).secret
    with serve(create_app(site)) as url:
        yield url, token


@pytest.fixture
def there(door: tuple[str, str]) -> Iterator[Plant]:
    with connect(*door) as made:
        yield made


@pytest.mark.slow
def test_fleets_and_their_parts(there: Plant) -> None:
    (summary,) = there.fleets()
    assert (summary.fleet, summary.champion, summary.assets) == (FLEET, 1, 4)
    fleet = there.fleet(FLEET)
    assert fleet.get().sensors == len([*fleet.sensors()])
    assert [asset.asset for asset in fleet.assets()] == ["P-1", "P-2", "P-3", "P-4"]
    assert fleet.asset("P-2").open_events > 0
    assert {sensor.name for sensor in fleet.sensors()} >= {"s1", "s2"}
    assert {one.sensor for one in fleet.quality().sensors} >= {"s1", "s2"}
    assert [*fleet.quarantine()] == []
    with pytest.raises(errors.NotFound, match="nowhere"):
        there.fleet("nowhere").get()


def test_readings_are_judged_as_they_come(ask: Ask, door: tuple[str, str]) -> None:
    url, token = door
    frame = plant(3, first=1_200, seed=9, assets=("P-1",))
    readings = [
        {"asset": "P-1", "time": row["time"], "values": {n: row[n] for n in ("s1", "s2", "s3")}}
        for row in frame.iter_rows(named=True)
    ]
    answer = ask(url, lambda p: p.fleet(FLEET).online(readings[:2]), token=token)
    assert [(one.asset, one.state) for one in answer.scores] == [("P-1", "final")] * 2
    with pytest.raises(errors.Conflict, match="not later"):
        ask(url, lambda p: p.fleet(FLEET).online(readings[1:]), token=token)


def test_sensors_are_edited(there: Plant) -> None:
    fleet = there.fleet(FLEET)
    seen = fleet.sensor("s1")
    edited = fleet.edit_sensor("s1", unit="bar", upper=1000.0, revision=seen.revision)
    assert (edited.unit, edited.upper) == ("bar", 1000.0)
    with pytest.raises(errors.Outdated):
        fleet.edit_sensor("s1", unit="Pa", revision=seen.revision)
    assert fleet.edit_sensor("s1", upper=None).upper is None


@pytest.mark.slow
def test_readings_and_scores_come_as_frames(ask: Ask, door: tuple[str, str]) -> None:
    url, token = door
    whole = ask(url, lambda p: p.fleet(FLEET).readings("P-1"), token=token)
    assert isinstance(whole, pl.DataFrame)
    assert whole.columns[:2] == ["asset", "time"]
    span = {"start": whole["time"][10], "end": whole["time"][20]}
    part = ask(
        url, lambda p: p.fleet(FLEET).readings(["P-1", "P-2"], ["s1"], **span), token=token
    )
    assert part.height == 20
    assert part.columns == ["asset", "time", "s1"]
    narrow = ask(url, lambda p: p.fleet(FLEET).readings("P-1", width=20), token=token)
    assert 0 < narrow.height < whole.height
    scores = ask(url, lambda p: p.fleet(FLEET).scores("P-2", version=1), token=token)
    assert {*FIXED} - {"coverage", "state"} <= {*scores.columns}
    assert scores["alarm"].any()


@pytest.mark.slow
def test_readings_are_sent(ask: Ask, door: tuple[str, str], tmp_path: Path) -> None:
    url, token = door
    frame = next_day(assets=["P-9"]).head(50)
    sent = ask(
        url,
        lambda p: p.fleet("presses").ingest(frame, asset="asset", time="time"),
        token=token,
    )
    assert (sent.rows, sent.assets) == (50, 1)
    again = ask(url, lambda p: p.fleet("presses").ingest(frame), token=token)
    assert again.rows == 0
    for name, write in (("a.csv", frame.write_csv), ("a.parquet", frame.write_parquet)):
        path = tmp_path / name
        write(path)
        report = ask(url, lambda p, path=path: p.fleet("presses").ingest(path), token=token)
        assert report.quarantined == 0
    empty = tmp_path / "b.csv"
    empty.write_bytes(b"")
    with pytest.raises(errors.BadFile):
        ask(url, lambda p: p.fleet("presses").ingest(empty), token=token)


@pytest.mark.slow
def test_events_are_found_and_dealt_with(there: Plant) -> None:
    found = [*there.events(fleet=FLEET, asset=["P-2"], state="open", kind="anomaly")]
    (event,) = found
    assert [one.id for one in there.fleet(FLEET).events(kind="anomaly", asset="P-2")] == [
        event.id
    ]
    assert [*there.events(end=event.start.replace(year=2000))] == []
    assert [*there.events(limit=1)] == [*there.events()][:1]
    first, after = there.events().page(most=1)
    assert first == [*there.events()][:1]
    assert (after is None) == (len([*there.events()]) == 1)
    handle = there.event(event.id)
    assert "P-2" in handle.get().words
    assert handle.acknowledge().state == "acknowledged"
    assert handle.assign("yuki").owner == "yuki"
    assert handle.comment("The seal is worn.").text == "The seal is worn."
    assert handle.mute("The seal comes on Friday.").mute.until is None
    assert [one.id for one in there.events(muted=True)] == [event.id]
    assert there.overview.inbox(FLEET).muted == 1
    assert handle.unmute().mute is None
    assert handle.similar().events == ()
    assert "yuki" not in [one.user for one in there.fleet(FLEET).people()]
    assert handle.close("true").verdict == "true"
    with pytest.raises(errors.Conflict):
        handle.acknowledge()
    assert handle.reopen().state == "open"
    assert [one.text for one in handle.comments()] == ["The seal is worn."]
    assert [one.change.value for one in handle.history()][-1] == "reopened"
    done = there.deal([event.id, "evt_nowhere"], "close", verdict="false")
    assert (done.done, done.refused) == (1, 1)
    there.deal([event.id], "reopen")
    assert there.deal([event.id], "mute", mute=Muting(reason="Known.")).done == 1
    assert there.deal([event.id], "unmute").done == 1
    with pytest.raises(errors.InvalidRequest):
        there.deal([event.id], "forget")


@pytest.mark.slow
def test_models_are_promoted_and_rolled_back(there: Plant) -> None:
    fleet = there.fleet(FLEET)
    assert [one.version for one in fleet.models()] == [2, 1]
    assert fleet.model(1).lineage.recipe.name == "mahalanobis"
    assert "champion" in fleet.promote(2).aliases
    assert [one.version for one in fleet.promotions()] == [2, 1]
    assert "champion" in fleet.rollback().aliases
    fleet.delete_model(2, force=True)
    assert [one.version for one in fleet.models()] == [1]
    with pytest.raises(errors.Conflict):
        fleet.delete_model(1)


@pytest.mark.slow
def test_the_calendar(there: Plant, tmp_path: Path) -> None:
    start = there.fleet(FLEET).get().end - timedelta(hours=6)
    draft = WindowDraft(
        fleet=FLEET, asset="P-2", start=start, end=start + timedelta(hours=2), title="seal"
    )
    ahead = there.calendar.preview(FLEET, [draft])
    assert ahead.assets == ("P-2",)
    made = there.calendar.add(draft)
    assert [one.fleet for one in made.outdated] == [FLEET]
    window = made.window
    later = draft.model_copy(update={"title": "seals"})
    assert there.calendar.edit(window.id, later, window.revision).window.title == "seals"
    with pytest.raises(errors.Conflict):
        there.calendar.edit(window.id, draft, window.revision)
    assert there.calendar.get(window.id).title == "seals"
    (time,) = there.calendar.times(start - timedelta(days=1), start + timedelta(days=1))
    assert (time.window, time.start) == (window.id, start)
    file = tmp_path / "plant.ics"
    file.write_text(CALENDAR)
    assert there.calendar.import_file(file, FLEET, kind="planned_stop").report.added == 1
    assert {one.title for one in there.calendar.list(FLEET)} == {"seals", "Washing"}
    assert [one.title for one in there.calendar.list(FLEET, kind="planned_stop")] == ["Washing"]
    there.calendar.remove(window.id)
    said = [one.change.value for one in there.calendar.history(window.id)]
    assert said == ["added", "edited", "removed"]
    failure = there.fleet(FLEET).add_failure(start, start + timedelta(hours=1), asset="P-1")
    labels = there.fleet(FLEET).labels(start=start - timedelta(days=9), end=failure.end)
    assert [(one.says, one.window) for one in labels] == [("failure", failure.id)]


def test_a_search(there: Plant) -> None:
    assert {hit.name for hit in there.search("P-2").hits} >= {"P-2"}


def test_the_past_of_a_machine(there: Plant) -> None:
    fleet = there.fleet(FLEET)
    told = fleet.health("P-2", days=3)
    assert told.version == 1
    assert told.now is not None
    end = fleet.asset("P-2").end
    alike = fleet.similar("P-2", end - timedelta(hours=6), end, sensors=["s1"], sisters=True)
    assert alike.sensors == ("s1",)
    assert len(alike.searched) == 4
    modes = fleet.modes("P-2", start=end - timedelta(hours=6), language="ja")
    assert [one.words for one in modes.modes] == ["通常運転"]
    assert modes.stretches[-1].end == end


@pytest.mark.slow
def test_what_would_have_been_normal(there: Plant) -> None:
    fleet = there.fleet(FLEET)
    (event,) = [one for one in fleet.events() if one.kind == "anomaly"]
    told = there.event(event.id).expected()
    assert (told.at, told.version) == (event.peak_time, event.model_version)
    (one,) = told.sensors
    assert (one.sensor, one.words.startswith("s1 ")) == ("s1", True)
    assert one.measured is not None
    assert one.measured > one.high > one.expected > one.low
    said = there.event(event.id).expected(language="ja").sensors[0].words
    assert said.startswith("s1 は ")
    course = fleet.expected("P-2", event.start, event.end, sensors=["s1"], version=1, width=5)
    assert (course.version, course.width, list(course.sensors)) == (1, 5, ["s1"])
    assert 1 <= len(course.times) <= 5
    assert all(value is not None and value < 6 for value in course.sensors["s1"].expected)
    every = fleet.expected("P-2", event.start, event.end)
    assert len(every.sensors) == 5
    with pytest.raises(errors.InvalidRequest, match="no sensor"):
        fleet.expected("P-2", event.start, event.end, sensors=["s9"])
