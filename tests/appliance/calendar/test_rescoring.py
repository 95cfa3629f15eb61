"""Rows and windows come in any order: the scores end as if all had been known at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from appliance.calendar.masks import Masks, changes, merged
from appliance.fleet.findings import drafts_of
from appliance.fleet.scoring import Models, inside, score_frame
from appliance.pipelines import stretches
from tests.appliance.pipelines.test_stretches import (
    LATER,
    MINUTE,
    ROWS,
    difficult,
    models,
    span,
)


class Table:
    """What the pipeline does, without its tables: rows and windows that came, scores by row."""

    def __init__(self, models: Models) -> None:
        self.models = models
        self.masks = Masks()
        self.rows = self.scores = pl.DataFrame()
        self.known: dict[str, list[stretches.Span]] = {}

    def bring(self, frame: pl.DataFrame) -> None:
        """Add rows, and judge what they bear on."""
        rows = pl.concat([self.rows, frame]) if self.rows.height else frame
        self.rows = rows.sort("asset", "time")
        changed = {
            str(asset): [(own["time"].min(), own["time"].max())]
            for (asset,), own in frame.group_by("asset")
        }
        manifest = self.models.manifest
        todo = stretches.to_judge(manifest, changed, self.known, self.masks)
        for asset, own in changed.items():
            self.known.setdefault(asset, []).extend(own)
        self._judge(todo)

    def mark(self, masks: Masks) -> None:
        """Take other stretches out, and judge what that bears on."""
        outdated, self.masks = changes(self.masks, masks), masks
        manifest = self.models.manifest
        self._judge(stretches.to_rejudge(manifest, outdated, self.known, masks))

    def _judge(self, todo: Mapping[str, Sequence[stretches.Span]]) -> None:
        for one in stretches.rounds(todo):
            low, high = stretches.to_read(self.models.manifest, one, self.masks)
            seen = self.rows.filter(pl.col("time").is_between(low, high, closed="left"))
            seen = seen.filter(pl.col("asset").is_in(list(one)))
            extents = stretches.extents(self.known)
            scores, _ = score_frame(self.models, seen, masks=self.masks, extents=extents)
            new = scores.filter(inside(one))
            kept = self.scores.filter(~inside(one)) if self.scores.height else self.scores
            self.scores = pl.concat([kept, new]).sort("asset", "time") if len(kept) else new


windows = st.dictionaries(
    st.sampled_from(["a", "b"]),
    st.lists(
        st.tuples(st.integers(-20, ROWS), st.integers(1, 120)).map(
            lambda p: (LATER + p[0] * MINUTE, LATER + sum(p) * MINUTE)
        ),
        max_size=3,
    ).map(merged),
).map(lambda own: Masks((), own))


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["mahalanobis", "spectral_residual", "forecast"])
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 3),
    cuts=st.lists(st.integers(1, ROWS - 1), max_size=3, unique=True),
    calendars=st.lists(windows, min_size=1, max_size=3),
    order=st.randoms(use_true_random=False),
    frozen=st.tuples(st.integers(0, ROWS - 60), st.integers(20, 60)),
    hole=st.tuples(st.integers(0, ROWS), st.integers(0, 100)),
)
def test_in_any_order_the_end_is_that_of_one_run(
    recipe, seed, cuts, calendars, order, frozen, hole
):
    frame = difficult(seed, (frozen[0], sum(frozen)), (hole[0], sum(hole)))
    place = pl.Series(((frame["time"] - LATER).dt.total_minutes()).to_list())
    edges = [0, *sorted(cuts), ROWS]
    parts = [frame.filter((place >= low) & (place < high)) for low, high in pairwise(edges)]
    steps = [("bring", part) for part in parts if part.height]
    steps += [("mark", masks) for masks in calendars]
    order.shuffle(steps)
    table = Table(models(recipe))
    for name, given_part in steps:
        getattr(table, name)(given_part)
    whole, _ = score_frame(models(recipe), frame, masks=table.masks)
    assert_frame_equal(table.scores, whole, check_exact=False, abs_tol=1e-4)
    found = drafts_of(table.models, table.scores, table.masks)
    assert found == drafts_of(table.models, whole, table.masks)


def test_what_lies_on_either_side_of_a_window_are_neighbours():
    table = Table(models("spectral_residual"))
    frame = difficult(0, (0, 0), (0, -1))
    table.mark(Masks((span(200, 400),)))
    table.bring(frame)
    short = frame.filter(~pl.col("time").is_between(*span(200, 400), closed="left"))
    alone, _ = score_frame(models("spectral_residual"), short)
    kept = table.scores.filter(~pl.col("time").is_between(*span(200, 400), closed="left"))
    assert_frame_equal(kept, alone, check_exact=False, abs_tol=1e-4)
