"""The page on a fleet, and the way a fleet that counts cycles is told of."""

from __future__ import annotations

import polars as pl
import pytest

from appliance.core.errors import InvalidRequest, NotFound, StorageError
from appliance.intake import IngestOptions
from appliance.pipelines.ingest import ingest
from appliance.pipelines.report import report, write_page
from appliance.pipelines.score import score
from appliance.pipelines.train import TrainOptions, train
from tests.appliance.pipelines.sites import DAY, FLEET, LEARNED, bring, moment, next_day, plant


@pytest.mark.slow
def test_the_page_tells_what_happened_by_name(learned):
    bring(learned, next_day().drop("s4"), "day")
    score(learned, FLEET)
    page = report(learned, FLEET)
    assert page.startswith("<!doctype html>")
    assert "P-2 ran unusually from 7 Jan 2026, 06:40" in page
    assert "Sensor s4 of P-1 has given no value since 7 Jan 2026, 00:00" in page
    assert "://" not in page
    japanese = report(learned, FLEET, language="ja")
    assert "P-2 は 2026年1月7日" in japanese
    before = report(learned, FLEET, end=moment(LEARNED))
    assert "P-2 ran unusually from 7 Jan 2026" not in before


@pytest.mark.slow
def test_what_is_missing_for_a_page_is_named(site, learned):
    with pytest.raises(NotFound, match="kizashi ingest"):
        report(site, "fans")
    with pytest.raises(InvalidRequest, match="2026-01-01 to 2026-01-06"):
        report(learned, FLEET, start=moment(LEARNED + DAY))
    train(learned, FLEET, TrainOptions(recipe="pca"))
    learned.registry.promote(FLEET, 2, "mori")
    with pytest.raises(InvalidRequest, match="kizashi score pumps"):
        report(learned, FLEET)


def test_a_page_appears_whole_or_not_at_all(tmp_path):
    write_page("old", tmp_path / "a" / "page.html")
    (tmp_path / "blocked").write_text("")
    with pytest.raises(StorageError, match=r"blocked.*cannot be written"):
        write_page("new", tmp_path / "blocked" / "page.html")
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["page.html"]


@pytest.mark.slow
def test_a_fleet_that_counts_cycles_is_told_of_in_cycles(site, tmp_path):
    frame = plant(500, assets=("P-1", "P-2"), faults={"P-2": (1, 440, 470)})
    cycle = pl.int_range(1, pl.len() + 1).over("asset")
    path = tmp_path / "runs.csv"
    frame.with_columns(cycle=cycle).drop("time").write_csv(path)
    taken = ingest(site, [path], FLEET, IngestOptions(asset="asset", time="cycle"))
    assert taken.files[0].status == "added"
    assert site.intake.time_kind(FLEET) == "cycle"
    train(site, FLEET, TrainOptions(recipe="mahalanobis"))
    score(site, FLEET)
    page = report(site, FLEET)
    assert "P-2 has been running unusually since cycle 441 (" in page
    assert "cycles so far)" in page
    assert "Readings from cycle 1 to cycle 500<" in page
    assert "mahalanobis, trained on cycle 1 – cycle 500" in page
    assert "2000-0" not in page
    assert ">400</text>" in page
    assert "サイクル 500" in report(site, FLEET, language="ja")
