"""What one job costs: before it is asked for, while it runs, and when it is over."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from appliance.client import Plant
from appliance.core.errors import KizashiError, NotFound
from appliance.schemas.cost import RunCost
from appliance.schemas.job import Job
from ui import api, formats
from ui.components.figures import Figure
from ui.platform import cost
from ui.text import t


def figure(plant: Plant, job: Job) -> Figure:
    """Return what a job has cost so far, and what had been expected of it."""
    try:
        paid = plant.costs.of_job(job.id)
    except NotFound:  # it has not begun
        return Figure(t("cost.cost"), "–", t("cost.not_begun"))
    return Figure(t("cost.cost"), formats.money(paid.amount, paid.currency), _expected(paid))


def before(plant: Plant, pipeline: str, fleet: str | None) -> None:
    """Say how long a run will take and what it will cost."""
    try:
        found = api.once(
            f"estimate {pipeline} {fleet}", lambda: plant.costs.estimate(pipeline, fleet)
        )
    except KizashiError:  # the run can be asked for all the same
        return
    st.caption(cost.sentence(found))


def after(plant: Plant, job: str) -> None:
    """Say how long a run took and what it cost."""
    try:
        paid = plant.costs.of_job(job)
    except KizashiError:  # it ran before anything was measured
        return
    told = t(
        "cost.took",
        span=_span(paid.wall_seconds),
        amount=formats.money(paid.amount, paid.currency),
    )
    st.caption(formats.sentences([told, *filter(None, [_expected(paid)])]))


def _expected(paid: RunCost) -> str:
    if paid.estimated_seconds is None or paid.estimated_amount is None:
        return ""
    return t(
        "cost.expected",
        span=_span(paid.estimated_seconds),
        amount=formats.money(paid.estimated_amount, paid.currency),
    )


def _span(seconds: float) -> str:
    return formats.span(timedelta(seconds=round(seconds)))
