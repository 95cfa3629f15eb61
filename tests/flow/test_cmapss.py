"""C-MAPSS FD001: 50 engines run to failure; each is learned from 60 % of its life."""

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
_LEARNED, _MIDDLE = 0.6, 0.8
_ENGINES = 50
"""The first half of the file: what all of them give is measured by the benchmarks."""


@pytest.fixture(scope="module")
def engines(data_dir: Path) -> pl.DataFrame:
    values = np.loadtxt(data_dir / "cmapss" / "train_FD001.txt")
    frame = pl.DataFrame(values, schema=_NAMES).with_columns(pl.col("unit", "cycle").cast(int))
    frame = frame.filter(pl.col("unit") <= _ENGINES)
    return frame.with_columns(life=pl.col("cycle") / pl.col("cycle").max().over("unit"))


@pytest.fixture(scope="module")
def model(engines: pl.DataFrame) -> kizashi.FleetModel:
    young = engines.filter(pl.col("life") <= _LEARNED).drop("life")
    return kizashi.fit(young, asset="unit", time="cycle", engine="local")


@pytest.fixture(scope="module")
def scores(engines: pl.DataFrame, model: kizashi.FleetModel) -> pl.DataFrame:
    return model.score(engines.drop("life")).with_columns(engines["life"])


def _mean(scores: pl.DataFrame, low: float, high: float, state: str) -> pl.DataFrame:
    """Return each engine's mean surprise of one state within a part of its life."""
    part = scores.filter(
        pl.col("life").is_between(low, high, closed="right"), pl.col("state") == state
    )
    return part.group_by("unit").agg(pl.col("surprise").mean())


def test_surprise_rises_towards_failure(scores: pl.DataFrame, tell: Tell) -> None:
    parts = {
        "learned": _mean(scores, 0, _LEARNED, "final"),
        "middle": _mean(scores, _LEARNED, _MIDDLE, "final"),
        "last": _mean(scores, _MIDDLE, 1, "final"),
        "newest": _mean(scores, _MIDDLE, 1, "provisional"),
    }
    one = next(iter(parts.values())).select("unit")
    for name, part in parts.items():
        one = one.join(part.rename({"surprise": name}), on="unit", how="inner")
    # The newest rows are judged otherwise: unusual they are, how far is not compared.
    rises = one.select(pl.col("learned") < pl.col("middle")).to_series().mean()
    goes_on = one.select(pl.col("middle") < pl.col("last")).to_series().mean()
    told = ", ".join(f"{name} {one[name].median():.2f}" for name in parts)
    tell(f"C-MAPSS: surprise rises on {rises:.0%}, {goes_on:.0%} of {len(one)} engines: {told}")
    assert rises >= 0.95
    assert goes_on >= 0.95
    assert one["newest"].median() > 10 * one["learned"].median()


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
