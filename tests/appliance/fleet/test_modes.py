"""Modes are learned with an asset's model, kept among its arrays and told by its rows."""

from __future__ import annotations

import itertools
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

import appliance as kizashi
from appliance.calendar.masks import Masks
from appliance.engine.local import LocalEngine
from appliance.fleet.artifact import Artifact
from appliance.fleet.chunks import FrameChunk
from appliance.fleet.frames import Layout
from appliance.fleet.modes import AssetModes, modes_of
from appliance.fleet.recipe import resolve
from appliance.fleet.training import fit_fleet
from appliance.schemas.recipe import RunState
from tests.appliance.fleet.plants import START, readings

MINUTE = timedelta(minutes=1)


def shifted(rows: int = 3_000, **facts) -> tuple[pl.DataFrame, np.ndarray]:
    """Return one machine that changes between two speeds every 150 rows, and which it was."""
    frame = readings(("P-1",), rows, **facts)
    fast = np.arange(rows) // 150 % 2 == 1
    return frame.with_columns(
        (pl.col("s1") + 30.0 * pl.Series(fast)).alias("s1"),
        speed=pl.Series(np.where(fast, 1500.0, 900.0)),
    ), fast


def modes_in(model: kizashi.FleetModel, asset: str = "P-1") -> AssetModes | None:
    return modes_of(Artifact(model.folder), asset)


@pytest.fixture(scope="module")
def model() -> kizashi.FleetModel:
    frame, _ = shifted()
    return kizashi.fit(
        frame, asset="asset", time="time", context=["speed"], recipe="pca", engine="local"
    )


def test_a_context_names_the_modes(model: kizashi.FleetModel) -> None:
    modes = modes_in(model)
    assert modes.numbers == [1, 2]
    assert modes.telling == ["speed"]
    (slow,), (fast,) = modes.traits(1), modes.traits(2)
    assert (slow.sensor, slow.level, slow.value) == ("speed", "low", 900.0)
    assert (fast.sensor, fast.level, fast.value) == ("speed", "high", 1500.0)
    assert modes.names == ("s0", "s1", "s2", "s3", "s4", "speed")
    s1 = modes.modes.bands[1:, :, 1]
    assert s1[0].max() < 5 < 25 < s1[1].min()


def test_rows_tell_when_each_mode_was_on(model: kizashi.FleetModel) -> None:
    modes = modes_in(model)
    frame, fast = shifted()
    assert (modes.by_row(frame) == 1 + fast).all()
    spells, shortest = modes.spells(frame, 1, 500)
    assert [one.mode for one in spells] == [1, 2] * 10
    assert [one.start for one in spells] == [START + 150 * k * MINUTE for k in range(20)]
    assert all(a.end == b.start for a, b in itertools.pairwise(spells))
    assert spells[-1].end == START + 2_999 * MINUTE
    assert shortest == 300


def test_stretches_end_at_gaps_and_are_no_more_than_asked(model: kizashi.FleetModel) -> None:
    modes = modes_in(model)
    frame, _ = shifted()
    cut = pl.concat([frame[:160], frame[300:400]])
    spells, _ = modes.spells(cut, 1, 500)
    assert [(one.mode, (one.end - one.start) / MINUTE) for one in spells] == [
        (1, 150), (2, 9), (1, 99),
    ]  # fmt: skip
    few, shortest = modes.spells(frame, 1, 5)
    assert len(few) <= 5
    assert shortest > 150 * 60
    coarse, shortest = modes.spells(frame.gather_every(10), 10, 500)
    assert len(coarse) == 20
    assert shortest == 3 * 10 * 60
    assert modes.spells(frame[:0], 1, 500)[0] == []
    assert modes.spells(frame.select("time"), 1, 500)[0] == []


def test_words_and_switches_name_modes_as_they_are() -> None:
    frame, fast = shifted()
    words = frame.with_columns(recipe=pl.Series(np.where(fast, "B", "A"))).drop("speed")
    model = kizashi.fit(
        words, asset="asset", time="time", context=["recipe"], recipe="pca", engine="local"
    )
    told = [modes_in(model).traits(mode)[0] for mode in (1, 2)]
    assert [(one.level, one.word) for one in told] == [("is", "A"), ("is", "B")]
    switch = frame.with_columns(pump=pl.Series(fast)).drop("speed")
    model = kizashi.fit(
        switch, asset="asset", time="time", context=["pump"], recipe="pca", engine="local"
    )
    told = [modes_in(model).traits(mode)[0] for mode in (1, 2)]
    assert [(one.level, one.value) for one in told] == [("off", 0.0), ("on", 1.0)]


def test_three_levels_have_one_in_the_middle() -> None:
    frame, _ = shifted()
    load = np.arange(len(frame)) // 100 % 3 * 50.0
    model = kizashi.fit(
        frame.with_columns(speed=pl.Series(load)),
        asset="asset", time="time", context=["speed"], recipe="pca", engine="local",
    )  # fmt: skip
    levels = [modes_in(model).traits(mode)[0].level for mode in (1, 2, 3)]
    assert levels == ["low", "medium", "high"]


def test_a_machine_that_stops_and_one_that_is_serviced(tmp_path) -> None:
    frame, fast = shifted()
    stopped = np.arange(len(frame)) % 1_000 < 200
    frame = frame.with_columns(
        pl.when(pl.Series(stopped)).then(0.0).otherwise(pl.col("speed")).alias("speed"),
        pl.when(pl.Series(stopped)).then(-50.0).otherwise(pl.col("s0")).alias("s0"),
    )
    recipe = resolve("pca")
    state = RunState(column="speed", minimum=100.0)
    cleaning = recipe.cleaning.model_copy(update={"run_state": state})
    layout = Layout("asset", "time", "time", ("s0", "s1", "s2"), ("speed",))
    masks = Masks(own={"P-1": ((START, START + 600 * MINUTE),)})
    fit_fleet(
        [FrameChunk(frame)],
        recipe.model_copy(update={"cleaning": cleaning}),
        layout,
        tmp_path / "model",
        LocalEngine(1),
        masks=masks,
    )
    modes = modes_of(Artifact(tmp_path / "model"), "P-1")
    assert modes.numbers == [0, 1, 2]
    assert modes.traits(0) == ()
    assert modes.modes.bands[0, 1, 0] == -50
    assert modes.modes.bands[1:, 0, 0].min() > -10
    # What the calendar takes out is neither running nor stopped.
    assert modes.modes.share[0] == pytest.approx(400 / 2_400, abs=0.01)
    told = modes.by_row(frame)
    assert ((told == 0) == stopped).all()
    assert (told[~stopped] == 1 + fast[~stopped]).mean() > 0.99


def test_a_version_without_modes_has_none(model: kizashi.FleetModel, tmp_path) -> None:
    frame, _ = shifted()
    old = _without_modes(model, tmp_path / "old")
    assert modes_of(Artifact(old), "P-1") is None
    assert modes_of(Artifact(model.folder), "P-9") is None
    again = kizashi.load(old)
    assert again.score(frame)["surprise"].equals(model.score(frame)["surprise"])


def _without_modes(model: kizashi.FleetModel, folder):
    """Write a model as it was written before modes were learned."""
    from appliance.fleet.artifact import draft_of, part_file, write_manifest, write_part

    artifact = Artifact(model.folder)
    kept = {n: a for n, a in artifact.arrays("P-1").items() if not n.startswith("modes/")}
    with draft_of(folder) as draft:
        (checksum,) = write_part(draft, 0, [kept])
        entry = artifact.manifest.assets["P-1"].model_copy(update={"checksum": checksum})
        update = {"assets": {"P-1": entry}, "parts": (part_file(draft, 0),)}
        write_manifest(draft, artifact.manifest.model_copy(update=update))
    return folder
