"""Readings that arrive a few at a time: known at once, final later, in the lake once."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from appliance.fleet import Artifact
from appliance.pipelines.score import score
from appliance.pipelines.site import Site
from appliance.pipelines.train import TrainOptions, train
from appliance.schemas.score import Judgement
from tests.appliance.pipelines.sites import (
    DAY,
    FLEET,
    LEARNED,
    bring,
    in_order,
    moment,
    next_day,
    open_site,
    plant,
    scores_of,
)

ASSETS = ("P-1", "P-2")
NEW = pl.col("time") >= moment(LEARNED)


@pytest.fixture
def sites(tmp_path: Path, make_site: Callable[..., Site]) -> tuple[Site, Site]:
    """Open two homes with the same model."""
    made = open_site(tmp_path / "pieces")
    bring(made, plant(assets=ASSETS), "training")
    train(made, FLEET, TrainOptions(recipe="auto"))
    score(made, FLEET)
    made.close()
    shutil.copytree(tmp_path / "pieces", tmp_path / "whole")
    return make_site("pieces"), make_site("whole")


def _after(site: Site) -> int:
    """Return the rows after a row that its final score depends on."""
    manifest = Artifact(Path(site.registry.champion(FLEET).path)).manifest
    return manifest.assets["P-2"].reach[1]


@pytest.mark.slow
def test_scores_are_provisional_at_once_final_later_and_stand_once(
    sites: tuple[Site, Site],
) -> None:
    site, other = sites
    day, after, opened = next_day(assets=ASSETS), _after(site), set()
    for low, high in ((0, 46), (46, 50), (50, 90), (90, DAY)):
        first, end = moment(LEARNED + low), moment(LEARNED + high)
        bring(site, day.filter(pl.col("time").is_between(first, end, closed="left")), f"{high}")
        score(site, FLEET)
        table = scores_of(site)
        assert table.select("asset", "time").is_duplicated().sum() == 0
        for (_,), own in table.filter(NEW).group_by("asset"):
            states = own.sort("time")["state"]
            assert len(states) == high
            assert (states[-after:] == Judgement.PROVISIONAL).all()
            assert (states[:-after] == Judgement.FINAL).all()
        # The fault begins at row 40: six rows of it alarm, and it stays one event.
        opened |= {event.id for event in site.events.list(FLEET, assets=["P-2"])}
        assert len(opened) == 1
    assert score(site, FLEET).rows == 0
    bring(other, day, "day")
    score(other, FLEET)
    assert_frame_equal(scores_of(site), scores_of(other), check_exact=False, abs_tol=1e-4)
    mine, others = (
        [
            (e.asset, e.kind, e.start, e.end, e.severity)
            for e in in_order(one.events.list(FLEET))
        ]
        for one in sites
    )
    assert mine == others
