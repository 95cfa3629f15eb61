"""A file before it is brought in: its first rows, what is guessed, and what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import streamlit as st

from appliance.schemas.preview import Preview
from ui import formats, theme
from ui.components.briefs import Brief, briefs
from ui.components.columns import Said, columns
from ui.components.figures import Figure, figures
from ui.intake import words
from ui.intake.meaning import COUNTED, Meaning, stem
from ui.text import t

_TIME, _ZONE, _ASSET, _ONE, _LAYOUT = (
    f"read_{name}" for name in ("time", "zone", "asset", "one", "layout")
)
_ONE_ASSET, _IN_NAMES = "\0one", "\0names"


def preview(seen: Preview, said: Meaning, site: ZoneInfo, left: Any, right: Any) -> Said | None:
    """Draw a preview; return what was said of a column, once.

    Parameters
    ----------
    left, right
        Where rows and figures stand, and where the form does.
    """
    with left:
        figures(_figures(seen, site))
        with st.container(border=True):
            st.markdown(f"**{t('data.rows_title')}**")
            st.caption(t("data.rows_text"))
            said_of = columns(seen.columns, said.units, key="columns")
            if seen.more_columns:
                st.caption(t("data.more_columns", n=formats.number(seen.more_columns)))
    with right:
        with st.container(border=True):
            st.markdown(f"**{t('data.check')}**")
            briefs(_doubts(seen, site), label=t("data.check"), key="doubts", wraps=True)
        with st.container(border=True):
            st.markdown(f"**{t('data.read_as')}**")
            _form(seen, said, site)
    return said_of


def _figures(seen: Preview, site: ZoneInfo) -> list[Figure]:
    looked = "data.looked_all" if seen.whole else "data.looked"
    names = ", ".join(seen.assets[:4]) + (" …" if len(seen.assets) > 4 else "")
    return [
        Figure(
            t("data.readings"),
            formats.number(seen.rows),
            t(looked, n=formats.number(seen.checked)),
        ),
        Figure(t("data.machines"), formats.number(len(seen.assets) + seen.more_assets), names),
        Figure(t("data.sensors"), formats.number(seen.sensors)),
        Figure(
            t("data.begins"),
            _day(seen.start, seen, site),
            t("data.until", at=words.moment(seen.end, seen.time_kind, site)),
        ),
    ]


def _day(at: datetime | None, seen: Preview, site: ZoneInfo) -> str:
    clock = seen.time_kind == "time"
    return formats.day(at, site) if clock else words.moment(at, seen.time_kind, site)


# ---------------------------------------------------------------- what to check
def _doubts(seen: Preview, site: ZoneInfo) -> list[Brief]:
    colours = theme.tokens()
    lines = []
    if seen.refused:
        lines.append(Brief(seen.refused, seen.remedy, colour=colours["act"]))
    if seen.before is not None:
        at = formats.at(seen.before, site)
        told = t("data.known_before", at=at)
        lines.append(Brief(told, t("data.known_text"), colour=colours["plan"]))
    if seen.time_ground == "nothing" and not seen.refused:
        lines.append(Brief(t("data.no_time"), t("data.no_time_text"), colour=colours["plan"]))
    for ground, name in ((seen.time_ground, "time"), (seen.asset_ground, "asset")):
        if ground == "values":
            column = ", ".join(seen.time) if name == "time" else seen.asset or ""
            told = t(f"data.guessed_{name}", column=column)
            lines.append(Brief(told, t("data.guessed_text"), colour=colours["watch"]))
    for one in seen.doubts:
        first = t("data.first_at", row=formats.number(one.row), value=one.value or "–")
        text = words.reason(one.reason)
        text = f"{one.column}: {text}" if one.column else text
        lines.append(Brief(text, first, formats.number(one.count), colour=colours["watch"]))
    return lines or [Brief(t("data.no_doubt"), t("data.no_doubt_text"), colour="#0B8F6B")]


# ---------------------------------------------------------------- the form
def _form(seen: Preview, said: Meaning, site: ZoneInfo) -> None:
    names = [one.name for one in seen.columns]
    _time(seen, said, names)
    if seen.zone is not None:
        zones = list(dict.fromkeys((seen.zone, site.key, "UTC", *_zones())))
        st.session_state[_ZONE] = seen.zone
        st.selectbox(
            t("data.zone"),
            zones,
            key=_ZONE,
            help=t("data.zone_help"),
            on_change=lambda: setattr(said, "timezone", st.session_state[_ZONE]),
        )
    _asset(seen, said, names)
    st.session_state[_LAYOUT] = "long" if seen.long else "wide"
    st.segmented_control(
        t("data.layout"),
        ("wide", "long"),
        key=_LAYOUT,
        required=True,
        help=t("data.layout_help"),
        format_func=lambda name: t(f"data.layout_{name}"),
        on_change=lambda: setattr(said, "layout", st.session_state[_LAYOUT]),
    )


@cache
def _zones() -> tuple[str, ...]:
    return tuple(sorted(name for name in available_timezones() if "/" in name))


def _time(seen: Preview, said: Meaning, names: Sequence[str]) -> None:
    now = ",".join(seen.time) or said.time or COUNTED
    options = list(dict.fromkeys((now, COUNTED, *names)))
    st.session_state[_TIME] = now
    st.selectbox(
        t("data.time"),
        options,
        key=_TIME,
        format_func=lambda name: t("data.counted") if name == COUNTED else name,
        on_change=lambda: setattr(said, "time", st.session_state[_TIME]),
    )
    if seen.time_format and seen.start is not None:
        st.caption(t("data.first_time", at=words.moment(seen.start, seen.time_kind, _UTC)))


_UTC = ZoneInfo("UTC")


def _asset(seen: Preview, said: Meaning, names: Sequence[str]) -> None:
    alone = seen.asset is None and len(seen.assets) + seen.more_assets <= 1
    now = seen.asset or (_ONE_ASSET if alone else _IN_NAMES)
    words_of = {_ONE_ASSET: t("data.one_asset"), _IN_NAMES: t("data.in_names")}
    options = list(dict.fromkeys((now, _ONE_ASSET, *names)))

    def chosen() -> None:
        name = st.session_state[_ASSET]
        said.asset = f"={stem(seen.file)}" if name == _ONE_ASSET else name
        if name == _IN_NAMES:
            said.asset = ""

    st.session_state[_ASSET] = now
    st.selectbox(
        t("data.asset"),
        options,
        key=_ASSET,
        format_func=lambda name: words_of.get(name, name),
        on_change=chosen,
    )
    if now == _ONE_ASSET:
        st.session_state[_ONE] = seen.assets[0] if seen.assets else stem(seen.file)
        st.text_input(
            t("data.one_name"),
            key=_ONE,
            max_chars=200,
            on_change=lambda: setattr(said, "asset", f"={st.session_state[_ONE].strip()}"),
        )
