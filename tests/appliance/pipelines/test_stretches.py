"""Judged in pieces, in any order, readings have the scores and events of one whole run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import appliance as kizashi
from appliance.fleet.findings import drafts_of
from appliance.fleet.scoring import Models, inside, score_frame
from appliance.pipelines import stretches
from appliance.schemas.manifest import FleetManifest
from tests.appliance.fleet.plants import SENSORS, START, readings

MINUTE = timedelta(minutes=1)
LATER = START + timedelta(days=10)
ROWS = 500


def at(*minutes: int) -> list[datetime]:
    return [LATER + minute * MINUTE for minute in minutes]


def span(low: int, high: int) -> stretches.Span:
    return LATER + low * MINUTE, LATER + high * MINUTE


@cache
def models(recipe: str) -> Models:
    model = kizashi.fit(readings(("a", "b"), 1200), recipe=recipe, engine="local")
    models.kept = [*getattr(models, "kept", []), model]  # its folder goes with it
    return Models(model._models.artifact)


@pytest.fixture(scope="module")
def manifest() -> FleetManifest:
    return models("spectral_residual").manifest


# ---------------------------------------------------------------- pure
spans = st.tuples(st.integers(0, 200), st.integers(0, 40)).map(lambda p: span(p[0], sum(p)))


@given(st.lists(spans, max_size=12))
def test_joined_covers_the_same_time_in_order_and_apart(given_spans):
    found = stretches.joined(given_spans)
    assert found == sorted(found)
    assert all(a[1] < b[0] for a, b in pairwise(found))
    covered = {t for s, e in found for t in range(*_minutes(s, e))}
    assert covered >= {t for s, e in given_spans for t in range(*_minutes(s, e))}
    assert {s for s, _ in found} <= {s for s, _ in given_spans}
    assert {e for _, e in found} <= {e for _, e in given_spans}


def _minutes(start: datetime, end: datetime) -> tuple[int, int]:
    return (start - LATER) // MINUTE, (end - LATER) // MINUTE + 1


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from("abc"), st.lists(spans, min_size=1, max_size=4)))
def test_rounds_deal_every_stretch_once_and_an_asset_once_a_round(given_spans):
    dealt = stretches.rounds(given_spans)
    for asset, own in given_spans.items():
        assert [r[asset] for r in dealt if asset in r] == own
    assert all(dealt)


@given(spans, st.integers(1, 400))
def test_pieces_are_a_stretch_again_and_none_is_longer_than_told(stretch, rows):
    fleet = models("spectral_residual").manifest
    cells = rows * (len(fleet.sensors) + 1)
    warm, after = stretches.reach(fleet.assets["a"])
    pieces = stretches.cut(fleet, {"a": [stretch], "c": [stretch]}, cells)
    assert (pieces["a"][0][0], pieces["a"][-1][1]) == stretch
    assert all(
        one[1] + timedelta(microseconds=1) == two[0] for one, two in pairwise(pieces["a"])
    )
    longest = max(rows * MINUTE, 4 * (warm + after))
    assert all(timedelta() <= end - start <= longest for start, end in pieces["a"])
    assert pieces["c"] == [stretch]  # nobody knows how far apart its readings are


def test_what_is_read_holds_what_is_judged_and_its_surroundings(manifest):
    warm, after = stretches.reach(manifest.assets["a"])
    low, high = stretches.to_read(manifest, {"a": span(100, 200), "x": span(0, 1)})
    assert low == min(span(100, 200)[0] - warm, span(0, 1)[0])
    assert high > span(100, 200)[1] + after
    assert warm > MINUTE
    assert after > MINUTE


def test_an_asset_without_a_model_is_judged_where_it_changed(manifest):
    found = stretches.to_judge(manifest, {"x": [span(5, 9), span(7, 12)]}, {})
    assert found == {"x": [span(5, 12)]}


def test_the_last_rows_before_a_gap_are_judged_again(manifest):
    _, after = stretches.reach(manifest.assets["a"])
    [(start, _)] = stretches.to_judge(
        manifest, {"a": [span(5000, 5010)]}, {"a": [span(0, 300)]}
    )["a"]
    assert start == span(0, 300)[1] - after


def test_the_first_rows_after_a_gap_are_judged_again(manifest):
    warm, _ = stretches.reach(manifest.assets["a"])
    [(_, end)] = stretches.to_judge(
        manifest, {"a": [span(0, 10)]}, {"a": [span(5000, 5300), span(9000, 9300)]}
    )["a"]
    assert end == span(5000, 0)[0] + warm


# ---------------------------------------------------------------- against one whole run
class Table:
    """What the pipeline does, without its tables: rows that came, scores by row."""

    def __init__(self, models: Models) -> None:
        self.models = models
        self.rows = pl.DataFrame()
        self.scores = pl.DataFrame()
        self.known: dict[str, list[stretches.Span]] = {}

    def bring(self, frame: pl.DataFrame) -> None:
        """Add rows, later ones over earlier ones, and judge what they bear on."""
        rows = pl.concat([self.rows, frame]) if self.rows.height else frame
        self.rows = rows.unique(["asset", "time"], keep="last").sort("asset", "time")
        changed = {
            str(asset): [(own["time"].min(), own["time"].max())]
            for (asset,), own in frame.group_by("asset")
        }
        manifest = self.models.manifest
        for one in stretches.rounds(stretches.to_judge(manifest, changed, self.known)):
            low, high = stretches.to_read(manifest, one)
            seen = self.rows.filter(pl.col("time").is_between(low, high, closed="left"))
            own = seen.filter(pl.col("asset").is_in(list(one)))
            extents = stretches.extents(self.known, changed)
            scores, _ = score_frame(self.models, own, extents=extents)
            new = scores.filter(inside(one))
            kept = self.scores.filter(~inside(one)) if self.scores.height else self.scores
            self.scores = pl.concat([kept, new]).sort("asset", "time") if len(kept) else new
        for asset, own in changed.items():
            self.known.setdefault(asset, []).extend(own)


def difficult(seed: int, frozen: tuple[int, int], hole: tuple[int, int]) -> pl.DataFrame:
    """Return rows with a fault, a frozen sensor, missing values and a gap."""
    frame = readings(("a", "b"), ROWS, seed=seed, start=LATER, faults={"a": (1, 200, 260)})
    rng = np.random.default_rng(seed)
    place = pl.int_range(pl.len()).over("asset")
    gone = pl.Series(rng.random(frame.height) < 0.02)
    return frame.with_columns(
        s3=pl.when(place.is_between(*frozen)).then(1.5).otherwise("s3").cast(pl.Float32),
        s0=pl.when(gone).then(None).otherwise("s0"),
    ).filter(~place.is_between(*hole))


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["mahalanobis", "spectral_residual", "forecast"])
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 3),
    cuts=st.lists(st.integers(1, ROWS - 1), min_size=1, max_size=5, unique=True),
    order=st.randoms(use_true_random=False),
    frozen=st.tuples(st.integers(0, ROWS - 60), st.integers(20, 60)),
    hole=st.tuples(st.integers(0, ROWS), st.integers(0, 150)),
)
def test_pieces_in_any_order_give_the_scores_and_events_of_one_run(
    recipe, seed, cuts, order, frozen, hole
):
    frame = difficult(seed, (frozen[0], sum(frozen)), (hole[0], sum(hole)))
    place = pl.Series(((frame["time"] - LATER).dt.total_minutes()).to_list())
    edges = [0, *sorted(cuts), ROWS]
    parts = [frame.filter((place >= low) & (place < high)) for low, high in pairwise(edges)]
    order.shuffle(parts)
    table = Table(models(recipe))
    for part in parts:
        if part.height:
            table.bring(part)
    whole, _ = score_frame(models(recipe), frame)
    assert_frame_equal(table.scores, whole, check_exact=False, abs_tol=1e-4)
    assert drafts_of(table.models, table.scores) == drafts_of(table.models, whole)


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["spectral_residual", "auto"])
def test_rows_around_a_long_gap_are_what_they_would_be_in_one_run(recipe):
    frame = difficult(0, (0, 0), (114, 264))
    place = pl.Series(((frame["time"] - LATER).dt.total_minutes()).to_list())
    whole, _ = score_frame(models(recipe), frame)
    for late in ([0], [265], [280], [499]):
        table = Table(models(recipe))
        table.bring(frame.filter(~place.is_in(late)))
        table.bring(frame.filter(place.is_in(late)))
        assert_frame_equal(table.scores, whole, check_exact=False, abs_tol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["mahalanobis", "spectral_residual", "auto"])
def test_corrected_values_give_the_scores_of_the_right_ones(recipe):
    right = difficult(0, (300, 340), (0, -1))
    wrong = right.with_columns(
        s2=pl.when(pl.col("time").is_between(*span(100, 140))).then(9.0).otherwise("s2")
    )
    table = Table(models(recipe))
    table.bring(wrong.cast({"s2": pl.Float32}))
    table.bring(right.filter(pl.col("time").is_between(*span(100, 140))))
    whole, _ = score_frame(models(recipe), right)
    assert_frame_equal(table.scores, whole, check_exact=False, abs_tol=1e-4)


def test_calm_is_sought_before_what_was_judged(manifest):
    rule = manifest.recipe.threshold
    found = stretches.after_calm(manifest, {"a": span(1000, 1100)})["a"]
    assert found[1] == span(0, 1100)[1]
    assert span(1000, 0)[0] - found[0] > rule.merge_rows * rule.minimum_rows * MINUTE
    assert stretches.merging(manifest, ["a"])["a"] == (rule.merge_rows + 1) * MINUTE


def test_times_with_a_zone_are_kept():
    assert stretches.joined([span(0, 1)])[0][0].tzinfo is UTC
    assert SENSORS
