"""Learning is frozen while an anomaly is open; verdicts decide what is learned from then."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.pipelines.promote import promote
from appliance.pipelines.score import score
from appliance.pipelines.train import TrainOptions, train
from appliance.schemas.calendar import WindowDraft
from appliance.schemas.event import EventKind
from tests.appliance.pipelines.sites import DAY, FLEET, LEARNED, bring, moment, next_day, plant

RECIPE = TrainOptions(recipe="mahalanobis")


@pytest.fixture
def faulty(grown):
    """Open a site whose P-2 has an anomaly that still stands when its readings end."""
    return grown(day=next_day(faults={"P-2": (1, 60, DAY)}))


def anomaly(site):
    [event] = site.events.list(FLEET, kind=EventKind.ANOMALY)
    return event


def kept_out(version) -> dict[str, int]:
    return {note.reason: note.rows for note in version.lineage.held}


@pytest.mark.slow
def test_a_lasting_fault_is_not_learned_from_while_its_event_is_open(faulty):
    event = anomaly(faulty)
    assert event.ongoing
    # Readings that no scoring run has seen yet belong to what stood at the end of those.
    bring(faulty, plant(DAY, first=LEARNED + DAY, seed=3, faults={"P-2": (1, 0, DAY)}), "more")
    version = train(faulty, FLEET, RECIPE)
    [note] = version.lineage.held
    assert (note.reason, note.events) == ("open", (event.id,))
    assert note.rows == pytest.approx(2 * DAY - 60, abs=3)
    assert version.lineage.rows == 4 * (LEARNED + 2 * DAY) - note.rows
    assert version.lineage.masked == 0
    promote(faulty, FLEET, version.version, "mori")
    score(faulty, FLEET)
    after = anomaly(faulty)
    assert (after.id, after.end) == (event.id, moment(LEARNED + 2 * DAY - 1))


@pytest.mark.slow
@pytest.mark.parametrize("verdict", ["true", "planned"])
def test_what_was_no_normal_running_stays_out(faulty, verdict):
    event = anomaly(faulty)
    faulty.events.close(event.id, "mori", verdict)
    version = train(faulty, FLEET, RECIPE)
    assert set(kept_out(version)) == {verdict}
    assert (version.lineage.held[0].events, version.lineage.vouched) == ((event.id,), ())


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["mahalanobis", "forest", "knn"])
def test_what_was_called_false_is_learned_from_however_unusual(faulty, recipe):
    event = anomaly(faulty)
    faulty.events.close(event.id, "mori", "false")
    version = train(faulty, FLEET, TrainOptions(recipe=recipe))
    assert (kept_out(version), version.lineage.vouched) == ({}, (event.id,))
    assert version.lineage.rows == 4 * (LEARNED + DAY)
    promote(faulty, FLEET, version.version, "mori")
    score(faulty, FLEET)
    lasting = (LEARNED + 60, LEARNED + DAY)
    after = [e for e in faulty.events.list(FLEET, assets=["P-2"]) if e.id != event.id]
    assert not after
    scores = faulty.lake.scores(FLEET).read(
        ["P-2"], moment(lasting[0]), model_version=version.version
    )
    assert scores["alarm"].sum() == 0


@pytest.mark.slow
def test_the_calendar_comes_first_and_each_reading_counts_once(faulty):
    window = WindowDraft(fleet=FLEET, start=moment(LEARNED + 100), end=moment(LEARNED + DAY))
    faulty.calendar.add(window, "mori")
    made = train(faulty, FLEET, RECIPE).lineage
    assert made.masked == 4 * (DAY - 100)
    assert sum(note.rows for note in made.held) == pytest.approx(40, abs=3)


@pytest.mark.slow
def test_an_asset_with_too_little_left_keeps_its_sub_model(faulty):
    before = faulty.registry.champion(FLEET)
    only = TrainOptions(recipe="mahalanobis", start=moment(LEARNED + 20))
    version = train(faulty, FLEET, only)
    assert set(version.lineage.kept) == {"P-2"}
    assert "clean rows" in version.lineage.kept["P-2"]
    assert (version.lineage.failures, version.lineage.assets) == ({}, 4)
    promote(faulty, FLEET, version.version, "mori")
    score(faulty, FLEET)
    scores = [
        faulty.lake.scores(FLEET).read(["P-2"], model_version=number, columns=["surprise"])
        for number in (before.version, version.version)
    ]
    assert scores[0]["surprise"].equals(scores[1]["surprise"])
    assert anomaly(faulty).asset == "P-2"


def test_a_champion_that_was_damaged_is_in_no_trainings_way(faulty):
    before = faulty.registry.champion(FLEET)
    (Path(before.path) / "manifest.json").write_text("{}")
    only = TrainOptions(recipe="mahalanobis", start=moment(LEARNED + 20))
    version = train(faulty, FLEET, only)
    assert (version.lineage.kept, set(version.lineage.failures)) == ({}, {"P-2"})
