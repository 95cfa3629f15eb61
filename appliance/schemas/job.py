"""Jobs: one run of a pipeline, asked for by somebody or by a schedule."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import AwareDatetime, Field

from appliance.schemas.base import FleetName, Schema


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    CANCELLING = "cancelling"
    """Somebody asked for its end; its work is being stopped."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def over(self) -> bool:
        """Whether it changes no more, unless it is retried."""
        return self in {JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED}


class JobRequest(Schema):
    """What is asked for, in the fewest words that make sense.

    Attributes
    ----------
    pipeline
        Name of the pipeline, such as ``train``.
    fleet
        What it works on; none for a pipeline of the whole site.
    arguments
        The pipeline's own, each with a default: `GET /pipelines` describes them.
    over_budget
        Run it though the budget of this month is spent: the right ``operate`` is asked for.
    """

    pipeline: str = Field(min_length=1, max_length=40, examples=["train"])
    fleet: FleetName | None = Field(None, examples=["pumps"])
    arguments: dict[str, Any] = Field(default_factory=dict)
    over_budget: bool = False


class JobStep(Schema):
    """One named step of a job.

    Attributes
    ----------
    done, total
        Units of work; `total` is None where nobody knows.
    error
        Why it failed; empty if it did not.
    """

    number: int
    name: str
    state: JobState
    started: AwareDatetime | None = None
    ended: AwareDatetime | None = None
    done: int = 0
    total: int | None = None
    output: Any = None
    error: str = ""


class Job(Schema):
    """One run of a pipeline.

    Attributes
    ----------
    project
        Where rights on it are given: that of its fleet when it was asked for; None for a
        pipeline of the whole site.
    by
        Who asked; ``schedule:NAME`` for a schedule.
    attempt
        1, 2, …: how often it was begun, by itself or by somebody.
    result
        What the pipeline gave.
    error, remedy, error_kind
        Why it failed, what to do, and the class of `appliance.core.errors` that the error
        was of; empty if it did not.
    request
        Identifier of the request by which it was asked for: every line of the log that has to
        do with it carries it.
    trace
        Where tracing is on, its ``traceparent``.
    """

    id: str
    pipeline: str
    fleet: FleetName | None
    project: str | None
    arguments: dict[str, Any]
    state: JobState
    by: str
    created: AwareDatetime
    started: AwareDatetime | None = None
    ended: AwareDatetime | None = None
    attempt: int = 0
    worker: str | None = None
    schedule: str | None = None
    steps: tuple[JobStep, ...] = ()
    result: Any = None
    error: str = ""
    remedy: str = ""
    error_kind: str = ""
    request: str = ""
    trace: str = ""


class JobLogLine(Schema):
    """One line of what a job said while it ran."""

    number: int
    at: AwareDatetime
    level: str
    text: str
