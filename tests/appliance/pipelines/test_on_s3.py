"""A site whose shared files lie on S3 works as one whose files lie in its home."""

from __future__ import annotations

import polars as pl
import pytest

from appliance.pipelines.score import score
from appliance.pipelines.train import TrainOptions, train
from tests.appliance.pipelines.sites import (
    DAY,
    FLEET,
    bring,
    next_day,
    plant,
    same_scores,
    scores_of,
    standing,
)
from tests.s3 import s3, s3_place

__all__ = ["s3", "s3_place"]


@pytest.mark.slow
@pytest.mark.xdist_group("s3")
def test_readings_become_the_same_events_on_s3_as_in_the_home(learned, make_site, s3_place):
    far = make_site("far", storage_url=s3_place)
    bring(far, plant(), "training")
    train(far, FLEET, TrainOptions(recipe="mahalanobis"))
    score(far, FLEET)
    late = next_day().filter(pl.col("asset") == "P-3").head(20)
    for site in (learned, far):
        bring(site, next_day().filter(pl.col("asset") != "P-3"), "day")
        score(site, FLEET)
        bring(site, next_day().filter(pl.col("asset") == "P-3"), "late")
        bring(site, late.with_columns(pl.col("s1") + 1.0), "corrected")
        score(site, FLEET)
    assert scores_of(far).height == 4 * (864 + DAY)
    same_scores(scores_of(far), scores_of(learned))
    assert standing(far) == standing(learned) != []
    assert not list(far.settings.home.glob("lake/*"))
    assert score(far, FLEET).rows == 0
    far.lake.compact(FLEET, run="tidy")
    assert far.lake.clean(FLEET, older_than_hours=0)
    same_scores(scores_of(far), scores_of(learned))
