"""The scorecard: what alarms were worth, by what people said of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.client import Plant
from appliance.client.events import EventQuery
from appliance.core.clock import now
from appliance.core.errors import NotFound
from appliance.schemas.event import UNCLOSED, Event, Verdict
from appliance.schemas.fleet import FleetSummary
from appliance.schemas.scorecard import FleetTotal, Scorecard, ScorecardRow
from ui import api, controls, formats, frame, scorecards, theme
from ui.components.figures import Figure, Part, figures
from ui.components.plot import Curve, plot
from ui.components.table import Cell, Column, Row, table
from ui.dialogs import dialog
from ui.text import t

_RANGES = ("30", "90", "365", "all")
_USUAL = "90"
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_BASES = ("events", "failures")
_VERDICTS: tuple[Verdict, ...] = ("true", "false", "planned")
_SAID = ("all", *_VERDICTS, "none")
_MOST = 200
_HOUR = timedelta(hours=1)
_LONGEST = timedelta(days=3_650)
"""Failures are listed no further back."""


def show() -> None:
    """Draw the scorecard of the fleet that the address names, or of all."""
    plant = api.plant()
    fleets = {one.fleet: one for one in plant.fleets()}
    fleet, days = _head(fleets)
    start = _start([one for name, one in fleets.items() if fleet in ("", name)], days)
    if not fleets:
        frame.empty(
            t("scorecard.none_title"), t("scorecard.none_text"), ":material/fact_check:"
        )
    elif fleet:
        _one(plant, fleets[fleet], start)
    else:
        _all(plant, start)


def _start(fleets: Sequence[FleetSummary], days: str) -> datetime:
    """Return the first moment that counts: so many days before the last reading."""
    if days == "all" or not fleets:
        return _LONG_AGO
    return min(now(), max(one.end for one in fleets)) - timedelta(days=int(days))


def _head(fleets: Iterable[str]) -> tuple[str, str]:
    """Draw title and controls; return the fleet and the range that the address asks for."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(t("scorecard.title"), anchor=False, width="stretch")
        fleet = controls.fleet(fleets)
        days = controls.segments(
            "days",
            _RANGES,
            _USUAL,
            label=t("scorecard.range"),
            words=lambda name: t(f"scorecard.range_{name}"),
        )
    return fleet, days


# ---------------------------------------------------------------- all fleets
def _all(plant: Plant, start: datetime) -> None:
    found = list(plant.scorecards(start=start))
    if not found:
        frame.empty(t("scorecard.no_model"), t("scorecard.no_model_text"))
        return
    st.markdown(scorecards.state_of_all(found))
    count = {
        name: sum(getattr(one.total, name) for one in found)
        for name in ("events", "true", "false", "planned", "unreviewed", "failures", "missed")
    }
    kept = sum(scorecards.keeps_budget(one.total) for one in found)
    figures(
        [
            _raised(count),
            Figure(
                t("scorecard.keeps"),
                formats.number(kept),
                t("scorecard.of_fleets", n=formats.number(len(found))),
            ),
            _missed(count["missed"], count["failures"]),
        ]
    )
    with st.container(border=True):
        st.markdown(f"**{t('scorecard.by_fleet')}**")
        names = ("fleet", "alarms", "precision", "false_alarms", "missed", "lead")
        columns = [Column(t(f"scorecard.{name}")) for name in names]
        rows = [Row(one.fleet, _cells(one.fleet, one)) for one in found]
        table(columns, rows, label=t("scorecard.by_fleet"), key="totals")


def _cells(fleet: str, one: FleetTotal) -> list[Cell]:
    address = f"/scorecard?fleet={fleet}"
    return [Cell(fleet, address=address), *_figures_of(one.total)]


def _figures_of(row: ScorecardRow) -> list[Cell]:
    """Return the figures of a row as they stand in a table."""
    within = scorecards.keeps_budget(row)
    mark = theme.CATEGORIES[2] if within else theme.tokens()["act"]
    measured = row.false_alarms.value is not None
    return [
        Cell(
            formats.number(row.events),
            t("scorecard.waiting", n=formats.number(row.unreviewed)) if row.unreviewed else "",
        ),
        Cell(formats.share(row.precision.value), scorecards.precision(row)),
        Cell(
            scorecards.rate(row.false_alarms.value),
            t("scorecard.budget_of", budget=scorecards.rate(row.budget)),
            colour=mark if measured else "",
            title=t("scorecard.keeps" if within else "scorecard.breaks"),
        ),
        Cell(
            formats.number(row.missed) if row.failures else "–",
            t("scorecard.of_failures", n=formats.number(row.failures)),
        ),
        Cell(scorecards.lead(row.lead_hours)),
    ]


# ---------------------------------------------------------------- one fleet
def _one(plant: Plant, fleet: FleetSummary, start: datetime) -> None:
    try:
        card = plant.fleet(fleet.fleet).scorecard(start=start)
    except NotFound:
        frame.empty(t("scorecard.no_model"), t("scorecard.no_model_text"))
        frame.link("models", t("scorecard.to_models"), fleet=fleet.fleet)
        return
    zone = plant.zone()
    st.markdown(scorecards.state(card))
    _summary(card)
    _months(card, zone)
    with st.container(border=True):
        st.markdown(f"**{t('scorecard.by_version')}**")
        names = ("version", "alarms", "precision", "false_alarms", "missed", "lead")
        columns = [Column(t(f"scorecard.{name}")) for name in names]
        rows = [Row(f"{row.model_version}", _version(card, row)) for row in card.versions]
        table(columns, rows, label=t("scorecard.by_version"), key="versions")
    _basis(plant, fleet, card, start, zone)


def _version(card: Scorecard, row: ScorecardRow) -> list[Cell]:
    address = f"/model?fleet={card.fleet}&version={row.model_version}"
    name = t("scorecard.version_n", n=row.model_version)
    months = t("scorecard.machine_months", n=formats.number(row.asset_months, 1))
    return [Cell(name, months, address), *_figures_of(row)]


def _summary(card: Scorecard) -> None:
    row = card.total
    count = row.model_dump(include={"events", "true", "false", "planned", "unreviewed"})
    words = {
        "budget": scorecards.rate(row.budget),
        "range": scorecards.rates(row.false_alarms),
    }
    figures(
        [
            Figure(
                t("scorecard.precision"),
                formats.share(row.precision.value),
                scorecards.precision(row),
            ),
            Figure(
                t("scorecard.false_alarms"),
                scorecards.rate(row.false_alarms.value),
                t("scorecard.budget_range", **words),
            ),
            _missed(row.missed, row.failures),
            Figure(
                t("scorecard.lead"),
                scorecards.lead(row.lead_hours),
                scorecards.lead_range(row.lead_hours),
            ),
            _raised(count),
        ]
    )


def _raised(count: dict[str, int]) -> Figure:
    colours = theme.tokens()
    shown = {
        "true": theme.CATEGORIES[2],
        "false": theme.CATEGORIES[1],
        "planned": theme.CATEGORIES[5],
        "unreviewed": colours["normal"],
    }
    parts = [
        Part(t(f"scorecard.said_{name}"), formats.number(count[name]), colour)
        for name, colour in shown.items()
        if count[name]
    ]
    return Figure(t("scorecard.alarms"), formats.number(count["events"]), parts=parts)


def _missed(missed: int, failures: int) -> Figure:
    note = t("scorecard.of_failures", n=formats.number(failures))
    if not failures:
        return Figure(t("scorecard.missed"), "–", t("scorecard.none_told"))
    return Figure(t("scorecard.missed"), formats.number(missed), note)


def _months(card: Scorecard, zone: ZoneInfo) -> None:
    """Draw false alarms against the budget, and the share of right alarms, by month."""
    if not card.months:
        return
    x = [scorecards.month(f"{row.month}", zone) for row in card.months]
    left, right = st.columns(2, gap="small")
    with left.container(border=True):
        st.markdown(f"**{t('scorecard.false_by_month')}**")
        budget = theme.tokens()["act"]
        curves = [
            Curve(
                t("scorecard.false_alarms"),
                [row.false_alarms.value for row in card.months],
                bars=True,
            ),
            Curve(
                t("scorecard.budget"), [row.budget for row in card.months], budget, dashed=True
            ),
        ]
        label = t("scorecard.false_by_month")
        plot(x, curves, label=label, key="false_alarms", zone=zone, low=0.0)
    with right.container(border=True):
        st.markdown(f"**{t('scorecard.right_by_month')}**")
        known = [
            row.precision if row.precision.value is not None else None for row in card.months
        ]
        edge = theme.tokens()["quiet"]
        curves = [
            _share("scorecard.precision", [one.value if one else None for one in known]),
            _share("scorecard.at_least", [one.low if one else None for one in known], edge),
            _share("scorecard.at_most", [one.high if one else None for one in known], edge),
        ]
        label = t("scorecard.right_by_month")
        plot(x, curves, label=label, key="precision", unit="%", zone=zone, low=0.0, high=100.0)


def _share(name: str, values: Sequence[float | None], edge: str = "") -> Curve:
    shown = [None if value is None else 100 * value for value in values]
    return Curve(t(name), shown, edge, dashed=bool(edge))


# ---------------------------------------------------------------- what it rests on
def _basis(
    plant: Plant, fleet: FleetSummary, card: Scorecard, start: datetime, zone: ZoneInfo
) -> None:
    """Draw the alarms and the failures that the figures were counted from."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{t('scorecard.basis')}**", width="stretch")
            basis = controls.segments(
                "basis",
                _BASES,
                "events",
                label=t("scorecard.basis"),
                words=lambda name: t(f"scorecard.basis_{name}"),
            )
            st.download_button(
                t("scorecard.download"),
                scorecards.table_of(card.fleet, [card.total, *card.months, *card.rows]),
                f"scorecard-{card.fleet}.csv",
                "text/csv",
                icon=":material/download:",
                on_click="ignore",
            )
            told = api.may("annotate", fleet.project) and st.button(
                t("scorecard.tell"), icon=":material/report:"
            )
        if basis == "events":
            _alarms(plant, fleet.fleet, start, zone)
        else:
            _failures(plant, card, start, zone)
    if told:
        dialog(t("scorecard.tell"))(_tell)(plant, fleet, zone)


def _alarms(plant: Plant, fleet: str, start: datetime, zone: ZoneInfo) -> None:
    said = controls.segments(
        "said",
        _SAID,
        "all",
        label=t("scorecard.said"),
        words=lambda name: t(f"scorecard.only_{name}"),
    )
    asked = EventQuery(kind="anomaly", sort="time", state=["open", "acknowledged", "closed"])
    if said == "none":
        asked["state"] = UNCLOSED
    for verdict in _VERDICTS:
        if said == verdict:
            asked["verdict"] = verdict
    found = list(plant.fleet(fleet).events(start=start, limit=_MOST, **asked))
    shown = [one for one in found if one.start >= start]
    names = ("machine", "began", "lasted", "severity", "said")
    columns = [Column(t(f"scorecard.{name}")) for name in names]
    rows = [Row(one.id, _alarm(one, zone)) for one in shown]
    table(columns, rows, label=t("scorecard.basis_events"), key="alarms")
    if len(found) == _MOST:
        st.caption(t("scorecard.first_only", n=formats.number(_MOST)))


def _alarm(one: Event, zone: ZoneInfo) -> list[Cell]:
    verdict = t(f"scorecard.said_{one.verdict or 'unreviewed'}")
    return [
        Cell(one.asset, address=f"/event?id={one.id}"),
        Cell(formats.at(one.start, zone)),
        Cell(formats.span(one.end - one.start)),
        Cell(t(f"severity.{one.severity.value}"), colour=theme.tokens()[one.severity.value]),
        Cell(verdict),
    ]


def _failures(plant: Plant, card: Scorecard, start: datetime, zone: ZoneInfo) -> None:
    missed = {(one.asset, one.start) for one in card.missed}
    labels = [
        one
        for one in plant.fleet(card.fleet).labels(start=max(start, now() - _LONGEST))
        if one.says == "failure"
    ]
    names = ("machine", "began", "lasted", "what", "sign", "by")
    columns = [Column(t(f"scorecard.{name}")) for name in names]
    rows = []
    for number, one in enumerate(labels[:_MOST]):
        unseen = any(one.asset in (None, asset) and one.start == at for asset, at in missed)
        place = f"/calendar?fleet={card.fleet}&window={quote(one.window or '')}"
        cells = [
            Cell(one.asset or t("scorecard.whole_fleet"), address=place),
            Cell(formats.at(one.start, zone)),
            Cell(formats.span(one.end - one.start)),
            Cell(one.title or "–"),
            Cell(
                t("scorecard.sign_none" if unseen else "scorecard.sign_seen"),
                colour=theme.tokens()["act"] if unseen else theme.CATEGORIES[2],
            ),
            Cell(one.by or "–"),
        ]
        rows.append(Row(f"{one.window}-{number}", cells))
    table(columns, rows, label=t("scorecard.basis_failures"), key="failures")
    st.caption(t("scorecard.look_back", n=formats.number(card.look_back_days)))


def _tell(plant: Plant, fleet: FleetSummary, zone: ZoneInfo) -> None:
    """Ask for a failure: what broke, and when."""
    st.caption(t("scorecard.tell_text"))
    handle = plant.fleet(fleet.fleet)
    assets = [one.asset for one in handle.assets()]
    asset = st.selectbox(
        t("scorecard.machine"),
        [*assets, ""],
        format_func=lambda name: name or t("scorecard.whole_fleet"),
        key="failure_asset",
    )
    last = min(now(), fleet.end).replace(minute=0, second=0, microsecond=0)
    start = controls.moment(t("scorecard.began"), last - _HOUR, zone, "failure_start")
    end = controls.moment(t("scorecard.ended"), last, zone, "failure_end")
    title = st.text_input(t("scorecard.what"), max_chars=200, key="failure_title")
    if st.button(t("scorecard.tell_save"), type="primary"):
        with frame.troubles():
            if start is None or end is None or end <= start:
                st.error(t("scorecard.order"))
                return
            handle.add_failure(start, end, asset=asset or None, title=title.strip())
            frame.say_next(t("scorecard.told"))
            st.rerun()
