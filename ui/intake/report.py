"""What bringing files in came to, in words."""

from __future__ import annotations

import streamlit as st

from appliance.client import Plant
from appliance.schemas.ingest import FileReport, FileStatus, IngestReport
from appliance.schemas.job import Job
from ui import formats, frame, theme
from ui.components.briefs import Brief, briefs
from ui.components.figures import Figure, figures
from ui.components.table import Cell, Column, Row, table
from ui.intake import words
from ui.text import t

_REASONS = 8
_COLOURS = {
    FileStatus.ADDED: "#0B8F6B",
    FileStatus.ALREADY_THERE: "#8593AB",
    FileStatus.REJECTED: "",
}


def report(plant: Plant, job: Job) -> None:
    """Draw what a job of the pipeline ``ingest`` brought."""
    told = IngestReport.model_validate(job.result)
    with st.container(border=True):
        st.markdown(f"**{t('data.report')}**")
        st.text(_sentence(told))
        figures(
            [
                Figure(t("data.readings"), formats.number(told.rows)),
                Figure(t("data.machines"), formats.number(told.assets)),
                Figure(t("data.sensors"), formats.number(told.sensors)),
                Figure(t("data.refused"), formats.number(told.quarantined)),
            ]
        )
        columns = [
            Column(t("data.file")),
            Column(t("data.outcome")),
            Column(t("data.readings"), "number"),
            Column(t("data.refused"), "number"),
        ]
        rows = [_row(one, number) for number, one in enumerate(told.files)]
        table(columns, rows, label=t("data.report"), key="report_files")
    if told.quarantined:
        _refused(plant, told)


def _sentence(told: IngestReport) -> str:
    if not told.rows:
        return t("data.report_nothing", fleet=told.fleet)
    return t(
        "data.report_text",
        rows=formats.number(told.rows),
        fleet=told.fleet,
        assets=formats.number(told.assets),
        sensors=formats.number(told.sensors),
    )


def _row(one: FileReport, number: int) -> Row:
    status = one.status
    colour = _COLOURS[status] or theme.tokens()["act"]
    name = status.value.replace(" ", "_")
    why = one.reason if status is FileStatus.REJECTED else ""
    return Row(
        f"{number}",
        [
            Cell(one.path),
            Cell(t(f"data.status_{name}"), why, colour=colour),
            Cell(formats.number(one.rows + one.corrected)),
            Cell(formats.number(one.quarantined)),
        ],
    )


def _refused(plant: Plant, told: IngestReport) -> None:
    batches = {one.batch for one in told.files}
    found = plant.fleet(told.fleet).refusals()
    lines = []
    for one in found.reasons:
        mine = [sample for sample in one.samples if sample.batch in batches]
        if not mine:
            continue
        text = words.reason(one.reason)
        first = t("data.sample_at", file=mine[0].file, row=formats.number(mine[0].row))
        lines.append(
            Brief(
                f"{one.column}: {text}" if one.column else text,
                f"{first}: {mine[0].value}" if mine[0].value else first,
                formats.number(one.count),
                f"/data?part=refused&fleet={told.fleet}",
            )
        )
    with st.container(border=True):
        st.markdown(f"**{t('data.refused_why')}**")
        briefs(lines[:_REASONS], label=t("data.refused_why"), key="report_refused")
        label = t("data.to_refused")
        frame.link("data", label, ":material/arrow_forward:", part="refused", fleet=told.fleet)
