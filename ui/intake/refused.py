"""Rows and cells that were refused: why, where, and what stood there."""

from __future__ import annotations

import html
from collections.abc import Sequence
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.client import Plant
from appliance.schemas.arrival import RefusedFor
from appliance.schemas.fleet import FleetSummary
from appliance.schemas.ingest import Refused
from ui import formats, frame, state, theme
from ui.components.figures import Figure, figures
from ui.components.table import Cell, Column, Row, table
from ui.intake import words
from ui.text import t

_MOST = 200


def show(plant: Plant, fleet: FleetSummary) -> None:
    """Draw what was refused of a fleet's files, by reason."""
    told = plant.fleet(fleet.fleet).refusals()
    if not told.total:
        frame.empty(t("data.none_refused"), t("data.none_refused_text"), ":material/done_all:")
        return
    zone = plant.zone()
    figures(
        [
            Figure(t("data.refused"), formats.number(told.total), t("data.refused_note")),
            Figure(t("data.reasons"), formats.number(len(told.reasons))),
            Figure(
                t("data.last_refused"),
                formats.at(max(one.latest for one in told.reasons), zone),
            ),
        ]
    )
    chosen = state.get("reason")
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{t('data.refused_why')}**", width="stretch")
            st.html(_download(fleet.fleet, ""), width="content")
        _reasons(told.reasons, fleet.fleet, chosen, zone)
    if chosen in {one.reason for one in told.reasons}:
        _rows(plant, fleet.fleet, chosen)


def _reasons(reasons: Sequence[RefusedFor], fleet: str, chosen: str, zone: ZoneInfo) -> None:
    columns = [
        Column(t("data.reason")),
        Column(t("data.column")),
        Column(t("data.count"), "number"),
        Column(t("data.files"), "number"),
        Column(t("data.last_refused")),
        Column(t("data.samples")),
    ]
    colour = theme.tokens()["accent"]
    rows = []
    for number, one in enumerate(reasons):
        query = urlencode({"part": "refused", "fleet": fleet, "reason": one.reason})
        values = dict.fromkeys(sample.value for sample in one.samples if sample.value)
        samples = ", ".join(values)
        rows.append(
            Row(
                f"{number}",
                [
                    Cell(
                        words.reason(one.reason),
                        address=f"/data?{query}",
                        colour=colour if one.reason == chosen else "",
                    ),
                    Cell(one.column or "–"),
                    Cell(formats.number(one.count)),
                    Cell(formats.number(one.files)),
                    Cell(formats.at(one.latest, zone)),
                    Cell(samples or "–"),
                ],
            )
        )
    table(columns, rows, label=t("data.refused_why"), key="reasons")


def _rows(plant: Plant, fleet: str, reason: str) -> None:
    found = list(plant.fleet(fleet).quarantine(limit=_MOST, reason=reason))
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{t('data.refused_rows')}**", width="stretch")
            st.html(_download(fleet, reason), width="content")
        st.text(words.reason(reason))
        columns = [
            Column(t("data.file")),
            Column(t("data.row"), "number"),
            Column(t("data.column")),
            Column(t("data.value")),
        ]
        rows = [_row(one, number) for number, one in enumerate(found)]
        table(columns, rows, label=t("data.refused_rows"), key="refused_rows")
        if len(found) == _MOST:
            st.caption(t("data.first_shown", n=formats.number(_MOST)))


def _row(one: Refused, number: int) -> Row:
    where = formats.number(one.row) if one.row else t("data.whole")
    return Row(
        f"{number}",
        [Cell(one.file), Cell(where), Cell(one.column or "–"), Cell(one.value or "–")],
    )


def _download(fleet: str, reason: str) -> str:
    """Return a link to what was refused as a file, straight from the site."""
    query = f"?{urlencode({'reason': reason})}" if reason else ""
    address = html.escape(f"/api/v1/fleets/{fleet}/quarantine/file{query}")
    colours = theme.tokens()
    style = (
        f"display:inline-block;padding:5px 12px;border:1px solid {colours['border']};"
        f"border-radius:6px;color:{colours['text']};text-decoration:none;white-space:nowrap;"
        "font-size:12.5px;line-height:1.6"
    )
    return f'<a href="{address}" download style="{style}">{html.escape(t("data.download"))}</a>'
