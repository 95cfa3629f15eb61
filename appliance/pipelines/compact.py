"""Compact: small files of the lake put together, and what no snapshot needs deleted."""

from __future__ import annotations

from functools import partial

from appliance.core.errors import InvalidRequest
from appliance.core.ids import new_id
from appliance.pipelines.site import Site
from appliance.pipelines.steps import Plain, Steps
from appliance.schemas.base import Schema, fleet_name
from appliance.schemas.progress import Progress, Silent
from appliance.schemas.upkeep import CompactReport

KEEP_HOURS = 168.0
"""A backup or a long training may still read a snapshot that is younger."""
SHORTEST_HOURS = 24.0
"""What is younger may be about to be committed."""


class _Begun(Schema):
    """What a run settled at its beginning, and keeps to when it is begun again."""

    run: str
    fleets: tuple[str, ...]


def compact(
    site: Site,
    fleet: str | None = None,
    *,
    keep_hours: float = KEEP_HOURS,
    progress: Progress | None = None,
    steps: Steps | None = None,
) -> list[CompactReport]:
    """Put small files together, of a fleet or of all; readings and scores stay as they are.

    Parameters
    ----------
    keep_hours
        Files that a snapshot of this age refers to are kept: whoever reads one goes on.

    Raises
    ------
    NotFound
        There is no such fleet.
    InvalidRequest
        The age is below `SHORTEST_HOURS`.
    StorageFull, StorageError, TryAgain
        What is not done yet is left as it was.
    """
    if keep_hours < SHORTEST_HOURS:
        raise InvalidRequest(
            f"files younger than {SHORTEST_HOURS:g} hours may be somebody's work: "
            f"{keep_hours:g} is too few.",
        )
    progress = progress or Silent()
    steps = steps or Plain()
    begun = steps.run("begin", _Begun, lambda: _begin(site, fleet))
    progress.step("Putting files together", total=len(begun.fleets))
    reports = []
    for name in begun.fleets:
        work = partial(_compacted, site, name, begun.run, keep_hours)
        reports.append(steps.run(f"compact {name}", CompactReport, work))
        progress.advance()
    return reports


def _begin(site: Site, fleet: str | None) -> _Begun:
    if fleet is not None:
        site.require_fleet(fleet_name(fleet))
    fleets = site.lake.fleets() if fleet is None else [fleet_name(fleet)]
    return _Begun(run=new_id("cmp"), fleets=tuple(fleets))


def _compacted(site: Site, fleet: str, run: str, keep_hours: float) -> CompactReport:
    size = site.lake.size(fleet)
    readings, scores = site.lake.compact(fleet, run=run)
    deleted = site.lake.clean(fleet, keep_hours)
    return CompactReport(
        fleet=fleet,
        files_before=readings.before + scores.before,
        files_after=readings.after + scores.after,
        deleted=len(deleted),
        freed=size - site.lake.size(fleet),
    )
