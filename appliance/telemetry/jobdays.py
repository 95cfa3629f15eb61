"""Jobs by the day on which they ended: how many, how they ended, and how long they took."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from statistics import median
from zoneinfo import ZoneInfo

from appliance.jobs.store.figures import Ended
from appliance.schemas.job import JobState
from appliance.schemas.platform import JobDay


def by_day(ended: Iterable[Ended], zone: ZoneInfo) -> tuple[JobDay, ...]:
    """Return what became of jobs, by day and pipeline.

    Parameters
    ----------
    zone
        Whose midnight ends a day.
    """
    found: dict[tuple[date, str], list[Ended]] = {}
    for one in ended:
        key = one.ended.astimezone(zone).date(), one.pipeline
        found.setdefault(key, []).append(one)
    return tuple(_day(*key, own) for key, own in sorted(found.items()))


def _day(day: date, pipeline: str, own: list[Ended]) -> JobDay:
    counts = {state: sum(one.state is state for one in own) for state in JobState}
    good = [one for one in own if one.state is JobState.SUCCEEDED]
    took = [(one.ended - one.started).total_seconds() for one in good if one.started]
    waited = [(one.started - one.created).total_seconds() for one in own if one.started]
    return JobDay(
        day=day,
        pipeline=pipeline,
        succeeded=counts[JobState.SUCCEEDED],
        failed=counts[JobState.FAILED],
        cancelled=counts[JobState.CANCELLED],
        seconds=max(median(took), 0.0) if took else None,
        longest_seconds=max(*took, 0.0) if took else None,
        waited_seconds=max(median(waited), 0.0) if waited else None,
    )
