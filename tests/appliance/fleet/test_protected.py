"""Normal is protected: a fault that lasts for months is not learned week after week."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from appliance.calendar.masks import Masks
from appliance.core.settings import load_settings
from appliance.engine import make
from appliance.fleet import frames
from appliance.fleet.chunks import cut
from appliance.fleet.guide import Guide
from appliance.fleet.model import FleetModel
from appliance.fleet.recipe import resolve
from appliance.fleet.training import fit_fleet

START = datetime(2026, 1, 1, tzinfo=UTC)
STEP = timedelta(minutes=30)
DAY = 48
HEALTHY, WEEK = 28 * DAY, 7 * DAY


def plant(weeks, move):
    """Return a machine whose second sensor moves, after 28 days, as told by days since."""
    random = np.random.default_rng(2)
    rows = HEALTHY + weeks * WEEK
    values = random.normal(size=rows) + random.normal(size=(4, rows))
    since = (np.arange(rows) - HEALTHY) / DAY
    values[1] += np.where(since >= 0, move(np.maximum(since, 0)), 0.0)
    return pl.DataFrame(
        {
            "asset": ["P-1"] * rows,
            "time": [START + row * STEP for row in range(rows)],
            **{f"s{place}": column for place, column in enumerate(values)},
        }
    )


def trained(known, held, folder, engine, reason="open"):
    layout = frames.guess(known, "asset", "time", [])
    rows = frames.normalise(known, layout)
    masks = Masks(own={"P-1": held})
    recipe = resolve("mahalanobis")
    guide = Guide(held=((reason, masks),))
    report = fit_fleet(cut(rows, 1), recipe, layout, folder, engine, guide=guide)
    return FleetModel(report.folder)


def weekly(readings, folder):
    """Train every week, with what is open held back as the platform does; return the last."""
    with make("local", load_settings()) as engine:
        model = trained(readings[:HEALTHY], (), folder / "0", engine)
        for border in range(HEALTHY + WEEK, len(readings) + 1, WEEK):
            known = readings[:border]
            end = known["time"][-1] + STEP
            found = model.events(model.score(known)).filter(pl.col("kind") == "anomaly")
            # An event that is still there at the end stays open until someone closes it.
            lasting = found.filter(pl.col("end") > end - timedelta(days=3))
            held = tuple((start, end) for start in lasting["start"].sort()[:1])
            model = trained(known, held, folder / str(border), engine)
    return model


@pytest.mark.slow
def test_a_fault_that_lasts_for_months_is_not_learned_however_often_it_is_trained(tmp_path):
    readings = plant(9, lambda since: np.full_like(since, 6.0))
    scores = weekly(readings, tmp_path).score(readings)
    assert scores["alarm"][-WEEK:].mean() > 0.9
    assert scores["alarm"][:HEALTHY].mean() < 0.02


def test_events_that_nobody_answered_count_as_promised_ones(tmp_path):
    readings = plant(9, np.zeros_like)
    held = tuple(
        (readings["time"][row], readings["time"][row] + 10 * STEP) for row in (500, 1500, 2500)
    )
    with make("local", load_settings()) as engine:
        told, answered = (
            trained(readings, held, tmp_path / reason, engine, reason).manifest.assets["P-1"]
            for reason in ("open", "true")
        )
    assert told.budget == answered.budget
    assert told.threshold > answered.threshold
