"""What the platform costs: by whom, by day, what one model costs, and budgets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.client import Plant
from appliance.core.clock import now
from appliance.schemas.cost import Budget, CostBy, Costs
from ui import controls, formats, frame
from ui.components.briefs import Brief, briefs
from ui.components.figures import Figure, figures
from ui.components.plot import Curve, plot
from ui.components.table import Cell, Column, Row, table
from ui.dialogs import dialog
from ui.platform import cost
from ui.text import t

_HEIGHT = 210
_MOST = 100
_SITE = ""


def show_cost(plant: Plant, zone: ZoneInfo, *, operates: bool) -> None:
    """Draw what was paid in the month that the address names."""
    by, month = _controls(zone)
    start, end = _month(month, zone)
    told = plant.costs(by, start=start, end=end)
    figures(_figures(told))
    _days(told, zone)
    left, right = st.columns([7, 4], gap="small")
    with left.container(border=True):
        _lines(told)
    with right:
        _budgets(plant, operates=operates)
        _units(told)


def _controls(zone: ZoneInfo) -> tuple[CostBy, str]:
    today = now().astimezone(zone).date()
    choices = cost.months(today)
    with st.container(horizontal=True, vertical_alignment="center"):
        by = controls.segments(
            "by",
            [one.value for one in CostBy],
            CostBy.FLEET.value,
            label=t("cost.by"),
            words=lambda name: t(f"cost.by_{name}"),
        )
        month = controls.pick(
            "month",
            choices,
            choices[0],
            label=t("cost.month"),
            words=lambda name: _month_name(name, choices[0]),
        )
    return CostBy(by), month


def _month_name(name: str, current: str) -> str:
    if name == current:
        return t("cost.this_month")
    year, _, month = name.partition("-")
    return t("cost.month_name", year=year, month=t(f"cost.month_{int(month)}"))


def _month(name: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the time of a month, as far as it is over."""
    first = date.fromisoformat(f"{name}-01")
    following = (first + timedelta(days=32)).replace(day=1)
    end = datetime.combine(following, time(), zone)
    return datetime.combine(first, time(), zone), min(end, now().astimezone(zone))


# ---------------------------------------------------------------- parts
def _figures(told: Costs) -> list[Figure]:
    money = told.currency
    found = [Figure(t("cost.used"), cost.amount(told.allocated, money), t("cost.used_note"))]
    if told.total is not None and told.idle is not None:
        share = told.idle / told.total if told.total else None
        found += [
            Figure(t("cost.idle"), cost.amount(told.idle, money), t("cost.idle_note")),
            Figure(
                t("cost.total"),
                cost.amount(told.total, money),
                t("cost.idle_share", share=formats.share(share)),
            ),
            Figure(
                t("cost.power"),
                cost.amount(told.power, money),
                t(
                    "cost.power_measured" if told.measured_ratio else "cost.power_estimated",
                    kwh=formats.number(told.kwh, 1),
                ),
            ),
        ]
    if told.forecast is not None:
        found.append(
            Figure(
                t("cost.forecast"), cost.amount(told.forecast, money), t("cost.forecast_note")
            )
        )
    return found


def _days(told: Costs, zone: ZoneInfo) -> None:
    """Draw what was used by day, and beside it what of the machines was not."""
    drawn, machines = cost.curves(told, cost.named(told)), cost.machine_curves(told)
    if not drawn and not machines:
        frame.empty(t("cost.nothing"), t("cost.nothing_text"), ":material/payments:")
        return
    columns = st.columns([7, 4], gap="small") if machines else [st.container()]
    with columns[0].container(border=True):
        _plot(t("cost.by_day"), "cost_days", drawn, told, zone)
    if machines:
        with columns[1].container(border=True):
            _plot(t("cost.machines"), "cost_machines", machines, told, zone)


def _plot(title: str, key: str, drawn: Sequence[Curve], told: Costs, zone: ZoneInfo) -> None:
    st.markdown(f"**{title}** · {told.currency}")
    plot(
        [datetime.combine(day.day, time(12), zone) for day in told.days],
        drawn,
        label=title,
        key=key,
        zone=zone,
        height=_HEIGHT,
        stacked=True,
        low=0.0,
    )


def _lines(told: Costs) -> None:
    st.markdown(f"**{t('cost.who')}**")
    if not told.lines:
        st.caption(t("cost.nothing"))
        return
    most = max(one.amount for one in told.lines) or 1.0
    colours = {one.key: one.colour for one in cost.named(told)} if told.by != "asset" else {}
    table(
        [
            Column(t(f"cost.by_{told.by.value}")),
            Column(t("cost.paid"), "number"),
            Column(t("cost.runs"), "number"),
            Column(t("cost.hours"), "number"),
        ],
        [
            Row(
                one.name or "-",
                [
                    Cell(
                        cost.name_of(one.name, told.by),
                        address=_address(one.name, told.by),
                        colour=colours.get(one.name, ""),
                    ),
                    Cell(
                        cost.amount(one.amount, told.currency),
                        share=max(one.amount / most, 0.0),
                    ),
                    Cell(formats.number(one.runs)),
                    Cell(formats.number(one.core_seconds / 3600, 2)),
                ],
            )
            for one in told.lines[:_MOST]
        ],
        label=t("cost.lines", by=t(f"cost.by_{told.by.value}")),
        key="cost_lines",
    )
    if told.left_out:
        st.caption(t("cost.left_out", n=formats.number(told.left_out)))


def _address(name: str, by: CostBy) -> str:
    if by is CostBy.FLEET and name:
        return f"/?fleet={name}"
    if by is CostBy.PIPELINE and name not in ("", "storage"):
        return f"/jobs?pipeline={name}"
    return ""


def _units(told: Costs) -> None:
    units, money = told.units, told.currency
    lines = [
        Brief(
            t("cost.a_model"),
            t("cost.of_models", n=formats.number(units.models)),
            cost.amount(units.model, money),
        ),
        Brief(
            t("cost.a_million"),
            t("cost.of_readings", n=formats.number(units.readings)),
            cost.amount(units.million_readings, money),
        ),
        Brief(
            t("cost.a_true_event"),
            t("cost.of_events", n=formats.number(units.true_events)),
            cost.amount(units.true_event, money),
        ),
        Brief(t("cost.error"), t("cost.error_note"), formats.share(told.error_ratio)),
    ]
    with st.container(border=True):
        st.markdown(f"**{t('cost.each')}**")
        briefs(lines, label=t("cost.each"), key="cost_units", wraps=True)


# ---------------------------------------------------------------- budgets
def _budgets(plant: Plant, *, operates: bool) -> None:
    found = plant.budgets.list()
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{t('cost.budgets')}**", width="stretch")
            if operates and st.button(t("cost.set_budget"), key="set_budget"):
                _set(plant, found)
        if not found:
            st.caption(t("cost.no_budget"))
            return
        table(
            [Column(t("cost.whose")), Column(t("cost.spent"), "number")],
            [_budget(one) for one in found],
            label=t("cost.budgets"),
            key="budgets",
        )
        st.caption(t("cost.budgets_note"))


def _budget(one: Budget) -> Row:
    return Row(
        one.project or "-",
        [
            Cell(
                one.project or t("cost.site"),
                cost.state_word(one),
                colour=cost.colour_of(one),
            ),
            Cell(
                formats.money(one.spent, one.currency),
                t("cost.of_budget", amount=formats.money(one.monthly, one.currency)),
                share=min(one.spent / one.monthly, 1.0),
            ),
        ],
    )


@dialog(" ")
def _set(plant: Plant, found: Sequence[Budget]) -> None:
    """Ask whose budget is to be what; none where the amount is empty."""
    with frame.troubles():
        st.markdown(f"#### {t('cost.set_title')}")
        names = [_SITE, *(one.name for one in plant.projects.list())]
        whose = st.selectbox(
            t("cost.whose"),
            names,
            format_func=lambda name: name or t("cost.site"),
            key="budget_whose",
        )
        standing = next((one for one in found if (one.project or _SITE) == whose), None)
        monthly = st.number_input(
            t("cost.monthly"),
            min_value=0.0,
            value=standing.monthly if standing else None,
            step=100.0,
            placeholder=t("cost.monthly_none"),
            key=f"budget_monthly_{whose}",
        )
        warn = st.slider(
            t("cost.warn"),
            10,
            100,
            round(standing.warn_ratio * 100) if standing else 80,
            format="%d%%",
            key=f"budget_warn_{whose}",
        )
        st.caption(t("cost.set_note"))
        if st.button(t("cost.save"), type="primary", key="budget_save"):
            if monthly:
                plant.budgets.put(whose or None, monthly, warn / 100)
            elif standing is not None:
                plant.budgets.remove(whose or None)
            st.rerun()
