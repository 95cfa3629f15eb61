"""What every kind of source must do: nothing is lost, nothing comes twice, trouble is told."""

from __future__ import annotations

import polars as pl
import pytest

from appliance.core.errors import SourceError
from appliance.pipelines.sources import look, open_source, try_source
from appliance.schemas.source import SourceDraft, SourceState
from tests.appliance.intake.sources.conftest import Plant
from tests.appliance.intake.sources.kinds import Kind, MqttKind, readings


@pytest.mark.slow
def test_what_comes_is_brought_in_once(plant: Plant, kind: Kind):
    plant.add(kind.origin())
    with plant.open() as live:
        plant.drain(live)
        assert plant.told().rows == 0
        kind.put(readings(0, 30))
        plant.until(live, 60)
        kind.put(readings(30, 5))
        plant.until(live, 70)
        plant.drain(live)
    assert plant.same(readings(0, 35))
    told = plant.told()
    assert (told.rows, told.refused, told.error) == (70, 0, "")
    assert told.state is SourceState.FINE
    assert told.latest == readings(34, 1)["time"][0]
    assert told.lag is not None
    assert told.came is not None


@pytest.mark.slow
def test_a_look_that_was_cut_off_is_made_up_for(plant: Plant, kind: Kind):
    plant.add(kind.origin())
    with plant.open() as live:
        plant.drain(live)
        kind.put(readings(0, 20))
        # The files are in, but neither the cursor nor the source knows.
        pulled = None
        while pulled is None or not pulled.paths:
            pulled = live.pull({})
        plant.site.intake.ingest(pulled.paths, "pumps", by="source:line2", ongoing=True)
    with plant.open() as live:
        plant.until(live, 40)
        kind.put(readings(20, 1))
        plant.until(live, 42)
        plant.drain(live)
    assert plant.same(readings(0, 21))


@pytest.mark.slow
def test_it_goes_on_where_another_process_left(plant: Plant, kind: Kind):
    plant.add(kind.origin())
    with plant.open() as live:
        plant.drain(live)
        kind.put(readings(0, 3))
        plant.until(live, 6)
    kind.put(readings(3, 3))  # while nobody looks
    with plant.open() as live:
        plant.until(live, 12)
        plant.drain(live)
    assert plant.same(readings(0, 6))
    assert plant.told().rows == 12


@pytest.mark.slow
def test_trouble_is_told_and_passes(plant: Plant, kind: Kind):
    plant.add(kind.origin())
    with plant.open() as live:
        plant.drain(live)
        kind.put(readings(0, 2))
        plant.until(live, 4)
    kind.go()
    with pytest.raises(SourceError) as caught:  # noqa: PT012 - opening may tell it too
        live = open_source(plant.site, plant.held())
        try:
            look(plant.site, plant.held(), live)
        finally:
            live.close()
    assert caught.value.message
    kind.come_back()
    kind.put(readings(2, 2))
    with plant.open() as live:
        plant.until(live, 8)
    assert plant.same(readings(0, 4))


def test_a_try_shows_the_first_rows_and_keeps_nothing(plant: Plant, kind: Kind):
    draft = {"name": "line2", "fleet": "pumps", "origin": kind.origin()}
    if isinstance(kind, MqttKind):
        # A broker hands messages that it retains to whoever begins to listen.
        kind.put(readings(0, 4), retain=True)
    else:
        assert try_source(plant.site, SourceDraft.model_validate(draft)).error
        kind.put(readings(0, 4))
    told = try_source(plant.site, SourceDraft.model_validate(draft))
    assert (told.error, told.remedy) == ("", "")
    assert told.preview is not None
    assert set(told.preview.assets) <= {"P-1", "P-2"}
    assert told.preview.rows > 0
    assert plant.count() == 0
    assert not any(plant.site.settings.sources_folder.glob("*"))


@pytest.mark.slow
def test_readings_that_are_of_other_times_come_too(plant: Plant, kind: Kind):
    plant.add(kind.origin())
    frame = readings(0, 10)
    with plant.open() as live:
        plant.drain(live)
        kind.put(frame.filter(pl.col("time") != frame["time"][8]))
        plant.until(live, 18)
        kind.put(frame.filter(pl.col("time") == frame["time"][8]))  # late
        plant.until(live, 20)
    assert plant.same(frame)
