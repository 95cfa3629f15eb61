"""What became of jobs: by day, and by what they did."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.client import Plant
from appliance.schemas.platform import JobDay, Queue
from ui import formats, frame, theme
from ui.components.figures import Figure, figures
from ui.components.plot import Curve, plot
from ui.components.table import Cell, Column, Row, table
from ui.jobs import words
from ui.text import t


def show_jobs(plant: Plant, zone: ZoneInfo, hours: int) -> None:
    """Draw what became of the jobs of the latest hours."""
    told = plant.platform.get()
    start = told.at - timedelta(hours=hours)
    first = start.astimezone(zone).date()
    found = plant.platform.jobs(start=datetime.combine(first, time(), zone), end=told.at).days
    figures(_outcomes(found, told.queue))
    if not found:
        frame.empty(
            t("platform.no_jobs"), t("platform.no_jobs_text"), ":material/work_history:"
        )
        return
    last = told.at.astimezone(zone).date()
    days = [first + timedelta(days=day) for day in range((last - first).days + 1)]
    with st.container(border=True):
        st.markdown(f"**{t('platform.by_day')}**")
        plot(
            [datetime.combine(day, time(12), zone) for day in days],
            _bars(found, days),
            label=t("platform.by_day"),
            key="by_day",
            zone=zone,
            height=190,
            stacked=True,
            low=0.0,
        )
    with st.container(border=True):
        st.markdown(f"**{t('platform.by_pipeline')}**")
        _pipelines(found)


def _outcomes(found: Sequence[JobDay], queue: Queue) -> list[Figure]:
    good, bad = sum(one.succeeded for one in found), sum(one.failed for one in found)
    ended = sum(one.cancelled for one in found) + good + bad
    waited = [one.waited_seconds for one in found if one.waited_seconds is not None]
    usual = timedelta(seconds=sorted(waited)[len(waited) // 2]) if waited else None
    return [
        Figure(t("platform.ended"), formats.number(ended)),
        Figure(
            t("platform.succeeded"),
            formats.share(good / (good + bad) if good + bad else None, 1),
        ),
        Figure(t("platform.failed_jobs"), formats.number(bad)),
        Figure(t("platform.waited"), formats.span(usual), t("platform.waited_note")),
        Figure(
            t("platform.jobs"),
            formats.number(queue.running),
            t("platform.queued", n=formats.number(queue.queued)),
        ),
    ]


def _bars(found: Sequence[JobDay], days: Sequence[date]) -> list[Curve]:
    colours = theme.tokens()
    kinds = {
        "succeeded": theme.CATEGORIES[2],
        "failed": colours["act"],
        "cancelled": colours["quiet"],
    }
    curves = []
    for name, colour in kinds.items():
        counts = dict.fromkeys(days, 0.0)
        for one in found:
            if one.day in counts:
                counts[one.day] += getattr(one, name)
        label = t(f"jobs.state_{name}")
        curves.append(Curve(label, list(counts.values()), colour=colour, bars=True))
    return curves


def _pipelines(found: Sequence[JobDay]) -> None:
    names = sorted({one.pipeline for one in found}, key=words.pipeline)
    rows = []
    for name in names:
        own = [one for one in found if one.pipeline == name]
        took = sorted(one.seconds for one in own if one.seconds is not None)
        longest = max((one.longest_seconds or 0 for one in own), default=0.0)
        good, bad = sum(one.succeeded for one in own), sum(one.failed for one in own)
        rows.append(
            Row(
                name,
                [
                    Cell(words.pipeline(name), address=f"/jobs?pipeline={name}"),
                    Cell(formats.number(good)),
                    Cell(
                        formats.number(bad),
                        colour=theme.tokens()["act"] if bad else "",
                    ),
                    Cell(_span(took[len(took) // 2]) if took else "–"),
                    Cell(_span(longest) if took else "–"),
                ],
            )
        )
    table(
        [
            Column(t("platform.pipeline")),
            Column(t("jobs.state_succeeded"), "number"),
            Column(t("jobs.state_failed"), "number"),
            Column(t("platform.usual"), "number"),
            Column(t("platform.longest"), "number"),
        ],
        rows,
        label=t("platform.by_pipeline"),
        key="pipelines",
    )


def _span(seconds: float) -> str:
    return formats.span(timedelta(seconds=seconds))
