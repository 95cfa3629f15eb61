"""The way of a reading: ingest, train, score, promote, rollback, report."""

from __future__ import annotations

from datetime import timedelta

from appliance.jobs.terms import Terms
from appliance.schemas.access import Right
from appliance.schemas.pipelines import (
    IngestArguments,
    NoArguments,
    PromoteArguments,
    ReportArguments,
    ScoreArguments,
    TrainArguments,
)

TERMS = (
    Terms(
        name="ingest",
        summary="Bring files from the import folders into a fleet.",
        arguments=IngestArguments,
        right=Right.INGEST,
        lane="ingest",
        timeout=timedelta(hours=24),
        essential=True,
    ),
    Terms(
        name="train",
        summary="Learn what is normal for every asset of a fleet.",
        arguments=TrainArguments,
        right=Right.TRAIN,
        lane="train",
        timeout=timedelta(hours=24),
    ),
    Terms(
        name="score",
        summary="Judge what is new in a fleet, and bring its events up to that.",
        arguments=ScoreArguments,
        right=Right.SCORE,
        lane="score",
        essential=True,
    ),
    Terms(
        name="promote",
        summary="Say which version of a fleet's model alarms.",
        arguments=PromoteArguments,
        right=Right.PROMOTE,
        essential=True,
        lane="promote",
        timeout=timedelta(minutes=10),
    ),
    Terms(
        name="rollback",
        summary="Go back to the version that alarmed before.",
        arguments=NoArguments,
        right=Right.PROMOTE,
        essential=True,
        lane="promote",
        timeout=timedelta(minutes=10),
    ),
    Terms(
        name="report",
        summary="Write the page of a fleet into the home's folder of reports.",
        arguments=ReportArguments,
        right=Right.READ,
        timeout=timedelta(hours=2),
    ),
)
