"""Data quality by sensor and asset, of one batch and of many."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.intake import quality
from appliance.lake.layout import TIME
from appliance.schemas.ingest import SensorQuality

START = datetime(2026, 1, 5, tzinfo=UTC)


def frame(
    values: dict[str, list[float | None]], seconds: list[int] | None = None
) -> pl.DataFrame:
    pieces = []
    for asset, cells in values.items():
        steps = seconds or [60 * i for i in range(len(cells))]
        pieces.append(
            pl.DataFrame(
                {
                    "asset": [asset] * len(cells),
                    "time": [START + timedelta(seconds=s) for s in steps],
                    "a": cells,
                },
                schema={"asset": pl.String(), "time": TIME, "a": pl.Float64()},
            )
        )
    return pl.concat(pieces)


def longest_run(assets: dict[str, list[float | None]]) -> int:
    """The slow twin of the vectorised count."""
    longest = 0
    for cells in assets.values():
        run, before = 0, None
        for cell in (c for c in cells if c is not None):
            run = run + 1 if cell == before else 1
            before = cell
            longest = max(longest, run)
    return longest


cells = st.lists(st.sampled_from([None, 0.0, 1.0, 2.0]), min_size=1, max_size=30)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(["p1", "p2", "p3"]), cells, min_size=1))
def test_sensor_quality_equals_a_slow_count(assets):
    assets = dict(sorted(assets.items()))
    (found,) = quality.measure_sensors(frame(assets), {"a": (0.5, 1.5)})
    everything = [c for cells in assets.values() for c in cells]
    known = [c for c in everything if c is not None]
    assert found.rows == len(everything)
    assert found.missing == len(everything) - len(known)
    assert found.longest_stuck == longest_run(assets)
    assert found.out_of_limits == sum(c != 1.0 for c in known)
    assert found.distinct == len(set(known))
    assert found.minimum == min(known, default=None)
    assert found.median == (float(np.median(known)) if known else None)
    assert found.maximum == max(known, default=None)


def test_sampling():
    steps = [0, 60, 120, 180, 180, 1_000, 1_060]
    (found,) = quality.measure_assets(
        frame({"p1": [1.0] * 7}, steps),
        pl.DataFrame(
            {"asset": ["p1"], "jumps_back": [2], "clock_changes": [1], "duplicates": [1]}
        ),
        {},
    )
    assert found.interval_seconds == 60.0
    assert (found.gaps, found.longest_gap_seconds) == (1, 820.0)
    assert (found.jumps_back, found.duplicates, found.clock_changes) == (2, 1, 1)


def test_a_gap_between_parts_is_seen():
    none = pl.DataFrame(
        schema=dict.fromkeys(("jumps_back", "clock_changes", "duplicates"), pl.Int64())
    ).select(pl.lit("").alias("asset"), pl.all())
    first = frame({"p1": [1.0] * 5})
    second = first.with_columns(pl.col("time") + timedelta(hours=1))
    last = {"p1": START + timedelta(minutes=4), "elsewhere": START}
    (found,) = quality.measure_assets(second, none, last)
    assert (found.rows, found.gaps, found.longest_gap_seconds) == (5, 1, 3_360.0)
    (merged,) = quality.merge_assets([found, *quality.measure_assets(first, none, {})])
    assert (merged.rows, merged.gaps, merged.interval_seconds) == (10, 1, 60.0)


def test_merging_batches():
    parts = [
        SensorQuality(sensor="a", rows=10, missing=1, longest_stuck=3, out_of_limits=0,
                      distinct=4, minimum=0.0, median=1.0, maximum=5.0),
        SensorQuality(sensor="b", rows=10, missing=10, longest_stuck=0, out_of_limits=0),
        SensorQuality(sensor="a", rows=30, missing=0, longest_stuck=2, out_of_limits=2,
                      distinct=3, minimum=-1.0, median=2.0, maximum=4.0),
    ]  # fmt: skip
    a, b = quality.merge_sensors(parts)
    assert a == SensorQuality(sensor="a", rows=40, missing=1, longest_stuck=3, out_of_limits=2,
                              distinct=4, minimum=-1.0, median=2.0, maximum=5.0)  # fmt: skip
    assert b.missing_share == 1.0
    assert (a.missing_share, b.median) == (0.025, None)


def test_quality_is_kept_with_the_batches(plant):
    rows = [f"2026-01-05 08:{i:02}:00,{'' if i == 3 else 7},{i}\n" for i in range(20)]
    rows[10:15] = []
    plant.text("p1.csv", "time,a,b\n" + "".join(rows) + rows[-1])
    report = plant.take(plant.folder)
    for sensors in (report.quality, plant.intake.quality("pumps")):
        a, b = sensors
        assert (a.rows, a.missing, a.longest_stuck, a.distinct) == (16, 1, 15, 1)
        assert (b.minimum, b.maximum, b.missing) == (0.0, 19.0, 0)
    (p1,) = plant.intake.sampling("pumps")
    assert (p1.interval_seconds, p1.gaps, p1.longest_gap_seconds) == (60.0, 1, 360.0)
    assert p1.duplicates == 1


@pytest.mark.parametrize("many", [False, True])
def test_large_frames_take_the_same_way(many):
    count = 60_000 if many else 6
    wide = frame({"p1": [1.0] * count}).with_columns(
        *(pl.lit(float(i)).alias(f"s{i}") for i in range(4))
    )
    found = quality.measure_sensors(wide, {})
    assert [q.longest_stuck for q in found] == [count] * 5
