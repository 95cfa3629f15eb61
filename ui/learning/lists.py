"""Lists that the pages on models show: comparisons, champions that were, and what waits."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import streamlit as st

from appliance.client import Plant
from appliance.core.clock import now
from appliance.schemas.approval import Approval
from appliance.schemas.backtest import Backtest, BacktestSide, Figures, Side
from appliance.schemas.fleet import FleetSummary
from appliance.schemas.model import ModelVersion, Promotion
from ui import api, formats, theme
from ui.components.table import Cell, Column, Row, table
from ui.learning import deeds
from ui.learning.words import called
from ui.text import t

_MOST = 50


def waiting(found: Sequence[Approval]) -> None:
    """Draw the challengers that wait for somebody's word; nothing where none does."""
    if not found:
        return
    rows = [
        Row(
            one.id,
            [
                Cell(
                    t("models.asked_about", fleet=one.fleet, version=one.version),
                    below=t("models.in_place_of", version=one.champion),
                    address=f"/backtest?fleet={one.fleet}&id={one.backtest}",
                    colour=theme.tokens()["plan"],
                ),
                Cell(
                    t(
                        "models.checks_hold",
                        n=sum(check.passed for check in one.checks),
                        of=len(one.checks),
                    )
                ),
                Cell(formats.who(one.by), below=formats.ago(one.asked, now())),
            ],
        )
        for one in found
    ]
    columns = [
        Column(t("models.challenger")),
        Column(t("models.checks")),
        Column(t("models.asked_by")),
    ]
    with st.container(border=True):
        st.markdown(f"**{t('models.waiting')}**")
        table(columns, rows, label=t("models.waiting"), key="approvals")


# ---------------------------------------------------------------- comparisons
def comparisons(
    plant: Plant,
    fleet: FleetSummary,
    versions: Sequence[ModelVersion],
    made: Sequence[Backtest],
) -> None:
    """Draw the comparisons that were made, and offer another."""
    handle, zone = plant.fleet(fleet.fleet), plant.zone()
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{t('models.comparisons')}**", width="stretch")
            if (
                versions
                and api.may("train", fleet.project)
                and st.button(t("backtest.another"), key="compare_new", icon=":material/add:")
            ):
                deeds.compare(
                    plant, handle, versions, versions[0].version, (fleet.start, fleet.end)
                )
        if not made:
            st.caption(t("models.no_comparisons"))
            return
        rows = [
            Row(
                one.id,
                [
                    Cell(
                        formats.at(one.created, zone),
                        below=formats.who(one.by),
                        address=f"/backtest?fleet={fleet.fleet}&id={one.id}",
                    ),
                    Cell(side_name(one.candidate), below=_against(one)),
                    Cell(f"{formats.day(one.start, zone)} – {formats.day(one.end, zone)}"),
                    Cell(_rate(one.candidate.figures), below=_other_rate(one)),
                    Cell(formats.number(one.sides.get(Side.BOTH, 0)), below=_apart(one)),
                ],
            )
            for one in made
        ]
        columns = [
            Column(t("models.when")),
            Column(t("models.compared_versions")),
            Column(t("models.period")),
            Column(t("models.false_alarms"), "number"),
            Column(t("models.shown_by_both"), "number"),
        ]
        table(columns, rows, label=t("models.comparisons"), key="comparisons")


def side_name(side: BacktestSide) -> str:
    """Return what one model of a comparison is called."""
    if side.model_version is None:
        return t("models.recipe_only", recipe=called(side.recipe))
    return t("models.version", n=side.model_version)


def _against(one: Backtest) -> str:
    return "" if one.champion is None else t("models.against", name=side_name(one.champion))


def _rate(figures: Figures) -> str:
    return formats.number(figures.false_alarms.value, 2)


def _other_rate(one: Backtest) -> str:
    return (
        "" if one.champion is None else t("models.champion_has", n=_rate(one.champion.figures))
    )


def _apart(one: Backtest) -> str:
    apart = one.sides.get(Side.CANDIDATE, 0) + one.sides.get(Side.CHAMPION, 0)
    return t("models.apart", n=formats.number(apart))


# ---------------------------------------------------------------- champions that were
def history(plant: Plant, fleet: FleetSummary) -> None:
    """Draw who made which version champion, and offer to go back."""
    handle, zone = plant.fleet(fleet.fleet), plant.zone()
    made: list[Promotion] = list(islice(handle.promotions(), _MOST))
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{t('models.history')}**", width="stretch")
            if (
                fleet.champion is not None
                and len(made) > 1
                and api.may("promote", fleet.project)
                and st.button(t("model.roll_back"), key="roll_back", icon=":material/undo:")
            ):
                deeds.roll_back(handle, fleet.champion)
        if not made:
            st.caption(t("models.no_history"))
            return
        why = {one.version: one for one in _answered(plant, fleet)}
        rows = [
            Row(
                str(number),
                [
                    Cell(
                        t("models.version", n=one.version),
                        below=_before(one),
                        address=f"/model?fleet={fleet.fleet}&version={one.version}",
                    ),
                    Cell(t(f"models.kind_{one.kind}"), below=_reason(one, why)),
                    Cell(formats.who(one.by)),
                    Cell(formats.at(one.at, zone), below=formats.ago(one.at, now())),
                ],
            )
            for number, one in enumerate(made)
        ]
        columns = [
            Column(t("models.champion")),
            Column(t("models.how")),
            Column(t("models.who")),
            Column(t("models.when")),
        ]
        table(columns, rows, label=t("models.history"), key="history")


def _answered(plant: Plant, fleet: FleetSummary) -> list[Approval]:
    found = islice(plant.approvals(state=["approved"]), 200)
    return [one for one in found if one.fleet == fleet.fleet]


def _before(one: Promotion) -> str:
    return "" if one.previous is None else t("models.in_place_of", version=one.previous)


def _reason(one: Promotion, why: dict[int, Approval]) -> str:
    """Return why it was promoted, if it was asked about first."""
    answer = why.get(one.version)
    if one.kind != "promote" or answer is None:
        return ""
    return answer.note or t("models.kind_approved")
