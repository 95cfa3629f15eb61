"""The recipes of a fleet: listed, told in words, edited, checked and saved."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.client import Plant
from appliance.core.errors import KizashiError
from appliance.schemas.fleet import FleetSummary
from appliance.schemas.recipe import Recipe, SavedRecipe
from ui import api, formats, frame, state, wrong
from ui.components.facts import facts
from ui.components.table import Cell, Column, Row, table
from ui.dialogs import dialog
from ui.learning import deeds
from ui.learning.words import called, told
from ui.text import known, t

_NAME = re.compile(r"[a-z0-9_]{1,60}")
_METHODS = ("auto", "none")


def recipes(plant: Plant, fleet: FleetSummary) -> None:
    """Draw the recipes of the site and of the fleet's project, and the chosen one in words."""
    found = [one for one in plant.recipes.list() if one.project in (None, fleet.project)]
    found.sort(key=lambda one: (one.project is None, one.name != "auto", one.name))
    names = [one.name for one in found]
    chosen = found[names.index(state.choice("recipe", names, "auto"))]
    left, right = st.columns([5, 4], gap="small")
    with left.container(border=True):
        st.markdown(f"**{t('recipes.title')}**")
        _listed(plant, fleet, found)
    with right.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html(_title(chosen), width="stretch")
            if api.may("train", fleet.project):
                _offered(plant, fleet, chosen)
        facts(told(chosen.recipe))


def _title(chosen: SavedRecipe) -> str:
    return f"<b>{called(chosen.name)}</b>"


def _listed(plant: Plant, fleet: FleetSummary, found: Sequence[SavedRecipe]) -> None:
    zone = plant.zone()
    rows = [
        Row(
            one.name,
            [
                Cell(
                    called(one.name),
                    below=_below(one),
                    address=f"/models?fleet={fleet.fleet}&part=recipes&recipe={one.name}",
                ),
                Cell(f"{one.recipe.threshold.false_alarms_per_month:g}"),
                Cell(
                    t("recipes.of_site") if one.project is None else one.by,
                    below=_saved(one, zone),
                ),
            ],
        )
        for one in found
    ]
    columns = [
        Column(t("recipes.name")),
        Column(t("recipes.budget"), "number"),
        Column(t("recipes.by")),
    ]
    table(columns, rows, label=t("recipes.title"), key="recipes")


def _below(one: SavedRecipe) -> str:
    key = f"recipes.short_{one.name}"
    if one.project is None and known(key):
        return t(key)
    return "" if one.project is None else called(one.recipe.detector)


def _saved(one: SavedRecipe, zone: ZoneInfo) -> str:
    if one.project is None or one.updated is None:
        return ""
    return t("recipes.saved_in", project=one.project, at=formats.day(one.updated, zone))


def _offered(plant: Plant, fleet: FleetSummary, chosen: SavedRecipe) -> None:
    own = chosen.project is not None
    label = t("recipes.edit") if own else t("recipes.copy")
    if st.button(label, key="edit_recipe", icon=":material/edit:"):
        _edit(plant, fleet, chosen)
    if st.button(t("recipes.train_with"), key="train_with", icon=":material/model_training:"):
        deeds.asked(plant.fleet(fleet.fleet).train(chosen.name).id)


# ---------------------------------------------------------------- editing
@dialog(" ", width="large")
def _edit(plant: Plant, fleet: FleetSummary, chosen: SavedRecipe) -> None:
    """Change a recipe of the project, or make one from a recipe of the site."""
    with frame.troubles():
        own = chosen.project is not None
        st.markdown(f"#### {t('recipes.edit_title') if own else t('recipes.copy_title')}")
        name = st.text_input(
            t("recipes.name"),
            value=chosen.name if own else f"my_{chosen.name}",
            disabled=own,
            max_chars=60,
            help=t("recipes.name_help"),
            key="recipe_name",
        )
        wanted = _fields(plant, chosen.recipe)
        with st.container(horizontal=True):
            checks = st.button(t("recipes.check"), key="recipe_check")
            saves = st.button(t("recipes.save"), type="primary", key="recipe_save")
        if not (checks or saves):
            return
        if not _NAME.fullmatch(name):
            st.text(t("recipes.name_help"))
            return
        _settle(plant, fleet, chosen, name, wanted, saves=saves)


def _settle(
    plant: Plant,
    fleet: FleetSummary,
    chosen: SavedRecipe,
    name: str,
    wanted: dict[str, Any] | None,
    *,
    saves: bool,
) -> None:
    """Check what was entered, and save it if that is asked for."""
    if wanted is None:
        st.text(t("recipes.parameters_wrong"))
        return
    try:
        found = plant.recipes.check(Recipe.model_validate({**wanted, "name": name}))
        if saves:
            own = chosen.project is not None
            seen = chosen.revision if own else 0
            plant.recipes.put(name, found, fleet.project, revision=seen)
    except KizashiError as error:
        st.text(wrong.line(error))
        return
    if not saves:
        st.markdown(t("recipes.can_be_used"))
        facts(told(found))
        return
    frame.say_next(t("recipes.saved", name=name))
    frame.lead("models", fleet=fleet.fleet, part="recipes", recipe=name)


def _fields(plant: Plant, recipe: Recipe) -> dict[str, Any] | None:
    """Ask for what a recipe says; None if its parameters are no table."""
    left, right = st.columns(2)
    with left:
        names = [one.name for one in plant.recipes.list() if one.project is None]
        if recipe.detector not in names:
            names.append(recipe.detector)
        detector = st.selectbox(
            t("recipes.method"),
            names,
            index=names.index(recipe.detector),
            format_func=called,
            key="recipe_detector",
        )
        rule = recipe.threshold
        budget = _number("budget", rule.false_alarms_per_month, 0.01, 1_000.0)
        rows = _number("rows", rule.minimum_rows, 1, 10_000)
        merge = _number("merge", rule.merge_rows, 0, 100_000)
        release = _number("release", rule.release, 0.05, 1.0)
    with right:
        hours = _number("hours", recipe.sustained_hours, 0.0, 744.0)
        fill = _number("fill", recipe.cleaning.fill_rows, 0, 10_000)
        least = _number("least", recipe.minimum_rows, 20, 10_000_000)
        coverage = _number("coverage", recipe.minimum_coverage, 0.0, 1.0)
        method = st.selectbox(
            t("recipes.context"),
            _METHODS,
            index=_METHODS.index(recipe.conditioning.method),
            format_func=lambda word: t(f"recipes.context_{word}_short"),
            key="recipe_context",
        )
    text = st.text_area(
        t("recipes.parameters"),
        value=json.dumps(recipe.parameters, indent=2, ensure_ascii=False),
        help=t("recipes.parameters_help"),
        key="recipe_parameters",
    )
    parameters = _table_of(text)
    if parameters is None:
        return None
    made: dict[str, Any] = recipe.model_dump(mode="json")
    made["detector"], made["parameters"], made["sustained_hours"] = detector, parameters, hours
    made["minimum_rows"], made["minimum_coverage"] = least, coverage
    made["cleaning"]["fill_rows"] = fill
    made["conditioning"]["method"] = method
    made["threshold"] = {
        "false_alarms_per_month": budget,
        "minimum_rows": rows,
        "merge_rows": merge,
        "release": release,
    }
    return made


def _number(name: str, value: float | None, low: float, high: float) -> float | int | None:
    kind = int if isinstance(low, int) else float
    return st.number_input(
        t(f"recipes.field_{name}"),
        min_value=low,
        max_value=high,
        value=None if value is None else kind(value),
        placeholder=t("recipes.usual"),
        key=f"recipe_{name}",
    )


def _table_of(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
