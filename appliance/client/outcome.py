"""What a job came to: its result, or the error that it ended with."""

from __future__ import annotations

from typing import Any

from appliance.client.problems import named
from appliance.core.errors import Conflict, KizashiError, TryAgain
from appliance.schemas.job import Job, JobState


def outcome(job: Job) -> Any:
    """Return what a job's pipeline gave.

    Raises
    ------
    KizashiError
        The job's own error, if it failed.
    Conflict
        It was cancelled.
    TryAgain
        It is not over yet.
    """
    if job.state is JobState.SUCCEEDED:
        return job.result
    if job.state is JobState.CANCELLED:
        raise Conflict(f"job {job.id} was cancelled.", remedy="Begin it again: retry.")
    if not job.state.over:
        raise TryAgain(f"job {job.id} is {job.state.value}.", remedy="Wait for it.")
    raise failure(job)


def failure(job: Job) -> KizashiError:
    """Return the error that a job failed with."""
    kind = named(job.error_kind) or KizashiError
    return kind(job.error or f"job {job.id} failed.", remedy=job.remedy)
