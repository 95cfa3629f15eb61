"""A fleet whose machines ran to failure, were repaired and run again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from appliance.pipelines.calendar import add_window
from appliance.pipelines.site import Site
from appliance.schemas.calendar import Window, WindowDraft, WindowKind
from tests.appliance.pipelines.sites import FLEET, bring
from tests.detectors.prognostics.fleets import SHORT, lives

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
REPAIR = 5
"""Hours that a failure takes."""
FAILED = tuple(f"P-{number}" for number in range(6))
"""Machines that failed twice, each 15 hours from its third failure."""
LEFT = 15
NEW, YOUNG, OLD = "P-6", "P-7", "P-8"
"""In their first life: worn and never repaired; with five readings; older than all, unworn."""


def at(hour: float) -> datetime:
    """Return a moment, in hours from the first reading."""
    return FIRST + hour * HOUR


def rows(asset: str, values: Any, first: int = 0) -> pl.DataFrame:
    """Return hourly readings of one machine."""
    sensors = {f"s{k}": values[:, k] for k in range(values.shape[1])}
    times = [at(first + hour) for hour in range(len(values))]
    return pl.DataFrame({"asset": asset, "time": times, **sensors})


def history() -> tuple[pl.DataFrame, list[tuple[str, datetime]]]:
    """Return readings of the fleet, and which machine failed when."""
    made = iter(lives(3 * len(FAILED) + 1, rows=SHORT))
    parts, failures = [], []
    for asset in FAILED:
        begun = 0
        for _ in range(2):
            values = next(made)
            parts.append(rows(asset, values, begun))
            begun += len(values)
            failures.append((asset, at(begun)))
            begun += REPAIR
        parts.append(rows(asset, next(made)[:-LEFT], begun))
    calm = 0.15 * np.random.default_rng(5).normal(size=(200, 5))
    parts += [rows(NEW, next(made)[:-LEFT]), rows(YOUNG, calm[:5]), rows(OLD, calm)]
    return pl.concat(parts), failures


def fail(site: Site, asset: str | None, start: datetime, **facts: Any) -> Window:
    """Tell of a failure."""
    draft = WindowDraft(
        fleet=FLEET,
        asset=asset,
        kind=WindowKind.FAILURE,
        start=start,
        end=start + REPAIR * HOUR,
    )
    return add_window(site, draft.model_copy(update=facts), "erika")


def fill(site: Site) -> list[Window]:
    """Bring the fleet in, and tell of its failures."""
    frame, failures = history()
    bring(site, frame, "history")
    return [fail(site, asset, start) for asset, start in failures]
