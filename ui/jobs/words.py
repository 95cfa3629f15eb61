"""Jobs as people read them: what each does, how far it is, how it ended, what it made."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from appliance.schemas.job import Job, JobState, JobStep
from ui import formats
from ui.text import known, t

ACTIVE = (JobState.RUNNING, JobState.CANCELLING, JobState.QUEUED)
AT_WORK = (JobState.RUNNING, JobState.CANCELLING)
OVER = (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)
_LONGEST = 120


def pipeline(name: str) -> str:
    """Return what a pipeline is called."""
    if known(f"jobs.pipeline_{name}"):
        return t(f"jobs.pipeline_{name}")
    return name.replace("_", " ").capitalize()


def title(job: Job) -> str:
    """Return what a job does, and to what."""
    of = job.fleet or t("jobs.whole_site")
    return t("jobs.of", pipeline=pipeline(job.pipeline), fleet=of)


def step(name: str) -> str:
    """Return what a step is called; some carry the name of what they are about."""
    word, _, rest = name.partition(" ")
    whole = name.replace(" ", "_")
    if known(f"jobs.step_{whole}"):
        return t(f"jobs.step_{whole}")
    if known(f"jobs.step_{word}"):
        return f"{t(f'jobs.step_{word}')} {rest}".strip()
    return name


def argument(name: str) -> str:
    """Return what an argument is called."""
    if known(f"jobs.argument_{name}"):
        return t(f"jobs.argument_{name}")
    return name.replace("_", " ").capitalize()


def option(value: str) -> str:
    """Return one of the words that an argument may be."""
    key = value.replace(" ", "_")
    return t(f"jobs.option_{key}") if known(f"jobs.option_{key}") else value


def arguments(told: Mapping[str, Any], zone: ZoneInfo) -> list[tuple[str, str]]:
    """Return arguments and their values in words."""
    return [(argument(name), _value(value, zone)) for name, value in told.items()]


def _value(value: Any, zone: ZoneInfo) -> str:
    if value is None:
        return t("jobs.as_usual")
    if isinstance(value, bool):
        return t("jobs.yes") if value else t("jobs.no")
    if isinstance(value, str):
        moment = _moment(value)
        return formats.at(moment, zone) if moment else option(value)
    if isinstance(value, int | float):
        return f"{value:g}"
    if isinstance(value, Sequence):
        return ", ".join(_value(one, zone) for one in value) or "–"
    return json.dumps(value, ensure_ascii=False)[:_LONGEST]


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


# ---------------------------------------------------------------- how far
def took(job: Job, now: datetime) -> timedelta | None:
    """Return how long a job took, or has been at work."""
    if job.started is None:
        return None
    return max((job.ended or now) - job.started, timedelta(0))


def current(job: Job) -> JobStep | None:
    """Return the step that a job is in."""
    return next((one for one in job.steps if one.state is JobState.RUNNING), None)


def done(one: JobStep) -> float | None:
    """Return the share of a step that is done; None where nobody knows."""
    return min(one.done / one.total, 1.0) if one.total else None


def progress(one: JobStep) -> str:
    """Return how far a step is."""
    if one.total:
        n, m = formats.number(one.done), formats.number(one.total)
        return t("jobs.done_of", n=n, m=m)
    return formats.number(one.done) if one.done else ""


def left(job: Job, earlier: Sequence[Job], now: datetime) -> timedelta | None:
    """Return how much longer a job will take, by its step and by those before it.

    Parameters
    ----------
    earlier
        Jobs of the same kind that succeeded.
    """
    lasted = took(job, now)
    if lasted is None or job.state is not JobState.RUNNING:
        return None
    times = [took(one, now) for one in earlier]
    usual = [one.total_seconds() for one in times if one is not None]
    if usual and median(usual) > lasted.total_seconds():
        return timedelta(seconds=median(usual)) - lasted
    one = current(job)
    share = done(one) if one else None
    if one is None or not share or one.started is None:
        return None
    return (now - one.started) * ((1 - share) / share)


# ---------------------------------------------------------------- what it made
@dataclass(frozen=True)
class Made:
    """Something that a job gave: in words, and where it is looked at."""

    text: str
    below: str = ""
    address: str = ""


def made(job: Job) -> list[Made]:
    """Return what a job gave."""
    told = job.result if isinstance(job.result, dict) else {}
    found: list[Made] = []
    fleet = job.fleet or ""
    version = told.get("version")
    if job.fleet and isinstance(version, int) and job.pipeline != "score":
        address = f"/model?{urlencode({'fleet': fleet, 'version': version})}"
        found.append(Made(t("jobs.made_version", n=version), fleet, address))
    if job.pipeline == "score" and job.state is JobState.SUCCEEDED:
        address = f"/events?fleet={quote(fleet)}"
        found.append(Made(t("jobs.made_events"), fleet, address))
    backtest = told.get("backtest") or (told.get("id") if job.pipeline == "backtest" else None)
    if isinstance(backtest, str):
        address = f"/backtest?{urlencode({'fleet': fleet, 'id': backtest})}"
        found.append(Made(t("jobs.made_backtest"), fleet, address))
    if job.pipeline == "ingest" and job.state is JobState.SUCCEEDED:
        address = f"/data?fleet={quote(fleet)}"
        found.append(Made(t("jobs.made_readings"), fleet, address))
    if job.pipeline == "report" and isinstance(told.get("path"), str):
        found.append(Made(t("jobs.made_file"), told["path"]))
    return found


def _figure(name: str) -> str:
    key = f"jobs.figure_{name}"
    return t(key) if known(key) else name.replace("_", " ")


def figures(job: Job) -> list[tuple[str, str]]:
    """Return the plain figures of what a job gave."""
    told = job.result if isinstance(job.result, dict) else {}
    return [
        (_figure(name), formats.number(value, 0 if isinstance(value, int) else 2))
        for name, value in told.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
        if name != "version"
    ]
