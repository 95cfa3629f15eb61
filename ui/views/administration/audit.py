"""The audit log: who did what, when and to what, and whether it is as it was written."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.client import Plant
from appliance.core.clock import now
from appliance.schemas.audit import AuditEntry
from ui import controls, formats, frame, state
from ui.components.table import Cell, Column, Row, table
from ui.text import known, t

_RANGES = ("1", "7", "30", "all")
_STEP = 100
_MOST = 1_000
_EXPORTED = 100_000
_UNKNOWN = "?"
"""Whoever was not known yet, as somebody who logs in."""


def show(plant: Plant, zone: ZoneInfo) -> None:
    """Draw the entries that the address asks for, and what proves them."""
    with st.container(border=True):
        start = _filters()
        by, on = state.get("by") or None, state.get("on") or None
        shown = state.number("shown", _STEP, _STEP, _MOST)
        entries = plant.audit(by=by, on=on, start=start, limit=shown + 1)
        found = list(islice(entries, shown + 1))
        names = ("number", "at", "by", "deed", "object", "origin")
        kinds = {"number": "number"}
        columns = [Column(t(f"audit.{n}"), kinds.get(n, "text")) for n in names]  # type: ignore[arg-type]
        rows = [Row(str(one.number), _cells(one, zone)) for one in found[:shown]]
        table(columns, rows, label=t("administration.part_audit"), key="audit")
        if len(found) > shown < _MOST and st.button(
            t("audit.more"), icon=":material/expand_more:"
        ):
            state.put(shown=shown + _STEP)
            st.rerun()
    _proof(plant, partial(_lines, plant, by, on, start))


def _filters() -> datetime | None:
    """Draw the filters; return since when entries are asked for."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{t('administration.part_audit')}**", width="stretch")
        for name in ("by", "on"):
            key = f"audit_{name}"
            st.session_state[key] = state.get(name)
            st.text_input(
                t(f"audit.only_{name}"),
                key=key,
                max_chars=200,
                placeholder=t(f"audit.only_{name}"),
                on_change=_put,
                args=(name,),
                label_visibility="collapsed",
                width=180,
            )
        days = controls.segments(
            "days",
            _RANGES,
            "30",
            label=t("audit.range"),
            words=lambda name: t(f"audit.range_{name}"),
        )
    return None if days == "all" else now() - timedelta(days=int(days))


def _put(name: str) -> None:
    state.put(**{name: str(st.session_state[f"audit_{name}"]).strip(), "shown": ""})


def _cells(one: AuditEntry, zone: ZoneInfo) -> list[Cell]:
    return [
        Cell(str(one.number)),
        Cell(formats.at(one.at, zone)),
        Cell("–" if one.by == _UNKNOWN else one.by),
        Cell(_deed(one.action), _change(one), title=_change(one)),
        Cell(one.object),
        Cell(one.origin),
    ]


def _deed(action: str) -> str:
    """Return what was done in words; what has none yet as it is written."""
    key = f"audit.done_{action.replace('.', '_')}"
    return t(key) if known(key) else action


def _change(one: AuditEntry) -> str:
    """Return what changed: the facts before and after."""
    before, after = _facts(one.before), _facts(one.after)
    return f"{before} → {after}" if before and after else before or after


def _facts(facts: Mapping[str, Any] | None) -> str:
    return ", ".join(
        f"{name}: {_value(value)}"
        for name, value in (facts or {}).items()
        if value is not None and value not in ("", [], {})
    )


def _value(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return "+".join(value)
    return json.dumps(value, ensure_ascii=False)


# ---------------------------------------------------------------- proof and export
def _proof(plant: Plant, lines: Callable[[], str]) -> None:
    with st.container(border=True):
        st.markdown(f"**{t('audit.proof')}**")
        st.caption(t("audit.proof_text"))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            head = st.text_input(
                t("audit.head"), max_chars=100, placeholder=t("audit.head_empty"), key="head"
            )
            check = st.button(t("audit.check"), icon=":material/verified:")
            st.download_button(
                t("audit.export"),
                lines,
                "audit.jsonl",
                "application/jsonl",
                icon=":material/download:",
                on_click="ignore",
            )
        if check:
            with frame.troubles():
                _check(plant, head.strip() or None)


def _lines(plant: Plant, by: str | None, on: str | None, start: datetime | None) -> str:
    """Return the entries as JSON, one a line, with the digests that prove them."""
    found = plant.audit(by=by, on=on, start=start, limit=_EXPORTED)
    return "".join(f"{one.model_dump_json()}\n" for one in found)


def _check(plant: Plant, head: str | None) -> None:
    told = plant.check_audit(head)
    if told.whole:
        st.success(t("audit.whole", n=formats.number(told.entries)), icon=":material/verified:")
        st.caption(t("audit.note_head"))
        st.code(told.head, language=None)
    else:
        st.error(t("audit.broken", n=told.broken), icon=":material/gpp_bad:")
        st.text(told.reason)
