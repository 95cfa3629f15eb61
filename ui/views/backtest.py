"""One comparison: what a model would have told of a time past, beside the champion."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.client import Plant
from appliance.client.fleet import Fleet
from appliance.schemas.approval import Approval, ApprovalState, Check
from appliance.schemas.backtest import Backtest, BacktestEvent, Side
from appliance.schemas.fleet import FleetSummary
from appliance.schemas.model import CHAMPION
from appliance.schemas.scorecard import MissedFailure
from ui import api, formats, frame, state, theme
from ui.components.budgets import budgets
from ui.components.table import Cell, Column, Row, table
from ui.learning import deeds, weighing
from ui.learning.lists import side_name
from ui.text import known, t

_MOST = 200


def show() -> None:
    """Draw the comparison that the address names."""
    plant = api.plant()
    name, chosen = state.get("fleet"), state.get("id")
    fleet = next((one for one in plant.fleets() if one.fleet == name), None)
    if fleet is None or not chosen:
        frame.head(t("backtest.title"))
        frame.empty(t("backtest.none_title"), t("backtest.none_text"), ":material/balance:")
        return
    handle, zone = plant.fleet(name), plant.zone()
    found = handle.backtested(chosen)
    approval = _approval(plant, found)
    _head(handle, fleet, found, zone, asked=approval is not None and _waits(approval))
    left, right = st.columns([5, 3], gap="small") if approval else (st.container(), None)
    with left.container(border=True):
        st.markdown(f"**{t('backtest.weighed')}**")
        _weighed(handle, fleet, found, zone)
    if approval and right:
        with right.container(border=True):
            _asked(handle, fleet, approval, found)
    apart = [one for one in found.events if one.side is not Side.BOTH]
    if found.champion is not None:
        _disagreements(fleet, found, apart, zone)
    missed = _missed_by(found)
    if missed:
        _missed(fleet, missed, zone)


# ---------------------------------------------------------------- head
def _head(
    handle: Fleet, fleet: FleetSummary, found: Backtest, zone: ZoneInfo, *, asked: bool
) -> None:
    """Draw title and deeds; where somebody asked, the answer is given beside the question."""
    title = t("backtest.of", fleet=fleet.fleet, name=side_name(found.candidate))
    version = found.candidate.model_version
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(title, anchor=False, width="stretch")
        if (
            not asked
            and version is not None
            and version != fleet.champion
            and api.may("promote", fleet.project)
            and st.button(
                t("model.promote"), key="promote", type="primary", icon=":material/verified:"
            )
        ):
            deeds.promote(handle, version, fleet.champion)
    told = t(
        "backtest.over",
        start=formats.at(found.start, zone),
        end=formats.at(found.end, zone),
        months=formats.number(found.candidate.figures.asset_months, 1),
    )
    st.caption(told)
    if found.candidate.seen > weighing.FLATTERS:
        st.caption(t("backtest.seen", share=formats.share(found.candidate.seen)))
    with st.container(horizontal=True, vertical_alignment="center"):
        if version is not None:
            label = t("models.see_version")
            frame.link("model", label, fleet=fleet.fleet, version=str(version))
        label = t("backtest.all")
        frame.link("models", label, fleet=fleet.fleet, part="comparisons")


# ---------------------------------------------------------------- what was asked
def _approval(plant: Plant, found: Backtest) -> Approval | None:
    """Return what somebody asked about a comparison."""
    states = [state.value for state in ApprovalState]
    asked = (one for one in plant.approvals(state=states) if one.backtest == found.id)
    return next(asked, None)


def _waits(approval: Approval) -> bool:
    return approval.state is ApprovalState.WAITING


def _asked(handle: Fleet, fleet: FleetSummary, approval: Approval, found: Backtest) -> None:
    """Draw what was asked, with what speaks for it and against it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{t(f'backtest.asked_{approval.state.value}')}**", width="stretch")
        if _waits(approval) and api.may("promote", fleet.project):
            _answers(handle, approval)
    said = t("backtest.asked_by", by=formats.who(approval.by), version=approval.version)
    if approval.answered_by:
        said = f"{said} {t('backtest.answered_by', by=approval.answered_by)}"
    st.text(f"{said} {approval.note}".strip())
    _checks(approval, found)


def _answers(handle: Fleet, approval: Approval) -> None:
    if st.button(t("backtest.refuse"), key="refuse", icon=":material/close:"):
        deeds.answer(handle, approval, approve=False)
    label, icon = t("backtest.approve"), ":material/check:"
    if st.button(label, key="approve", type="primary", icon=icon):
        deeds.answer(handle, approval, approve=True)


def _checks(approval: Approval, found: Backtest) -> None:
    good, bad = theme.CATEGORIES[2], theme.tokens()["act"]
    rows = [
        Row(
            one.name,
            [
                Cell(_check(one.name), _why(one, found), colour=good if one.passed else bad),
                Cell(t("backtest.holds") if one.passed else t("backtest.fails")),
            ],
        )
        for one in approval.checks
    ]
    columns = [Column(t("backtest.condition")), Column(t("backtest.verdict"))]
    table(columns, rows, label=t("backtest.conditions"), key="checks")


def _why(one: Check, found: Backtest) -> str:
    return weighing.why(one, found) or one.text


def _check(name: str) -> str:
    key = f"backtest.check_{name.replace(' ', '_')}"
    return t(key) if known(key) else name


# ---------------------------------------------------------------- figures and time line
def _weighed(handle: Fleet, fleet: FleetSummary, found: Backtest, zone: ZoneInfo) -> None:
    version = found.candidate.model_version
    levels = weighing.levels(found)
    beside = "" if found.champion is None else side_name(found.champion)
    wanted = budgets(
        levels,
        weighing.measures(found),
        weighing.marks(found),
        (found.start, found.end),
        zone,
        names=(side_name(found.candidate), beside),
        label=t("backtest.line"),
        key="budgets",
        may_use=version is not None and api.may("train", fleet.project),
    )
    if found.champion is None:
        st.caption(t("backtest.alone"))
    if wanted is not None and version is not None:
        deeds.use_budget(handle, version, wanted)


# ---------------------------------------------------------------- where they disagree
def _disagreements(
    fleet: FleetSummary, found: Backtest, apart: Sequence[BacktestEvent], zone: ZoneInfo
) -> None:
    with st.container(border=True):
        st.markdown(f"**{t('backtest.apart')}**")
        both = formats.number(found.sides.get(Side.BOTH, 0))
        if not apart:
            st.caption(t("backtest.agree", n=both))
            return
        st.caption(
            t(
                "backtest.apart_text",
                both=both,
                ours=formats.number(found.sides.get(Side.CANDIDATE, 0)),
                theirs=formats.number(found.sides.get(Side.CHAMPION, 0)),
            )
        )
        columns = [
            Column(t("model.machine")),
            Column(t("model.began")),
            Column(t("model.lasted"), "number"),
            Column(t("backtest.shown_by")),
            Column(t("backtest.worth")),
            Column(t("backtest.sensors")),
        ]
        rows = [_apart(fleet.fleet, found, one, zone) for one in apart[:_MOST]]
        table(columns, rows, label=t("backtest.apart"), key="apart")


def _apart(fleet: str, found: Backtest, one: BacktestEvent, zone: ZoneInfo) -> Row:
    facts, colours = one.facts, theme.tokens()
    side = found.champion if one.side is Side.CHAMPION else found.candidate
    name = "" if side is None else side_name(side)
    alias = CHAMPION if one.side is Side.CHAMPION else "candidate"
    sensors = ", ".join(share.name for share in facts.sensors[:3])
    return Row(
        f"{facts.asset}|{facts.start.isoformat()}|{one.side.value}",
        [
            Cell(
                facts.asset,
                address=deeds.place(fleet, facts.asset, facts.start, facts.end),
                colour=colours[facts.severity.value],
            ),
            Cell(formats.at(facts.start, zone)),
            Cell(formats.span(facts.end - facts.start)),
            Cell(t("backtest.only", name=name), below=t(f"backtest.side_{alias}")),
            Cell(
                t(f"backtest.worth_{one.worth.value}"),
                address=f"/event?id={one.known}" if one.known else "",
            ),
            Cell(sensors),
        ],
    )


def _missed_by(found: Backtest) -> list[tuple[MissedFailure, str]]:
    """Return the failures that a model would not have told of, and which."""
    sides = [found.candidate, *([found.champion] if found.champion else [])]
    names: dict[tuple[str, datetime, str], list[str]] = {}
    for side in sides:
        for one in side.missed:
            names.setdefault((one.asset, one.start, one.title), []).append(side_name(side))
    return [
        (MissedFailure(asset=asset, start=start, title=title), ", ".join(by))
        for (asset, start, title), by in sorted(names.items(), key=lambda item: item[0][1])
    ]


def _missed(
    fleet: FleetSummary, missed: Sequence[tuple[MissedFailure, str]], zone: ZoneInfo
) -> None:
    columns = [
        Column(t("model.machine")),
        Column(t("backtest.failed_at")),
        Column(t("backtest.missed_by")),
    ]
    rows = [
        Row(
            f"{one.asset}|{one.start.isoformat()}",
            [
                Cell(
                    one.asset,
                    below=one.title,
                    address=f"/asset?fleet={fleet.fleet}&asset={quote(one.asset, safe='')}",
                ),
                Cell(formats.at(one.start, zone)),
                Cell(names),
            ],
        )
        for one, names in missed
    ]
    with st.container(border=True):
        st.markdown(f"**{t('backtest.missed')}**")
        table(columns, rows, label=t("backtest.missed"), key="missed")
