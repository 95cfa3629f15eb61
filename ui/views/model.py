"""One version of a fleet's model: what it learned from, how it judges, what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from urllib.parse import quote
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.client import Plant
from appliance.client.fleet import Fleet
from appliance.schemas.fleet import FleetSummary
from appliance.schemas.model import (
    CHALLENGER,
    CHAMPION,
    Disagreement,
    ModelAsset,
    ModelComparison,
    ModelTold,
)
from ui import api, controls, formats, frame, state, theme
from ui.components.facts import Fact, facts
from ui.components.figures import Figure, figures
from ui.components.table import Cell, Column, Row, table
from ui.learning import deeds
from ui.learning.why import why_panel
from ui.learning.words import called, reasons, told
from ui.text import language, t

_PARTS = ("about", "machines", "against")
_MOST = 1_000
_LATEST = 2**31 - 1


def show() -> None:
    """Draw the version that the address names."""
    plant = api.plant()
    name, number = state.get("fleet"), state.number("version", 0, 0, _LATEST)
    fleet = next((one for one in plant.fleets() if one.fleet == name), None)
    if fleet is None or not number:
        frame.head(t("model.title"))
        frame.empty(t("model.none_title"), t("model.none_text"), ":material/model_training:")
        return
    handle, zone = plant.fleet(name), plant.zone()
    version = handle.model(number)
    _head(plant, handle, fleet, version)
    figures(_figures(version, zone))
    part = controls.segments(
        "part",
        _PARTS,
        _PARTS[0],
        label=t("model.part"),
        words=lambda word: t(f"model.part_{word}"),
    )
    if part == "machines":
        found = list(islice(handle.model_assets(number, language=language()), _MOST))
        _machines(found, name, zone)
        why_panel(found)
    elif part == "against":
        _against(handle, fleet, version, zone)
    else:
        _about(handle, version, zone)


# ---------------------------------------------------------------- head and figures
def _head(plant: Plant, handle: Fleet, fleet: FleetSummary, version: ModelTold) -> None:
    number, champion = version.version, CHAMPION in version.aliases
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(
            t("model.of", fleet=fleet.fleet, version=number), anchor=False, width="stretch"
        )
        if api.may("train", fleet.project) and fleet.champion not in (None, number):
            label = t("models.compare")
            if st.button(label, key="compare", icon=":material/balance:"):
                span = fleet.start, fleet.end
                deeds.compare(plant, handle, list(handle.models()), number, span)
        if api.may("promote", fleet.project):
            _promoting(handle, fleet, version)
        if api.may("delete", fleet.project) and not champion:
            label = t("model.delete")
            if st.button(label, key="delete", icon=":material/delete:"):
                deeds.delete(handle, number, version.events)
    with st.container(horizontal=True, vertical_alignment="center"):
        if champion:
            st.badge(t("models.is_champion"), color="blue")
        elif CHALLENGER in version.aliases:
            st.badge(t("models.is_challenger"), color="orange")
        frame.link("models", t("model.all_versions", fleet=fleet.fleet), fleet=fleet.fleet)


def _promoting(handle: Fleet, fleet: FleetSummary, version: ModelTold) -> None:
    if CHAMPION not in version.aliases:
        label, icon = t("model.promote"), ":material/verified:"
        if st.button(label, key="promote", type="primary", icon=icon):
            deeds.promote(handle, version.version, fleet.champion)
    elif len(list(islice(handle.promotions(), 2))) > 1:
        label, icon = t("model.roll_back"), ":material/undo:"
        if st.button(label, key="roll_back", icon=icon):
            deeds.roll_back(handle, version.version)


def _figures(version: ModelTold, zone: ZoneInfo) -> list[Figure]:
    lineage = version.lineage
    until = formats.day(lineage.data_end, zone)
    machines = t("model.all_machines")
    if lineage.failures:
        machines = t("models.failed_machines", n=len(lineage.failures))
    budget = lineage.recipe.threshold.false_alarms_per_month
    scored = version.scored
    judged = t("model.judged_last", at=formats.at(scored.last, zone)) if scored.last else ""
    return [
        Figure(
            t("models.learned_until"),
            until,
            t("models.learned_since", start=formats.day(lineage.data_start, zone)),
        ),
        Figure(t("models.machines_title"), formats.number(lineage.assets), machines),
        Figure(t("models.promised"), f"{budget:g}", t("model.promised_note")),
        Figure(t("model.judged"), formats.number(scored.judged), judged),
        Figure(t("model.events"), formats.number(version.events), t("model.events_note")),
    ]


# ---------------------------------------------------------------- what it is
def _about(handle: Fleet, version: ModelTold, zone: ZoneInfo) -> None:
    left, right = st.columns([1, 1], gap="small")
    with left:
        with st.container(border=True):
            st.markdown(f"**{t('model.learned')}**")
            facts(_learned(version, zone))
        with st.container(border=True):
            st.markdown(f"**{t('model.way')}**")
            facts(_way(version, zone))
    with right.container(border=True):
        recipe = version.lineage.recipe
        st.markdown(f"**{t('model.judges', recipe=called(recipe.name))}**")
        facts(told(recipe))
        found = reasons(islice(handle.model_assets(version.version), _MOST))
        if found:
            st.markdown(f"**{t('model.found_out')}**")
            facts(found)


def _learned(version: ModelTold, zone: ZoneInfo) -> list[Fact]:
    """Return what it learned from, and what not."""
    lineage = version.lineage
    start, end = formats.at(lineage.data_start, zone), formats.at(lineage.data_end, zone)
    text = t("model.rows", n=formats.number(lineage.rows), start=start, end=end)
    lines = [Fact(t("model.readings"), text)]
    if lineage.masked:
        text = t(
            "model.masked",
            n=formats.number(lineage.masked),
            windows=formats.number(len(lineage.windows)),
        )
        lines.append(Fact(t("model.left_out"), text))
    for note in lineage.held:
        text = t(
            f"model.held_{note.reason}",
            n=formats.number(note.rows),
            events=formats.number(len(note.events)),
        )
        lines.append(Fact(t("model.left_out"), text))
    if lineage.vouched:
        text = t("model.vouched", n=formats.number(len(lineage.vouched)))
        lines.append(Fact(t("model.taken_in"), text))
    if lineage.kept:
        text = t("model.kept", n=formats.number(len(lineage.kept)))
        lines.append(Fact(t("model.kept_title"), text))
    if lineage.extrapolated:
        text = t("model.extrapolated", n=formats.number(lineage.extrapolated))
        lines.append(Fact(t("model.short"), text))
    return lines


def _way(version: ModelTold, zone: ZoneInfo) -> list[Fact]:
    """Return the way from the readings to the events, each step a link where there is one."""
    lineage, fleet = version.lineage, version.fleet
    batches = t("model.batches", n=formats.number(len(lineage.batches)))
    lines = [Fact(t("model.data"), batches, f"/data?fleet={fleet}")]
    if lineage.derived_from is not None:
        text = t("models.derived", version=lineage.derived_from)
        address = f"/model?fleet={fleet}&version={lineage.derived_from}"
        lines.append(Fact(t("model.derived"), text, address))
    by, at = formats.who(lineage.by or ""), formats.at(version.created, zone)
    made = t("model.made_text", by=by, at=at)
    lines.append(Fact(t("model.made"), made))
    for one in version.promotions[-3:]:
        text = t("model.made_text", by=formats.who(one.by), at=formats.at(one.at, zone))
        lines.append(Fact(t(f"models.kind_{one.kind}"), text))
    judged = t("model.judged_text", n=formats.number(version.scored.judged))
    lines.append(Fact(t("model.judged"), judged))
    events = t("model.events_text", n=formats.number(version.events))
    lines.append(Fact(t("model.events"), events, f"/events?fleet={fleet}"))
    for number in version.derived[-3:]:
        address = f"/model?fleet={fleet}&version={number}"
        lines.append(Fact(t("model.derives"), t("models.version", n=number), address))
    identity = t("model.identity_text", run=lineage.run, code=lineage.code_version)
    return [*lines, Fact(t("model.identity"), identity)]


# ---------------------------------------------------------------- machines
def _machines(found: Sequence[ModelAsset], fleet: str, zone: ZoneInfo) -> None:
    columns = [
        Column(t("model.machine")),
        Column(t("model.state")),
        Column(t("model.level"), "number"),
        Column(t("model.expected"), "number"),
        Column(t("model.learned_span")),
        Column(t("model.sensors"), "number"),
    ]
    with st.container(border=True):
        st.markdown(f"**{t('model.part_machines')}**")
        rows = [_machine(one, fleet, zone) for one in found]
        table(columns, rows, label=t("model.part_machines"), key="machines")
        st.caption(t("model.machines_note"))


def _machine(one: ModelAsset, fleet: str, zone: ZoneInfo) -> Row:
    address = f"/asset?fleet={fleet}&asset={quote(one.asset, safe='')}"
    name = Cell(one.asset, address=address)
    if one.problem:
        problem = Cell(t("model.no_model"), below=one.problem, colour=theme.tokens()["plan"])
        return Row(one.asset, [name, problem, Cell("–"), Cell("–"), Cell("–"), Cell("–")])
    standing = Cell(t("model.own"))
    if one.borrowed:
        standing = Cell(t("model.borrows"), below=one.borrowed)
    if one.kept:
        standing = Cell(t("model.keeps"), below=one.kept)
    left_out = ", ".join(f"{sensor}: {why}" for sensor, why in one.left_out.items())
    dropped = t("model.dropped", n=len(one.left_out)) if one.left_out else ""
    months = t("model.months", n=formats.number(one.months, 1))
    span = f"{formats.day(one.data_start, zone)} – {formats.day(one.data_end, zone)}"
    return Row(
        one.asset,
        [
            name,
            standing,
            Cell(formats.number(one.threshold, 2)),
            Cell(
                formats.number(one.expected_per_month, 2),
                below=t(f"model.basis_{one.basis}"),
            ),
            Cell(span, below=months),
            Cell(formats.number(len(one.sensors)), below=dropped, title=left_out),
        ],
    )


# ---------------------------------------------------------------- beside the champion
def _against(handle: Fleet, fleet: FleetSummary, version: ModelTold, zone: ZoneInfo) -> None:
    """Set the version beside the champion by what both have scored."""
    if fleet.champion in (None, version.version):
        frame.empty(t("model.is_champion"), t("model.is_champion_text"), ":material/balance:")
        return
    with st.spinner(t("model.comparing")):
        found = handle.compare(version.version, fleet.champion)
    with st.container(border=True):
        st.markdown(f"**{t('model.differences')}**")
        _differences(found)
    with st.container(border=True):
        st.markdown(f"**{t('model.disagreements')}**")
        if found.start is None:
            st.caption(t("model.not_both"))
        else:
            _disagreements(found, zone)


def _differences(found: ModelComparison) -> None:
    if not found.differences:
        st.caption(t("model.same_recipe"))
        return
    columns = [
        Column(t("model.setting")),
        Column(t("models.version", n=found.a.version)),
        Column(t("models.version", n=found.b.version)),
    ]
    rows = [
        Row(one.name, [Cell(one.name), Cell(_value(one.a)), Cell(_value(one.b))])
        for one in found.differences
    ]
    table(columns, rows, label=t("model.differences"), key="differences")


def _value(value: object) -> str:
    return "–" if value is None else str(value)


def _disagreements(found: ModelComparison, zone: ZoneInfo) -> None:
    st.caption(
        t(
            "model.both_text",
            start=formats.day(found.start, zone),
            end=formats.day(found.end, zone),
            both=formats.number(found.both),
            a=formats.number(found.a.alarms),
            b=formats.number(found.b.alarms),
        )
    )
    columns = [
        Column(t("model.machine")),
        Column(t("model.began")),
        Column(t("model.lasted"), "number"),
        Column(t("model.alarmed")),
        Column(t("model.peaks"), "number"),
    ]
    rows = [_apart(found.fleet, one, zone) for one in found.disagreements]
    table(columns, rows, label=t("model.disagreements"), key="disagreements")


def _apart(fleet: str, one: Disagreement, zone: ZoneInfo) -> Row:
    address = deeds.place(fleet, one.asset, one.start, one.end)
    other = formats.number(one.other, 1)
    return Row(
        f"{one.asset}|{one.start.isoformat()}",
        [
            Cell(one.asset, address=address),
            Cell(formats.at(one.start, zone)),
            Cell(formats.span(one.end - one.start)),
            Cell(t("model.only", version=one.alarmed)),
            Cell(formats.number(one.peak, 1), below=t("model.other_peak", n=other)),
        ],
    )
