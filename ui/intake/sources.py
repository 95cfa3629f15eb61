"""What came to a fleet, by whom and when, and how fresh each machine's data are."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.client import Plant
from appliance.core.clock import now
from appliance.schemas.arrival import Arrival
from appliance.schemas.fleet import Asset, FleetSummary
from ui import formats, frame, state
from ui.components.briefs import Brief, briefs
from ui.components.figures import Figure, figures
from ui.components.table import Cell, Column, Row, table
from ui.intake import live, words
from ui.text import t

_FEW, _MANY = 25, 200
_MACHINES = 12


def show(plant: Plant, fleet: FleetSummary) -> None:
    """Draw a fleet's sources, its batches and how fresh it is."""
    zone, most = plant.zone(), _MANY if state.get("many") else _FEW
    came = list(plant.fleet(fleet.fleet).batches(limit=most + 1))
    assets = sorted(plant.fleet(fleet.fleet).assets(), key=lambda one: one.end)
    figures(_figures(fleet, came, zone))
    live.show(plant, [one.fleet for one in plant.fleets()], fleet.fleet)
    left, right = st.columns([7, 3], gap="small")
    with left.container(border=True):
        st.markdown(f"**{t('data.came')}**")
        _batches(came[:most], fleet, zone)
        if len(came) > most and most == _FEW:
            st.button(t("data.more"), key="more_batches", on_click=lambda: state.put(many="1"))
    with right.container(border=True):
        st.markdown(f"**{t('data.freshness')}**")
        _fresh(assets, fleet, zone)


def _figures(fleet: FleetSummary, came: Sequence[Arrival], zone: ZoneInfo) -> list[Figure]:
    latest = came[0] if came else None
    live = fleet.time_kind == "time"
    last = words.moment(fleet.end, fleet.time_kind, zone)
    return [
        Figure(
            t("data.last_reading"),
            formats.ago(fleet.end, now()) if live else last,
            last if live else "",
        ),
        Figure(
            t("data.last_came"),
            formats.ago(latest.finished, now()) if latest else "–",
            formats.who(latest.by) if latest else "",
        ),
        Figure(
            t("data.readings"),
            formats.number(fleet.rows),
            words.spell(fleet.start, fleet.end, fleet.time_kind, zone),
        ),
        Figure(t("data.machines"), formats.number(fleet.assets)),
    ]


def _batches(came: Sequence[Arrival], fleet: FleetSummary, zone: ZoneInfo) -> None:
    columns = [
        Column(t("data.when")),
        Column(t("data.file")),
        Column(t("data.by")),
        Column(t("data.readings"), "number"),
        Column(t("data.range")),
        Column(t("data.refused"), "number"),
    ]
    rows = [_row(one, fleet, zone) for one in came]
    table(columns, rows, label=t("data.came"), key="batches")


def _row(one: Arrival, fleet: FleetSummary, zone: ZoneInfo) -> Row:
    refused = f"/data?part=refused&fleet={fleet.fleet}"
    corrected = t("data.corrected", n=formats.number(one.corrected)) if one.corrected else ""
    machines = t("data.of_machines", n=formats.number(one.assets)) if one.assets else ""
    return Row(
        one.batch,
        [
            Cell(formats.at(one.finished, zone)),
            Cell(one.file, t(f"data.way_{one.way}")),
            Cell(formats.who(one.by)),
            Cell(formats.number(one.rows), corrected),
            Cell(words.spell(one.start, one.end, fleet.time_kind, zone), machines),
            Cell(formats.number(one.quarantined), address=refused if one.quarantined else ""),
        ],
    )


def _fresh(assets: Sequence[Asset], fleet: FleetSummary, zone: ZoneInfo) -> None:
    st.caption(t("data.freshness_text"))
    lines = [
        Brief(
            one.asset,
            words.moment(one.end, fleet.time_kind, zone),
            formats.ago(one.end, now()) if fleet.time_kind == "time" else "",
            f"/asset?fleet={fleet.fleet}&asset={quote(one.asset, safe='')}",
        )
        for one in assets[:_MACHINES]
    ]
    briefs(lines, label=t("data.freshness"), key="freshness")
    if len(assets) > _MACHINES:
        st.caption(t("data.and_more", n=formats.number(len(assets) - _MACHINES)))
    frame.link("overview", t("data.to_overview"), ":material/arrow_forward:", fleet=fleet.fleet)
