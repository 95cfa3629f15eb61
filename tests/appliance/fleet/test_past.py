"""A past that no task could hold: learned from stretches, at the level of what lies between."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.calendar.masks import Masks
from appliance.core.settings import load_settings
from appliance.engine import make
from appliance.fleet import frames
from appliance.fleet.chunks import Columns, FrameChunk, cut, spill
from appliance.fleet.drifting import find_drifts
from appliance.fleet.guide import Guide
from appliance.fleet.model import FleetModel
from appliance.fleet.past import past_of
from appliance.fleet.recipe import resolve
from appliance.fleet.training import fit_fleet

START = datetime(2025, 1, 1, tzinfo=UTC)
ROWS = 160_000
STEP = timedelta(minutes=1)
ALL, FEW = 100_000_000, 1_000
"""Cells up to which all is learned from; by the second half of 100,000 rows is the least."""


def readings(rows=ROWS, *, seed=0, start=START, step=STEP):
    """Return two sensors of which each reading is much like the one before."""
    noise = np.random.default_rng(seed).normal(size=(2, rows))
    for row in range(1, 4):
        noise[:, row:] += 0.6**row * noise[:, :-row]
    times = pl.datetime_range(
        start, start + (rows - 1) * step, step, eager=True, time_unit="us", time_zone="UTC"
    )
    return pl.DataFrame(
        {
            "asset": pl.repeat("P-1", rows, eager=True),
            "time": times,
            **{f"s{i}": row.astype(np.float32) for i, row in enumerate(noise)},
        }
    )


@pytest.fixture(scope="module")
def engine():
    with make("local", load_settings()) as made:
        yield made


@pytest.fixture
def learn(tmp_path, engine):
    """Learn rows, or chunks, by forests."""

    def learned(rows, most_cells, *, guide=None, name="model", recipe="forest", budget=None):
        layout = frames.guess(rows, "asset", "time", [])
        chunks = cut(frames.normalise(rows, layout), FEW)
        report = fit_fleet(
            chunks,
            resolve(recipe, false_alarms_per_month=budget),
            layout,
            tmp_path / name,
            engine,
            guide=guide,
            most_cells=most_cells,
        )
        return FleetModel(report.folder)

    return learned


def entry_of(model):
    return model.manifest.assets["P-1"]


# ---------------------------------------------------------------- which stretches
@pytest.mark.slow
@settings(max_examples=12)
@given(
    rows=st.integers(100_001, 200_000),
    cells=st.integers(1, 250_000),
    late=st.floats(0.1, 0.9),
    gap=st.integers(0, 500),
)
def test_stretches_cover_the_past_and_pieces_lie_between(rows, cells, late, gap):
    """Whatever the length, and however dense readings are in a part of it."""
    seconds = np.where(np.arange(rows) < late * rows, 60, 1).cumsum()
    seconds[rows // 2 :] += gap * 86_400
    frame = pl.DataFrame({"asset": pl.repeat("P", rows, eager=True)}).with_columns(
        time=pl.from_epoch(pl.Series(seconds), "s").dt.replace_time_zone("UTC"), s=pl.lit(0.0)
    )
    past = past_of(FrameChunk(frame), Columns(("s",)), cells)
    held = max(cells // 2, 50_000)
    if rows <= 2 * held:
        assert past is None
        return
    times = frame["time"]
    ends = times[0], times[-1] + timedelta(microseconds=1)
    assert past.learned[0].start == ends[0]
    assert past.learned[-1].end == ends[1]
    assert (past.days[0].start, past.days[-1].end) == ends
    assert all(before.end == after.start for before, after in pairwise(past.days))
    whole = sorted([*past.learned, *past.beside])
    assert all(before.end <= after.start for before, after in pairwise(whole))

    def count(ranges):
        return [past.chunk.between(*one).rows for one in ranges]

    assert sum(count(past.learned)) == pytest.approx(held, rel=0.02)
    assert sum(count(past.beside)) == pytest.approx(rows - held, rel=0.02)
    assert max(count(past.beside)) <= 1.02 * held


def test_stretches_begin_at_all_times_of_day():
    rows = readings(ROWS * 2)
    past = past_of(FrameChunk(rows), Columns(("s0", "s1")), FEW)
    hours = sorted({one.start.hour // 4 for one in past.learned})
    assert len(hours) >= 4


def test_several_machines_are_never_taken_for_one():
    rows = readings()
    both = pl.concat([rows, rows.with_columns(asset=pl.lit("P-2"))])
    assert past_of(FrameChunk(both), Columns(("s0", "s1")), FEW) is None


# ---------------------------------------------------------------- what is learned
def test_a_model_of_stretches_keeps_its_promise(learn):
    model = learn(readings(), FEW, budget=10)
    entry = entry_of(model)
    assert entry.rows == pytest.approx(50_000, rel=0.02)
    assert entry.levelled_rows == pytest.approx(ROWS - 50_000, rel=0.02)
    assert len(entry.learned) == 16
    assert entry.budget.basis == "observed"
    assert (entry.data_start, entry.data_end) == (START, START + (ROWS - 1) * STEP)
    new = readings(300_000, seed=1, start=START + timedelta(days=200))
    events = model.events(model.score(new)).filter(pl.col("kind") == "anomaly")
    promised = entry.budget.expected_per_month * 300_000 / 43_200
    assert promised == pytest.approx(69.4, rel=0.01)
    assert 0.5 * promised <= events.height <= 2 * promised


def test_it_finds_what_a_model_of_all_finds(learn):
    new = readings(4_000, seed=2, start=START + timedelta(days=200))
    row = pl.int_range(pl.len())
    broken = new.with_columns(s1=pl.col("s1") + 6.0 * row.is_between(2_000, 2_030))
    for cells in (ALL, FEW):
        model = learn(readings(), cells, name=f"model-{cells}")
        assert bool(entry_of(model).learned) == (cells == FEW)
        events = model.events(model.score(broken)).filter(pl.col("kind") == "anomaly")
        begin = START + timedelta(days=200) + 2_000 * STEP
        assert (
            events.filter(pl.col("start").is_between(begin - 9 * STEP, begin + 9 * STEP)).height
            == 1
        )


def test_live_scores_are_levelled_too(learn):
    rows = readings(100_200)
    model = learn(rows, FEW, recipe="auto")
    new = readings(30_000, seed=3, start=START + timedelta(days=200))
    for live in (False, True):
        said = model.score(new, live=live)
        assert said["surprise"].mean() == pytest.approx(np.log10(np.e), rel=0.25)


@dataclass(frozen=True)
class Watched(FrameChunk):
    """A chunk that notes how many rows were held at once."""

    heights: list[int] = field(default_factory=list)

    def read(self, columns=None):
        self.heights.append(self.frame.height)
        return super().read(columns)

    def between(self, start, end):
        return Watched(super().between(start, end).frame, self.heights)


def test_no_more_rows_are_held_than_a_task_may(tmp_path, engine):
    rows = readings(400_000)
    layout = frames.guess(rows, "asset", "time", [])
    chunk = Watched(rows)
    fit_fleet([chunk], resolve("forest"), layout, tmp_path / "m", engine, most_cells=FEW)
    assert sum(chunk.heights) >= 400_000
    assert max(chunk.heights) < 55_000


def test_files_frames_and_the_same_again_give_the_same(tmp_path, engine):
    rows = readings()
    layout = frames.guess(rows, "asset", "time", [])
    chunks = cut(rows, FEW)
    digests = {
        fit_fleet(
            own, resolve("forest"), layout, tmp_path / str(number), engine, most_cells=FEW
        ).digest
        for number, own in enumerate((chunks, spill(chunks, tmp_path), chunks))
    }
    assert len(digests) == 1


# ---------------------------------------------------------------- what people said
def test_a_fault_between_the_stretches_does_not_raise_the_level(learn):
    rows = readings()
    past = past_of(FrameChunk(rows), Columns(("s0", "s1")), FEW)
    begin = past.beside[3].start
    hit = pl.col("time").is_between(begin, begin + timedelta(hours=3))
    broken = rows.with_columns(s0=pl.col("s0") + 9.0 * hit)
    clean, faulty = (entry_of(learn(own, FEW)).threshold for own in (rows, broken))
    assert faulty == pytest.approx(clean, rel=0.1)


def test_what_a_person_called_normal_between_the_stretches_stays_silent(learn):
    rows = readings(100_200, step=timedelta(seconds=1))
    past = past_of(FrameChunk(rows), Columns(("s0", "s1")), FEW)
    begin, length = past.beside[5].start, timedelta(seconds=20)
    odd = rows.with_columns(
        s0=pl.col("s0") + 12.0 * pl.col("time").is_between(begin, begin + length)
    )
    said = Guide(vouched=Masks((), {"P-1": ((begin, begin + length),)}))
    again = pl.col("time").is_between(begin, begin + length)
    for guide, alarms in ((None, True), (said, False)):
        model = learn(odd, FEW, guide=guide, name=f"{alarms}", recipe="mahalanobis")
        assert model.score(odd).filter(again)["alarm"].any() == alarms


def test_what_the_calendar_takes_out_between_the_stretches_is_not_counted(learn):
    rows = readings()
    past = past_of(FrameChunk(rows), Columns(("s0", "s1")), FEW)
    out = Masks((), {"P-1": tuple((one.start, one.end) for one in past.beside)})
    entry = entry_of(learn(rows, FEW, guide=Guide(held=(("planned", out),))))
    assert entry.levelled_rows is None
    assert entry.learned


# ---------------------------------------------------------------- drift
def test_drift_of_a_long_past_is_that_of_all_of_it(engine):
    rows = readings(120_000)
    days = (pl.col("time") - START).dt.total_seconds() / 86_400
    worn = rows.with_columns(s1=pl.col("s1") + 0.06 * (days - 30).clip(0))
    normal = {"P-1": (START, START + timedelta(days=28))}
    recipe = resolve("mahalanobis")
    found = [
        find_drifts(
            [FrameChunk(worn)],
            recipe,
            Columns.of(recipe, ("s0", "s1"), ()),
            normal,
            engine,
            most_cells=cells,
        )
        for cells in (ALL, FEW)
    ]
    assert found[0]
    assert found[0] == found[1]
