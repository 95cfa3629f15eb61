"""Recipes in words; pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from statistics import median

from appliance.schemas.model import ModelAsset
from appliance.schemas.recipe import Cleaning, Recipe
from ui import formats
from ui.components.facts import Fact
from ui.text import known, t

_USUAL_HOURS = 4.0
"""Hours of the running average beside ``auto`` unless a recipe says otherwise."""
_MOST = 6


def called(name: str) -> str:
    """Return what a recipe or a detector is called."""
    key = f"recipes.called_{name}"
    return t(key) if known(key) else name


def told(recipe: Recipe) -> list[Fact]:
    """Return what a recipe does."""
    rule, lines = recipe.threshold, _method(recipe)
    lines += _cleaning(recipe.cleaning)
    context = "context_none" if recipe.conditioning.method == "none" else "context_auto"
    lines.append(Fact(t("recipes.context"), t(f"recipes.{context}")))
    alarm = t(
        "recipes.alarm_text",
        budget=f"{rule.false_alarms_per_month:g}",
        rows=rule.minimum_rows,
        merge=rule.merge_rows,
        release=formats.share(rule.release),
    )
    lines.append(Fact(t("recipes.alarm"), alarm))
    least = t(
        "recipes.least_text",
        rows=formats.number(recipe.minimum_rows),
        share=formats.share(recipe.minimum_coverage),
    )
    return [*lines, Fact(t("recipes.least"), least)]


def _method(recipe: Recipe) -> list[Fact]:
    key = f"recipes.method_{recipe.detector}"
    text = t(key) if known(key) else recipe.detector
    lines = [Fact(t("recipes.method"), text)]
    if recipe.parameters:
        parameters = ", ".join(f"{name} = {value}" for name, value in recipe.parameters.items())
        lines.append(Fact(t("recipes.parameters"), parameters))
    hours = recipe.sustained_hours
    if hours is None and recipe.detector == "auto":
        hours = _USUAL_HOURS
    if hours:
        lines.append(
            Fact(t("recipes.sustained"), t("recipes.sustained_text", hours=f"{hours:g}"))
        )
    return lines


def _cleaning(rule: Cleaning) -> list[Fact]:
    step = t("recipes.grid_auto")
    if rule.interval_seconds is not None:
        step = t(
            "recipes.grid_fixed", span=formats.span(timedelta(seconds=rule.interval_seconds))
        )
    gaps = t("recipes.gaps_text", rows=rule.fill_rows, missing=rule.missing_rows)
    lines = [Fact(t("recipes.grid"), f"{step} {gaps}")]
    if rule.limits:
        text = t("recipes.limits_text", names=_some(sorted(rule.limits)))
        lines.append(Fact(t("recipes.limits"), text))
    if rule.run_state is not None:
        text = t("recipes.running_text", column=rule.run_state.column)
        lines.append(Fact(t("recipes.running"), text))
    return lines


def reasons(machines: Iterable[ModelAsset]) -> list[Fact]:
    """Return what was found out from the readings, and so decided how they are judged."""
    known_of = [one for one in machines if not one.problem]
    if not known_of:
        return []
    step = median(one.interval_seconds or 0.0 for one in known_of)
    back = median(one.looks_back_seconds or 0.0 for one in known_of)
    ahead = median(one.looks_ahead_seconds or 0.0 for one in known_of)
    spans = {
        name: formats.span(timedelta(seconds=value))
        for name, value in (("step", step), ("back", back), ("ahead", ahead))
    }
    text = t("recipes.windows_row", step=spans["step"])
    if back or ahead:
        text = t("recipes.windows_text", **spans)
    lines = [Fact(t("recipes.windows"), text)]
    explained = _mean_by_sensor(known_of)
    if explained:
        best = sorted(explained.items(), key=lambda one: -one[1])[:_MOST]
        text = ", ".join(f"{name} {formats.share(share)}" for name, share in best)
        lines.append(Fact(t("recipes.explained"), t("recipes.explained_text", names=text)))
    dropped = {(name, why) for one in known_of for name, why in one.left_out.items()}
    if dropped:
        text = _some([f"{name} ({why})" for name, why in sorted(dropped)])
        lines.append(Fact(t("recipes.left_out"), text))
    unusual = sum(one.unusual for one in known_of)
    if unusual:
        text = t("recipes.unusual_text", n=formats.number(unusual))
        lines.append(Fact(t("recipes.unusual"), text))
    return lines


def _mean_by_sensor(machines: Iterable[ModelAsset]) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for one in machines:
        for name, share in one.explained.items():
            found.setdefault(name, []).append(share)
    return {name: sum(shares) / len(shares) for name, shares in found.items()}


def _some(names: list[str]) -> str:
    more = f" … (+{len(names) - _MOST})" if len(names) > _MOST else ""
    return ", ".join(names[:_MOST]) + more
