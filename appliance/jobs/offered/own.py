"""Pipelines of the site's own people."""

from __future__ import annotations

from datetime import timedelta

from appliance.jobs.terms import Place, Terms
from appliance.schemas.access import Right
from appliance.schemas.own import RunArguments

TERMS = (
    Terms(
        name="run",
        summary="Run a pipeline of one's own, step by step.",
        arguments=RunArguments,
        right=Right.TRAIN,
        place=Place.EITHER,
        timeout=timedelta(hours=72),
    ),
)
