"""The platform: what needs care, what the machine does now and did, and how jobs fared."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.client import Plant
from appliance.schemas.platform import (
    Cluster,
    Host,
    Platform,
    PlatformHistory,
    ProcessRole,
    Queue,
    Trouble,
)
from ui import api, controls, formats, frame, theme
from ui.components.briefs import Brief, briefs
from ui.components.figures import Figure, figures
from ui.components.plot import plot
from ui.components.table import Cell, Column, Row, table
from ui.platform import charts, work
from ui.platform.words import cores, part_name, remedy_of, role_name, text_of
from ui.text import t
from ui.views.platform_cost import show_cost
from ui.views.platform_jobs import show_jobs

_PARTS = ("now", "history", "jobs", "cost")
_RANGES = {"6h": 6, "24h": 24, "7d": 7 * 24, "30d": 30 * 24, "1y": 365 * 24}
_EVERY = "15s"
_WIDTH = 360
_HISTORY_HEIGHT = 170


def show() -> None:
    """Draw the part of the page that the address asks for."""
    plant = api.plant()
    zone = plant.zone()
    told = plant.platform.get()
    operates = told.host is not None
    part, hours = _head(operates=operates)
    if part == "history":
        st.fragment(run_every=_EVERY)(_history)(plant, zone, hours)
    elif part == "jobs":
        show_jobs(plant, zone, hours)
    elif part == "cost":
        show_cost(plant, zone, operates=operates)
    else:
        st.fragment(run_every=_EVERY)(_now)(plant, zone)


def _head(*, operates: bool) -> tuple[str, int]:
    """Draw title and controls; return the part and the hours that the address asks for."""
    parts = _PARTS if operates else ("now", "jobs", "cost")
    hours = 0
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(t("platform.title"), anchor=False, width="stretch")
        part = controls.segments(
            "part",
            parts,
            "now",
            label=t("platform.part"),
            words=lambda name: t(f"platform.part_{name}"),
            clears=("range", "by", "month"),
        )
        if part in ("history", "jobs"):
            usual = "24h" if part == "history" else "30d"
            options = list(_RANGES) if part == "history" else ["7d", "30d", "1y"]
            chosen = controls.segments(
                "range",
                options,
                usual,
                label=t("platform.range"),
                words=lambda name: t(f"platform.range_{name}"),
            )
            hours = _RANGES[chosen]
    return part, hours


# ---------------------------------------------------------------- now
def _now(plant: Plant, zone: ZoneInfo) -> None:
    with frame.troubles():
        told = plant.platform.get()
        figures(_figures(told))
        _troubles(told.troubles, operates=told.host is not None)
        if told.host is None:
            st.caption(t("platform.reader"))
            return
        left, right = st.columns([7, 4], gap="small")
        with left:
            work.workers(told.workers, told.at)
            work.sources(plant, told.at, zone)
            _roles(told.roles, told.host, zone)
            _cluster(told.cluster, zone)
        with right:
            _home(told)
            _machine(told, told.host, zone)


def _figures(told: Platform) -> list[Figure]:
    host, queue = told.host, told.queue
    if host is None:
        return _queue(queue)
    memory = host.memory_used_bytes / host.memory_bytes
    disk = 1 - host.disk_free_bytes / host.disk_bytes
    return [
        Figure(
            t("platform.cpu"),
            formats.share(host.cpu_ratio),
            t("platform.of_cores", n=host.cpus),
        ),
        Figure(
            t("platform.memory"),
            formats.share(memory),
            t("platform.of", size=formats.size(host.memory_bytes)),
        ),
        Figure(
            t("platform.disk"),
            formats.share(disk),
            t("platform.free", size=formats.size(host.disk_free_bytes)),
        ),
        *_queue(queue)[:2],
    ]


def _queue(queue: Queue) -> list[Figure]:
    return [
        Figure(
            t("platform.jobs"),
            formats.number(queue.running),
            t("platform.queued", n=formats.number(queue.queued)),
        ),
        Figure(
            t("platform.workers"),
            formats.number(queue.workers),
            t("platform.at_once", n=formats.number(queue.workers * queue.at_once)),
        ),
        Figure(t("platform.failed"), formats.number(queue.failed), t("platform.within_day")),
    ]


def _troubles(found: Sequence[Trouble], *, operates: bool) -> None:
    """Draw what needs care and what to do about it, or that nothing does."""
    colours = theme.tokens()
    severities = {"broken": "act", "warning": "plan", "note": "quiet"}
    with st.container(border=True):
        st.markdown(f"**{t('platform.care')}**")
        lines = [
            Brief(
                f"{one.site}: {text_of(one)}" if one.site else text_of(one),
                remedy_of(one) if operates else t("platform.tell_operator"),
                t(f"platform.severity_{one.severity}"),
                colour=colours[severities[one.severity]],
            )
            for one in found
        ]
        if not lines:
            lines = [Brief(t("platform.healthy"), colour=theme.CATEGORIES[2])]
        briefs(lines, label=t("platform.care"), key="care", wraps=True)
        if operates:
            st.caption(t("platform.doctor"))


def _roles(found: Sequence[ProcessRole], host: Host, zone: ZoneInfo) -> None:
    with st.container(border=True):
        st.markdown(f"**{t('platform.processes')}**")
        table(
            [
                Column(t("platform.process")),
                Column(t("platform.cores"), "number"),
                Column(t("platform.memory"), "number"),
                Column(t("platform.since"), "number"),
            ],
            [_role(one, host, zone) for one in found],
            label=t("platform.processes"),
            key="roles",
        )


def _role(one: ProcessRole, host: Host, zone: ZoneInfo) -> Row:
    colours = theme.tokens()
    up = one.processes > 0
    used = one.cpu_cores
    return Row(
        one.role,
        [
            Cell(
                role_name(one.role),
                t(f"platform.role_{one.role}_does"),
                colour=theme.CATEGORIES[2] if up else colours["quiet"],
            ),
            Cell(
                cores(used) if up else "–",
                share=None if used is None else min(used / host.cpus, 1.0),
            ),
            Cell(
                formats.size(one.memory_bytes) if up else "–",
                share=one.memory_bytes / host.memory_bytes if up else None,
            ),
            Cell(formats.at(one.since, zone) if up else t("platform.not_here")),
        ],
    )


def _cluster(cluster: Cluster | None, zone: ZoneInfo) -> None:
    with st.container(border=True):
        st.markdown(f"**{t('platform.cluster')}**")
        if cluster is None:
            st.caption(t("platform.no_cluster"))
            return
        if cluster.asleep:
            st.caption(t("platform.cluster_asleep"))
            return
        if not cluster.nodes:
            st.text(cluster.address)
            st.caption(t("platform.cluster_elsewhere"))
            return
        colours = theme.tokens()
        table(
            [
                Column(t("platform.node")),
                Column(t("platform.tasks"), "number"),
                Column(t("platform.reserved"), "number"),
            ],
            [
                Row(
                    f"{number}",
                    [
                        Cell(
                            one.name,
                            one.address if one.alive else t("platform.node_lost"),
                            colour=theme.CATEGORIES[2] if one.alive else colours["act"],
                        ),
                        Cell(
                            t("platform.used_of", n=f"{one.cpus_used:g}", m=f"{one.cpus:g}"),
                            share=one.cpus_used / one.cpus if one.cpus else None,
                        ),
                        Cell(
                            formats.size(one.memory_used_bytes),
                            t("platform.of", size=formats.size(one.memory_bytes)),
                        ),
                    ],
                )
                for number, one in enumerate(cluster.nodes)
            ],
            label=t("platform.cluster"),
            key="nodes",
        )
        if cluster.at is not None:
            st.caption(t("platform.looked_at", at=formats.at(cluster.at, zone)))


def _home(told: Platform) -> None:
    with st.container(border=True):
        st.markdown(f"**{t('platform.home')}**")
        if not told.parts:
            st.caption(t("platform.not_measured"))
            return
        whole = sum(one.size_bytes for one in told.parts) or 1
        table(
            [Column(t("platform.part_of_home")), Column(t("platform.takes"), "number")],
            [
                Row(
                    one.part,
                    [
                        Cell(part_name(one.part)),
                        Cell(formats.size(one.size_bytes), share=one.size_bytes / whole),
                    ],
                )
                for one in sorted(told.parts, key=lambda one: -one.size_bytes)
                if one.size_bytes
            ],
            label=t("platform.home"),
            key="parts",
        )


def _machine(told: Platform, host: Host, zone: ZoneInfo) -> None:
    with st.container(border=True):
        st.markdown(f"**{t('platform.machine')}**")
        kinds = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
        lines = [
            Brief(t("platform.name"), beside=host.name),
            Brief(t("platform.system"), beside=host.system),
            Brief(t("platform.started"), beside=formats.at(host.started, zone)),
            Brief(t("platform.load"), beside=formats.number(host.load, 2)),
            Brief(t("platform.database"), beside=kinds.get(told.database or "", "–")),
            Brief(t("platform.version"), beside=told.version),
        ]
        briefs(lines, label=t("platform.machine"), key="machine")


# ---------------------------------------------------------------- over time
def _history(plant: Plant, zone: ZoneInfo, hours: int) -> None:
    with frame.troubles():
        told = plant.platform.get()
        start = told.at - timedelta(hours=hours)
        found = plant.platform.history(charts.METRICS, start=start, end=told.at, width=_WIDTH)
        drawn = charts.charts(found, told)
        for pair in zip(drawn[::2], [*drawn[1::2], None], strict=False):
            for column, one in zip(st.columns(2, gap="small"), pair, strict=True):
                if one is not None:
                    with column.container(border=True):
                        _chart(one, found, zone)
        st.caption(t("platform.step", span=formats.span(timedelta(seconds=found.step_seconds))))


def _chart(one: charts.Chart, found: PlatformHistory, zone: ZoneInfo) -> None:
    title = t(f"platform.chart_{one.name}")
    st.markdown(f"**{title}** · {one.unit}" if one.unit else f"**{title}**")
    plot(
        list(found.times),
        one.curves,
        label=title,
        key=f"chart_{one.name}",
        unit=one.unit,
        zone=zone,
        height=_HISTORY_HEIGHT,
        stacked=one.stacked,
        low=0.0,
        high=one.high,
    )
