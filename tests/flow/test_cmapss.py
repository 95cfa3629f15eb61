"""C-MAPSS FD001: 100 engines run to failure; each is learned from 60 % of its life."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import appliance as kizashi
from tests.flow.conftest import Tell

pytestmark = [pytest.mark.data, pytest.mark.slow]

_NAMES = (
    "unit",
    "cycle",
    *(f"setting {i}" for i in (1, 2, 3)),
    *(f"sensor {i}" for i in range(1, 22)),
)
_LEARNED, _MIDDLE, _LAST = 0.6, 0.8, 0.9


@pytest.fixture(scope="module")
def engines(data_dir: Path) -> pl.DataFrame:
    values = np.loadtxt(data_dir / "cmapss" / "train_FD001.txt")
    frame = pl.DataFrame(values, schema=_NAMES).with_columns(pl.col("unit", "cycle").cast(int))
    return frame.with_columns(life=pl.col("cycle") / pl.col("cycle").max().over("unit"))


@pytest.fixture(scope="module")
def model(engines: pl.DataFrame) -> kizashi.FleetModel:
    young = engines.filter(pl.col("life") <= _LEARNED).drop("life")
    return kizashi.fit(young, asset="unit", time="cycle", engine="local")


@pytest.fixture(scope="module")
def scores(engines: pl.DataFrame, model: kizashi.FleetModel) -> pl.DataFrame:
    return model.score(engines.drop("life")).with_columns(engines["life"])


def _mean(scores: pl.DataFrame, low: float, high: float) -> pl.Series:
    """Return each engine's mean surprise within a part of its life."""
    part = scores.filter(pl.col("life").is_between(low, high, closed="right"))
    return part.group_by("unit").agg(pl.col("surprise").mean()).sort("unit")["surprise"]


def test_surprise_rises_towards_failure(scores: pl.DataFrame, tell: Tell) -> None:
    learned, middle = _mean(scores, 0, _LEARNED), _mean(scores, _LEARNED, _MIDDLE)
    last = _mean(scores, _LAST, 1)
    rises = ((middle > learned) & (last > middle)).mean()
    tell(
        f"C-MAPSS: surprise rises on {rises:.0%} of engines: median {learned.median():.2f} in "
        f"the part learned, {middle.median():.2f} up to 80 % of life, {last.median():.2f} at "
        "the end"
    )
    assert rises >= 0.95
    assert last.median() > 10 * learned.median()


def test_alarms_come_before_failure_and_not_before_wear(
    scores: pl.DataFrame, tell: Tell
) -> None:
    late = pl.col("life") > _LEARNED
    by_engine = scores.group_by("unit").agg(
        late=(pl.col("alarm") & late).any(),
        early=(pl.col("alarm") & ~late).any(),
        ahead=(pl.col("cycle").max() - pl.col("cycle")).filter(pl.col("alarm") & late).max(),
    )
    tell(
        f"C-MAPSS: {by_engine['late'].mean():.0%} of engines alarm before they fail, "
        f"{by_engine['ahead'].median():.0f} cycles ahead in the median; "
        f"{by_engine['early'].mean():.0%} have a reading above the alarm in the part learned"
    )
    assert by_engine["late"].mean() >= 0.95
    assert by_engine["early"].mean() <= 0.25
    assert by_engine["ahead"].median() >= 30


def test_a_saved_model_judges_alike(
    engines: pl.DataFrame, model: kizashi.FleetModel, scores: pl.DataFrame, tmp_path: Path
) -> None:
    model.save(tmp_path / "engines.kz")
    some = engines.filter(pl.col("unit") <= 5).drop("life")
    again = kizashi.load(tmp_path / "engines.kz").score(some)
    assert again.equals(scores.filter(pl.col("unit") <= 5).drop("life"))
