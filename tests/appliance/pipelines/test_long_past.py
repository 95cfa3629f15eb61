"""A machine whose past no task could hold is trained on it all the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from appliance.pipelines import models
from appliance.pipelines.score import score
from appliance.pipelines.train import TrainOptions, train
from appliance.pipelines.tune import TuneOptions, tune
from tests.appliance.pipelines.sites import FLEET, bring, new_home, open_site, standing

START = datetime(2025, 11, 1, tzinfo=UTC)
ROWS = 110_000
BROKEN = 105_000


@pytest.fixture
def site(tmp_path):
    made = open_site(new_home(tmp_path / "home"), chunk_cells=1_000)
    yield made
    made.close()


def machine():
    """Return 76 days of minutes, with a fault in the last of them."""
    row = np.arange(ROWS)
    noise = np.random.default_rng(0).normal(size=(3, ROWS)) + np.sin(row / 300)
    noise[1, BROKEN : BROKEN + 60] += 12
    times = pl.datetime_range(
        START, START + timedelta(minutes=ROWS - 1), "1m", eager=True, time_unit="us"
    )
    return pl.DataFrame(
        {
            "asset": pl.repeat("P-1", ROWS, eager=True),
            "time": times.dt.replace_time_zone("UTC"),
            **{f"s{i}": values.astype(np.float32) for i, values in enumerate(noise)},
        }
    )


@pytest.mark.slow
def test_from_the_lake_to_its_events(site):
    bring(site, machine(), "all")
    notes = [train(site, FLEET, TrainOptions(recipe="mahalanobis")).lineage for _ in range(2)]
    for lineage in notes:
        assert lineage.rows == pytest.approx(50_000, rel=0.02)
        assert lineage.data_start == START
        assert lineage.data_end == START + timedelta(minutes=ROWS - 1)
    (told,) = models.assets(site, FLEET, 1)
    assert told.rows + told.levelled_rows == pytest.approx(ROWS, rel=0.02)
    assert len(told.learned) == 16
    assert any("between them" in reason for reason in told.reasons)
    assert told.basis == "observed"
    score(site, FLEET)
    broken = START + timedelta(minutes=BROKEN)
    starts = [fact["start"] for fact in standing(site)]
    assert any(abs(start - broken) < timedelta(minutes=5) for start in starts)


@pytest.mark.slow
def test_a_recipe_is_searched_on_its_stretches(site):
    bring(site, machine().drop("s2"), "all")
    roomy = open_site(site.settings.home)
    options = TuneOptions(recipe="pca", trials=1)
    part, whole = (tune(one, FLEET, options, engine="local").tried[0] for one in (site, roomy))
    roomy.close()
    assert part.found == pytest.approx(whole.found, abs=0.1)
    assert part.alarms == pytest.approx(whole.alarms, abs=0.01)
    assert part != whole
