"""The dialog in which a source is added, tried or changed; its password never comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import streamlit as st
from pydantic import ValidationError

from appliance.client import Plant
from appliance.core.errors import (
    BadFile,
    Conflict,
    KizashiError,
    LimitExceeded,
    NotFound,
    Outdated,
    SourceError,
)
from appliance.schemas.preview import Preview
from appliance.schemas.source import Feed, Folder, Mqtt, Source, SourceDraft, Sql
from ui import formats, frame
from ui.components.table import Cell, Column, Row, table
from ui.dialogs import dialog
from ui.intake.source_kinds import folder, mqtt, sql
from ui.text import known, t

_Kind = Literal["folder", "sql", "mqtt", "feed"]
_KINDS: tuple[_Kind, ...] = ("folder", "sql", "mqtt")
"""That are asked for here; feeds of installed packages are, in the shell."""
_ROWS, _COLUMNS = 5, 8


def ask(plant: Plant, standing: Source | None, fleets: Sequence[str], fleet: str) -> None:
    """Ask for a source and save it; `standing` is the one that is changed."""
    title = t("sources.edit_title", name=standing.name) if standing else t("sources.add")
    shown = dialog(title, width="medium")(_ask)
    shown(plant, standing, sorted(fleets), fleet)


def _ask(plant: Plant, standing: Source | None, fleets: Sequence[str], fleet: str) -> None:
    told: dict[str, Any] = {"paused": standing.paused if standing else False}
    kind: _Kind | None
    if standing:
        told["name"], told["fleet"] = standing.name, standing.fleet
        kind = standing.origin.kind
    else:
        told |= _named(fleets, fleet)
        kind = st.segmented_control(
            t("sources.kind"),
            _KINDS,
            default="folder",
            format_func=lambda word: t(f"sources.kind_{word}"),
            required=True,
            key="source_kind",
        )
    origin = standing.origin if standing else None
    held = standing.secrets if standing else ()
    if kind == "sql":
        told["origin"] = sql(origin if isinstance(origin, Sql) else None, held)
    elif kind == "mqtt":
        told["origin"] = mqtt(origin if isinstance(origin, Mqtt) else None, held)
    elif isinstance(origin, Feed):
        told["origin"] = origin.model_dump(mode="json")
        st.caption(t("sources.feed_text", name=origin.feed))
    else:
        told["origin"] = folder(origin if isinstance(origin, Folder) else None)
    if standing:
        st.caption(t("sources.elsewhere"))
    told |= _meaning(standing, kind or "folder")
    with st.container(horizontal=True):
        save = st.button(t("sources.save"), type="primary", key="source_save")
        attempt = st.button(t("sources.try"), key="source_try")
    if save:
        _save(plant, told, standing)
    elif attempt:
        _try(plant, told)


def _named(fleets: Sequence[str], fleet: str) -> dict[str, Any]:
    left, right = st.columns(2)
    name = left.text_input(
        t("sources.name"), max_chars=63, help=t("sources.name_help"), key="source_name"
    )
    into = right.selectbox(
        t("sources.fleet"),
        fleets,
        index=fleets.index(fleet) if fleet in fleets else None,
        help=t("data.fleet_help"),
        accept_new_options=True,
        key="source_fleet",
    )
    return {"name": name.strip(), "fleet": (into or "").strip()}


def _meaning(before: Source | None, kind: _Kind) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if before is not None:
        told = {name: getattr(before, name) for name in ("time", "timezone", "layout")}
    left, right = st.columns(2)
    if kind != "mqtt":
        asset = left.text_input(
            t("sources.asset"),
            (before.asset or "") if before else "",
            max_chars=400,
            placeholder=t("sources.recognised"),
            help=t("sources.asset_help"),
            key="source_asset",
        )
        told["asset"] = asset.strip() or None
    context = right.text_input(
        t("sources.context"),
        ", ".join(before.context) if before else "",
        help=t("sources.context_help"),
        key="source_context",
    )
    told["context"] = [one.strip() for one in context.split(",") if one.strip()]
    told["every"] = left.number_input(
        t("sources.every"),
        1,
        86_400,
        int(before.every) if before else 60,
        help=t("sources.every_help"),
        key="source_every",
    )
    told["judge"] = st.checkbox(
        t("sources.judge"), before.judge if before else True, key="source_judge"
    )
    return told


# ---------------------------------------------------------------- saved and tried
def _draft(told: Mapping[str, Any]) -> SourceDraft | None:
    """Return what was asked for; say which field cannot be used, never what is in it."""
    try:
        return SourceDraft.model_validate(told)
    except ValidationError as error:
        place = [str(part) for part in error.errors(include_input=False)[0]["loc"]]
    field = next((part for part in reversed(place) if known(f"sources.{part}")), "topic")
    asked = f"sources.{field}_help"
    text = t("sources.wrong", field=t(f"sources.{field}"))
    st.error(f"{text} {t(asked)}" if known(asked) else text)
    return None


def _save(plant: Plant, told: Mapping[str, Any], standing: Source | None) -> None:
    draft = _draft(told)
    if draft is None:
        return
    with frame.troubles():
        try:
            if standing:
                plant.sources.put(draft, standing.revision)
            else:
                plant.sources.add(draft)
        except (NotFound, Outdated):
            st.error(t("sources.conflict", name=draft.name))
            return
        except (Conflict, LimitExceeded):
            st.error(t("sources.exists", name=draft.name))
            return
        frame.say_next(t("sources.saved", name=draft.name))
        st.rerun()


def _try(plant: Plant, told: Mapping[str, Any]) -> None:
    """Show the first of what would come; nothing of it is kept."""
    draft = _draft({**told, "name": told["name"] or "try"})
    if draft is None:
        return
    with frame.troubles():
        with st.spinner(t("sources.trying")):
            trial = plant.sources.attempt(draft)
        if trial.preview is None:
            _nothing(SourceError(trial.error, remedy=trial.remedy))
        elif trial.preview.refused:
            seen = trial.preview
            _nothing(BadFile(seen.refused, remedy=seen.remedy))
        else:
            _seen(trial.preview)


def _nothing(why: KizashiError) -> None:
    st.error(t("sources.nothing_comes"), icon=":material/error:")
    frame.explain(why)


def _seen(seen: Preview) -> None:
    facts = {
        "rows": formats.number(seen.rows),
        "machines": formats.number(len(seen.assets) + seen.more_assets),
        "sensors": formats.number(seen.sensors),
    }
    st.success(t("sources.would_come", **facts), icon=":material/check_circle:")
    shown = seen.columns[:_COLUMNS]
    rows = list(zip(*(one.cells[:_ROWS] for one in shown), strict=False))
    table(
        [Column(one.name) for one in shown],
        [Row(str(n), [Cell(cell) for cell in row]) for n, row in enumerate(rows)],
        label=t("data.rows_title"),
        key="source_rows",
    )
