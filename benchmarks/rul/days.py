"""The health that the platform shows of a machine's days, on lives that ended in failure.

A row is a cycle, and 24 cycles are a day, as the platform counts where times are counters.
Each machine's own model learns its first rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

import appliance as kizashi
from appliance.heat.days import calendar_of
from appliance.heat.health import by_days
from appliance.schemas.score import Judgement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.rul.loaders import Matrix

LEARNED = 60
"""Rows of each life; fewer the default recipe does not learn from."""


def health_by_days(lives: Sequence[Matrix]) -> list[Matrix]:
    """Return health after each cycle, as the last day's was when it ended: by live scores."""
    frame = pl.concat(_frame(number, life) for number, life in enumerate(lives))
    model = kizashi.fit(
        frame.filter(pl.col("cycle") < LEARNED), asset="unit", time="cycle", engine="local"
    )
    scores = model.score(frame, contributions=False, live=True)
    states = {state.name.lower(): state.value for state in Judgement}
    day = pl.datetime(1970, 1, 1, time_zone="UTC") + pl.duration(hours=pl.col("cycle"))
    table = scores.select(
        "unit",
        "surprise",
        time=day,
        state=pl.col("state").cast(pl.String).replace_strict(states, return_dtype=pl.Int8),
    )
    calendar, out = calendar_of("cycle", "UTC"), []
    for number, life in enumerate(lives):
        own = table.filter(pl.col("unit") == f"E{number}")
        level = model.manifest.assets[f"E{number}"].threshold
        found = by_days(own, calendar, level)
        values = np.array([np.nan if one is None else one for one in found.values])
        out.append(_known_after(values, len(life)))
    return out


def _frame(number: int, life: Matrix) -> pl.DataFrame:
    head = {"unit": [f"E{number}"] * len(life), "cycle": np.arange(len(life))}
    return pl.DataFrame(head | {f"s{place:02d}": one for place, one in enumerate(life.T)})


def _known_after(values: Matrix, rows: int) -> Matrix:
    """Return the last whole day's health after each row; NaN before the first is over."""
    days = np.arange(1, rows + 1) // 24 - 1
    days[-1] = len(values) - 1
    return np.asarray(np.where(days >= 0, values[np.maximum(days, 0)], np.nan))
