"""Who is at what: workers and their jobs, and the sources that need somebody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.client import Plant
from appliance.schemas.platform import JobNow, WorkerNow
from appliance.schemas.source import Source, SourceState
from ui import formats, theme, wrong
from ui.components.table import Cell, Column, Row, table
from ui.jobs import words
from ui.text import t


def workers(found: Sequence[WorkerNow], at: datetime) -> None:
    """Draw every worker with the jobs that it is at."""
    with st.container(border=True):
        st.markdown(f"**{t('platform.at_work')}**")
        if not found:
            st.caption(t("platform.no_workers"))
            return
        table(
            [Column(t(f"platform.{name}")) for name in ("worker", "job", "at_step", "lasts")],
            [row for one in found for row in _rows(one, at)],
            label=t("platform.at_work"),
            key="workers",
        )


def _rows(worker: WorkerNow, at: datetime) -> list[Row]:
    name = worker.name or t("platform.no_worker")
    seen = "" if worker.seen is None else formats.ago(worker.seen, at)
    if not worker.jobs:
        idle = t("platform.idle")
        return [
            Row(f"{worker.name}-idle", [Cell(name, seen), Cell(idle), Cell("–"), Cell("–")])
        ]
    return [
        Row(one.id, [Cell(name, seen) if first else Cell(""), *_job(one, at)])
        for first, one in zip([True] + [False] * len(worker.jobs), worker.jobs, strict=False)
    ]


def _job(one: JobNow, at: datetime) -> list[Cell]:
    share = min(one.done / one.total, 1.0) if one.total else None
    done = ""
    if one.total:
        n, m = formats.number(one.done), formats.number(one.total)
        done = t("jobs.done_of", n=n, m=m)
    lasts = "–" if one.started is None else formats.span(at - one.started)
    return [
        Cell(words.pipeline(one.pipeline), one.fleet or "", address=f"/job?id={quote(one.id)}"),
        Cell(words.step(one.step) if one.step else "–", done, share=share),
        Cell(lasts),
    ]


def sources(plant: Plant, at: datetime, zone: ZoneInfo) -> None:
    """Draw the sources that fail, and why; nothing where none does."""
    failing = [one for one in plant.sources.list() if one.state is SourceState.FAILING]
    if not failing:
        return
    with st.container(border=True):
        st.markdown(f"**{t('platform.failing_sources')}**")
        names = ("source", "why", "since_then")
        table(
            [Column(t(f"platform.{name}")) for name in names],
            [Row(one.name, _source(one, at, zone)) for one in failing],
            label=t("platform.failing_sources"),
            key="failing_sources",
        )


def _source(one: Source, at: datetime, zone: ZoneInfo) -> list[Cell]:
    came = "–" if one.came is None else formats.ago(one.came, at)
    last = "" if one.came is None else formats.at(one.came, zone)
    times = t("platform.times_failed", n=formats.number(one.failures))
    error = wrong.of_source(one)
    told = None if error is None else wrong.told(error)
    why = told.text or told.title if told else one.error
    address = f"/data?part=sources&fleet={quote(one.fleet)}"
    return [
        Cell(one.name, one.fleet, address=address, colour=theme.tokens()["act"]),
        Cell(why, f"{times} {told.remedy if told else ''}".strip(), title=one.error),
        Cell(came, last),
    ]
