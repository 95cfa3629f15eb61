"""The sensors of a fleet: what people call them, their units and limits, edited in place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from appliance.client import Plant
from appliance.client.fleet import SensorChanges
from appliance.core.errors import KizashiError, Outdated
from appliance.schemas.fleet import FleetSummary
from appliance.schemas.sensor import RunValues, Sensor, SensorRole
from ui import api, frame, wrong
from ui.components.figures import Figure, figures
from ui.components.sheet import Edit, Field, Line, sheet
from ui.text import t

_TROUBLE, _TELL = "_sensor_trouble", "_sensor_tell"
_ANY = ("=", "＝")


def show(plant: Plant, fleet: FleetSummary) -> None:
    """Draw a fleet's sensors; whoever may edits them."""
    may = api.may("configure", fleet.project)
    sensors = list(plant.fleet(fleet.fleet).sensors())
    figures(_figures(sensors))
    with st.container(border=True):
        st.markdown(f"**{t('data.sensors')}**")
        st.caption(t("data.sensors_text") if may else t("data.sensors_reader"))
        if trouble := st.session_state.pop(_TROUBLE, ""):
            with st.container(border=True):
                st.text(trouble)
        edit = sheet(
            _fields(),
            [_line(one) for one in sensors],
            label=t("data.sensors"),
            first=t("data.sensor"),
            key="sensors",
            locked=not may,
            tell=st.session_state.get(_TELL, 0),
        )
        st.caption(t("data.sensors_effect"))
        if may:
            frame.link(
                "models", t("data.to_models"), ":material/arrow_forward:", fleet=fleet.fleet
            )
    if edit is not None:
        _do(plant, fleet.fleet, edit)
        st.rerun()


def _figures(sensors: Sequence[Sensor]) -> list[Figure]:
    judged = [one for one in sensors if one.role is SensorRole.SENSOR]
    limited = [one for one in judged if one.lower is not None or one.upper is not None]
    united = [one for one in judged if one.unit]
    of = t("data.of_sensors", n=len(judged))
    return [
        Figure(t("data.judged"), str(len(judged)), t("data.judged_note")),
        Figure(
            t("data.contexts"),
            str(sum(one.role is SensorRole.CONTEXT for one in sensors)),
            t("data.contexts_note"),
        ),
        Figure(t("data.with_limits"), str(len(limited)), of),
        Figure(t("data.with_units"), str(len(united)), of),
    ]


# ---------------------------------------------------------------- the sheet
def _fields() -> list[Field]:
    roles = {role.value: t(f"data.role_{role.value}") for role in SensorRole}
    return [
        Field("label", t("data.label"), hint=t("data.label_hint")),
        Field("unit", t("data.unit"), hint="–"),
        Field("role", t("data.role"), "choice", choices=roles),
        Field("lower", t("data.lower"), "number", "–"),
        Field("upper", t("data.upper"), "number", "–"),
        Field("run_state", t("data.run_state"), hint=t("data.run_state_hint")),
    ]


def _line(one: Sensor) -> Line:
    return Line(
        one.name,
        one.name,
        ", ".join(one.levels[:6]) + (" …" if len(one.levels) > 6 else ""),
        one.revision,
        {
            "label": one.label,
            "unit": one.unit,
            "role": one.role.value,
            "lower": _number(one.lower),
            "upper": _number(one.upper),
            "run_state": _running(one.run_state),
        },
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _running(told: RunValues | None) -> str:
    if told is None:
        return ""
    if told.minimum is not None:
        return f"≥ {told.minimum:g}"
    return "= " + ", ".join(f"{value:g}" for value in told.values)


# ---------------------------------------------------------------- an edit
def changes(edit: Edit) -> SensorChanges:
    """Return what was written into a cell as the site takes it.

    Raises
    ------
    ValueError
        It is no number.
    """
    value = edit.value
    told: dict[str, Any] = {edit.field: value}
    if edit.field in ("lower", "upper"):
        told[edit.field] = _read(value) if value else None
    elif edit.field == "run_state":
        told[edit.field] = _run_state(value)
    made = SensorChanges()
    made.update(told)  # type: ignore[typeddict-item]
    return made


def _read(text: str) -> float:
    return float(text.strip().replace("−", "-").replace(",", "."))


def _run_state(text: str) -> dict[str, Any] | None:
    if not text:
        return None
    if text.startswith(_ANY):
        return {"values": [_read(part) for part in text[1:].split(", ")]}
    return {"minimum": _read(text.lstrip("≥>= "))}


def _do(plant: Plant, fleet: str, edit: Edit) -> None:
    """Make an edit, and tell what came of it when the page is drawn again."""
    st.session_state[_TELL] = st.session_state.get(_TELL, 0) + 1
    try:
        plant.fleet(fleet).edit_sensor(edit.key, edit.revision, **changes(edit))
        frame.say_next(t("data.edited", sensor=edit.key))
    except Outdated:
        told = t("data.edit_conflict", sensor=edit.key, value=edit.value or "–")
        st.session_state[_TROUBLE] = told
    except ValueError:
        st.session_state[_TROUBLE] = t("data.no_number", value=edit.value)
    except KizashiError as error:
        st.session_state[_TROUBLE] = wrong.line(error)
