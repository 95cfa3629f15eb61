"""What came to a fleet, and what of it was refused: told without a path of the site."""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePath
from typing import Any, Literal

import polars as pl

from appliance.intake.store.arrivals import Came
from appliance.pipelines import uploads
from appliance.pipelines.site import Site
from appliance.schemas.arrival import Arrival, Refusals, RefusedFor
from appliance.schemas.ingest import Refused

MOST_FILED = 1_000_000
"""Refused rows and cells in one file."""
BY = "source:"
"""What the name of a source follows where it brought something in."""
_REASONS = 200
_SAMPLES = 3


def arrivals(
    site: Site, fleet: str, before: tuple[datetime, str] | None, limit: int
) -> list[Arrival]:
    """Return the batches of a fleet, the latest first.

    Parameters
    ----------
    before
        When the last one seen was finished, and its identifier.
    """
    return [_arrival(one) for one in site.intake.arrivals(fleet, before, limit)]


def _arrival(one: Came) -> Arrival:
    told = one._asdict()
    path = PurePath(told.pop("path"))
    way: Literal["sent", "file", "source"] = "file"
    if one.by.startswith(BY):
        way = "source"
    elif uploads.is_name("/".join(path.parts[-2:])):  # whichever home it was brought in from
        way = "sent"
    return Arrival(**told, file=path.name, way=way)


def refused(told: dict[str, Any], at: datetime) -> Refused:
    """Return one refused row or cell, its file by its name alone."""
    return Refused(
        batch=told["batch"],
        at=at,
        file=PurePath(told["file"] or "").name,
        row=told["row"],
        column=told["column"] or "",
        value=told["value"] or "",
        reason=told["reason"],
    )


def refusals(site: Site, fleet: str) -> Refusals:
    """Return why rows and cells of a fleet's files were refused."""
    held = site.lake.quarantine(fleet)
    reasons = []
    for one in held.reasons(_REASONS, _SAMPLES).iter_rows(named=True):
        same = {"reason": one["reason"], "column": one["column"]}
        samples = tuple(refused({**same, **told}, told["time"]) for told in one.pop("samples"))
        reasons.append(RefusedFor(**one, samples=samples))
    return Refusals(total=held.count(), reasons=tuple(reasons))


def refused_rows(site: Site, fleet: str, reason: str | None) -> pl.DataFrame:
    """Return what was refused as a table, the files by their names alone.

    Parameters
    ----------
    reason
        Only what was refused for it.
    """
    found = site.lake.quarantine(fleet).read(limit=MOST_FILED)
    if reason is not None:
        found = found.filter(pl.col("reason") == reason)
    name = pl.col("file").str.extract(r"([^/\\]*)$", 1)
    return found.select(name.alias("file"), "row", "column", "value", "reason")
