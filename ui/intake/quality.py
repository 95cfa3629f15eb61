"""How good a fleet's data are, by sensor and day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from statistics import fmean
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.client import Plant
from appliance.core.errors import LimitExceeded
from appliance.schemas.arrival import QualityDays, SensorDays
from appliance.schemas.fleet import FleetSummary
from ui import controls, formats, frame, wrong
from ui.components.figures import Figure, figures
from ui.components.heat import HeatCell, HeatRow, heat
from ui.intake import words
from ui.text import language, t

_RANGES = ("7", "30", "90")
_USUAL = "30"
_MEASURES = ("all", "coverage", "missing", "frozen", "out_of_limits")
_GOOD = 0.98


def show(plant: Plant, fleet: FleetSummary) -> None:
    """Draw a fleet's data by sensor and day."""
    assets = [one.asset for one in plant.fleet(fleet.fleet).assets()]
    asset, days, measure = _controls(assets)
    try:
        told = plant.fleet(fleet.fleet).quality_days(int(days), asset or None)
    except LimitExceeded as error:
        frame.empty(t("data.too_much"), wrong.line(error))
        return
    zone = ZoneInfo(told.timezone)
    labels = {one.name: one.label or one.name for one in plant.fleet(fleet.fleet).sensors()}
    figures(_figures(told))
    with st.container(border=True):
        st.markdown(f"**{t('data.by_day')}**")
        st.caption(t(f"data.measure_{measure}_text"))
        days_told = [_day(start, told, zone) for start in told.starts]
        rows = [_row(one, measure, labels) for one in told.sensors]
        alone = asset or (assets[0] if len(assets) == 1 else "")
        heat(
            days_told,
            rows,
            _addresses(told, fleet.fleet, alone),
            label=t("data.by_day"),
            end=t("data.coverage"),
            key="quality_heat",
        )
        if not alone:
            st.caption(t("data.choose_asset"))


def _controls(assets: Sequence[str]) -> tuple[str, str, str]:
    with st.container(horizontal=True, vertical_alignment="center"):
        asset = controls.pick(
            "asset",
            ["", *assets],
            "",
            label=t("data.asset"),
            words=lambda name: name or t("data.all_machines"),
            width=220,
        )
        measure = controls.segments(
            "measure",
            _MEASURES,
            "all",
            label=t("data.measure"),
            words=lambda name: t(f"data.measure_{name}"),
        )
        days = controls.segments(
            "days",
            _RANGES,
            _USUAL,
            label=t("data.range"),
            words=lambda name: t(f"overview.range_{name}"),
        )
    return asset, days, measure


# ---------------------------------------------------------------- figures
def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _figures(told: QualityDays) -> list[Figure]:
    sensors = told.sensors
    covered = [_mean(one.coverage) for one in sensors]
    bad = sum(share is not None and share < _GOOD for share in covered)
    return [
        Figure(
            t("data.coverage"), formats.share(_mean(covered), 1), t("overview.coverage_note")
        ),
        Figure(t("data.short"), formats.number(bad), t("data.short_note")),
        Figure(t("data.measure_frozen"), formats.number(_some(told, "frozen")), _note()),
        Figure(
            t("data.measure_out_of_limits"),
            formats.number(_some(told, "out_of_limits")),
            _note(),
        ),
    ]


def _note() -> str:
    return t("data.sensors_note")


def _some(told: QualityDays, measure: str) -> int:
    """Return how many sensors have something of a measure on any day."""
    return sum(any(share for share in getattr(one, measure)) for one in told.sensors)


# ---------------------------------------------------------------- cells
def _row(one: SensorDays, measure: str, labels: dict[str, str]) -> HeatRow:
    cells = [_cell(one, day, measure) for day in range(len(one.coverage))]
    end = formats.share(_mean(one.coverage), 1)
    return HeatRow(labels.get(one.sensor, one.sensor), cells, end)


def _cell(one: SensorDays, day: int, measure: str) -> HeatCell:
    covered = one.coverage[day]
    shares = {
        "coverage": None if covered is None else 1 - covered,
        "missing": one.missing[day],
        "frozen": one.frozen[day],
        "out_of_limits": one.out_of_limits[day],
    }
    if covered is None:
        return HeatCell(None, t("data.no_readings"))
    known = [share for share in shares.values() if share is not None]
    share = max(known) if measure == "all" else shares[measure]
    parts = [f"{t('data.coverage')} {formats.share(covered, 1)}"]
    parts += [
        f"{t(f'data.measure_{name}')} {formats.share(found, 1)}"
        for name, found in shares.items()
        if name != "coverage" and found
    ]
    return HeatCell(share, " · ".join(parts))


def _day(start: datetime, told: QualityDays, zone: ZoneInfo) -> str:
    if told.kind == "cycle":
        return words.moment(start, "cycle", zone)
    there = start.astimezone(zone)
    return f"{there.month}月{there.day}日" if language() == "ja" else f"{there.day} {there:%b}"


def _addresses(told: QualityDays, fleet: str, asset: str) -> list[str]:
    if not asset:
        return []
    ends = [*told.starts[1:], told.end]
    return [
        "/asset?"
        + urlencode(
            {
                "fleet": fleet,
                "asset": asset,
                "from": int(start.timestamp()),
                "to": int(end.timestamp()),
            }
        )
        for start, end in zip(told.starts, ends, strict=True)
    ]
