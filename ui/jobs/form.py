"""A form made from what a pipeline may be told: what must be said first, the rest on demand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.client import Plant
from appliance.schemas.offer import Offer
from ui import api, controls
from ui.jobs import words
from ui.text import known, t

_ORDER = (
    "score",
    "train",
    "retrain",
    "tune",
    "learn_lives",
    "backtest",
    "report",
    "ingest",
    "compact",
    "retention",
    "promote",
    "rollback",
    "adjust",
)
_NOT_BY_HAND = frozenset({"verdict_preview"})
"""Asked for by the pages that show what they tell."""


@dataclass(frozen=True)
class Asked:
    """A job as somebody asks for it.

    Attributes
    ----------
    missing
        Names of what must be said and is not.
    """

    pipeline: str
    fleet: str | None
    arguments: dict[str, Any]
    missing: tuple[str, ...] = ()


def offers(plant: Plant) -> list[Offer]:
    """Return what whoever looks may ask for somewhere, the usual first."""
    found = api.once("offers", lambda: list(plant.jobs.pipelines()))
    own = [one for one in found if one.name not in _NOT_BY_HAND and places(one, plant)]
    rank = {name: number for number, name in enumerate(_ORDER)}
    return sorted(own, key=lambda one: rank.get(one.name, len(rank)))


def places(offer: Offer, plant: Plant) -> list[str]:
    """Return the fleets that a pipeline may be asked for; ``""`` is the whole site."""
    fleets = api.once("fleets", lambda: list(plant.fleets()))
    right = offer.right.value
    own = sorted(one.fleet for one in fleets if api.may(right, one.project))
    site = [""] if offer.place != "fleet" and api.me().get("admin") else []
    return site + ([] if offer.place == "site" else own)


def ask(plant: Plant, zone: ZoneInfo, given: Asked | None, key: str) -> Asked | None:
    """Draw the form; return what it says, None where nothing may be asked for.

    Parameters
    ----------
    given
        What is asked for at first.
    """
    known_offers = {one.name: one for one in offers(plant)}
    if not known_offers:
        return None
    names = list(known_offers)
    first = given.pipeline if given and given.pipeline in names else names[0]
    name = st.selectbox(
        t("jobs.what"),
        names,
        index=names.index(first),
        format_func=words.pipeline,
        key=f"{key}_what",
    )
    offer = known_offers[name]
    st.caption(_summary(offer))
    fleet = _place(places(offer, plant), given, key)
    before = dict(given.arguments) if given and given.pipeline == name else {}
    told, missing = _arguments(offer, before, zone, f"{key}_{name}")
    return Asked(name, fleet or None, told, missing)


def _summary(offer: Offer) -> str:
    if known(f"jobs.summary_{offer.name}"):
        return t(f"jobs.summary_{offer.name}")
    return offer.summary


def _place(options: Sequence[str], given: Asked | None, key: str) -> str:
    wanted = (given.fleet or "") if given else ""
    chosen = st.selectbox(
        t("jobs.fleet"),
        options,
        index=options.index(wanted) if wanted in options else 0,
        format_func=lambda one: one or t("jobs.whole_site"),
        key=f"{key}_fleet_{len(options)}",
    )
    return chosen or ""


# ---------------------------------------------------------------- arguments
def _arguments(
    offer: Offer, before: Mapping[str, Any], zone: ZoneInfo, key: str
) -> tuple[dict[str, Any], tuple[str, ...]]:
    fields: Mapping[str, Any] = offer.arguments.get("properties", {})
    needed = set(offer.arguments.get("required", ()))
    shown = {name: one for name, one in fields.items() if _kind(one) != "object"}
    told: dict[str, Any] = {}
    for name in (one for one in shown if one in needed):
        told[name] = _field(name, shown[name], before.get(name), zone, key)
    rest = [name for name in shown if name not in needed]
    if rest:
        with st.expander(t("jobs.more_choices"), expanded=bool(before)):
            for name in rest:
                told[name] = _field(name, shown[name], before.get(name), zone, key)
    said = {name: value for name, value in told.items() if value not in (None, "", [])}
    kept = {name: value for name, value in before.items() if name not in shown}
    usual = {name: one.get("default") for name, one in shown.items()}
    said = {name: v for name, v in said.items() if name in needed or v != usual.get(name)}
    missing = tuple(words.argument(name) for name in shown if name in needed - said.keys())
    return kept | said, missing


def _schema(field: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a field is if it is said at all."""
    for choice in field.get("anyOf", ()):
        if choice.get("type") != "null":
            return {**choice, "default": field.get("default")}
    return field


def _kind(field: Mapping[str, Any]) -> str:
    one = _schema(field)
    if "enum" in one or "const" in one:
        return "enum"
    if one.get("format") == "date-time":
        return "moment"
    return str(one.get("type", "object"))


def _field(name: str, field: Mapping[str, Any], before: Any, zone: ZoneInfo, key: str) -> Any:
    one, kind = _schema(field), _kind(field)
    label, at = words.argument(name), f"{key}_{name}"
    usual = before if before is not None else one.get("default")
    if kind == "boolean":
        return st.checkbox(label, value=bool(usual), key=at)
    if kind == "enum":
        options = ["", *one.get("enum", [one.get("const")])]
        return st.selectbox(
            label,
            options,
            index=options.index(usual) if usual in options else 0,
            format_func=lambda word: words.option(word) if word else t("jobs.as_usual"),
            key=at,
        )
    if kind in ("integer", "number"):
        return _number(label, one, usual, at, whole=kind == "integer")
    if kind == "moment":
        told = controls.moment(label, _read(usual), zone, at)
        return told.isoformat() if told else None
    if kind == "array":
        return _list(label, one, usual, at)
    return st.text_input(label, value=str(usual or ""), key=at, max_chars=1000).strip()


def _number(
    label: str, one: Mapping[str, Any], usual: Any, at: str, *, whole: bool
) -> int | float | None:
    cast = int if whole else float
    low, high = one.get("minimum"), one.get("maximum")
    found: int | float | None = st.number_input(
        label,
        min_value=None if low is None else cast(low),
        max_value=None if high is None else cast(high),
        value=None if usual is None else cast(usual),
        step=cast(1),
        placeholder=t("jobs.as_usual"),
        key=at,
    )
    return found


def _list(label: str, one: Mapping[str, Any], usual: Any, at: str) -> list[Any]:
    text = "\n".join(map(str, usual or ()))
    told = st.text_area(label, value=text, key=at, help=t("jobs.one_a_line"), height=90)
    lines = [line.strip() for line in told.splitlines() if line.strip()]
    if one.get("items", {}).get("type") in ("number", "integer"):
        return [float(line) for line in lines if _is_number(line)]
    return lines


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _read(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value)) if value else None
    except ValueError:
        return None
