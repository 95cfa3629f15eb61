"""Schedules: jobs that are asked for by the clock."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field, StringConstraints

from appliance.schemas.base import NAME_PATTERN, Schema
from appliance.schemas.job import JobRequest

ScheduleName = Annotated[str, StringConstraints(pattern=NAME_PATTERN, strip_whitespace=True)]


class CatchUp(StrEnum):
    """What becomes of times that passed while nothing could run."""

    SKIP = "skip"
    """They are left out."""
    LATEST = "latest"
    """One job makes up for all of them."""
    ALL = "all"
    """Each gets its job, up to 100 of them."""


class ScheduleDraft(Schema):
    """A schedule as somebody asks for it.

    Attributes
    ----------
    cron
        Minute, hour, day of month, month, day of week.
    zone
        Where the clock hangs that `cron` goes by; the site's zone if not given.
    request
        The job.
    """

    name: ScheduleName = Field(examples=["weekly"])
    cron: str = Field(max_length=200, examples=["0 3 * * 1"])
    zone: str | None = None
    catch_up: CatchUp = CatchUp.LATEST
    paused: bool = False
    request: JobRequest


class Schedule(ScheduleDraft):
    """A schedule with its life.

    Attributes
    ----------
    project
        Where rights on it are given: that of its fleet.
    following
        When it is due next; None while it is paused.
    last
        The time that last led to a job.
    """

    zone: str
    project: str | None
    revision: int
    created: AwareDatetime
    created_by: str
    updated: AwareDatetime
    updated_by: str
    following: AwareDatetime | None = None
    last: AwareDatetime | None = None
    last_job: str | None = None
