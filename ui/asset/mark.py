"""A stretch that somebody marked: what it was, and what saying so changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.client import Plant
from appliance.schemas.calendar import CalendarPreview, WindowDraft, WindowKind
from appliance.schemas.event import UNCLOSED, Event
from ui import api, controls, formats, frame
from ui.dialogs import dialog
from ui.text import t

_WINDOWS = ("maintenance", "planned_stop", "test_run", "other")
_FIRST_CYCLE = datetime(2000, 1, 1, tzinfo=UTC)
_CYCLE = timedelta(hours=1)
_LEAST = timedelta(minutes=1)


@dataclass(frozen=True)
class Place:
    """Where a stretch is marked.

    Attributes
    ----------
    events
        Of the machine.
    """

    fleet: str
    asset: str
    project: str
    zone: ZoneInfo
    kind: Literal["time", "cycle"]
    events: Sequence[Event]


def may_mark(project: str) -> bool:
    """Whether whoever looks may say anything of a stretch."""
    return api.may("annotate", project) or api.may("configure", project)


@dialog(" ", width="medium")
def mark(plant: Plant, place: Place, stretch: tuple[datetime, datetime]) -> None:
    """Ask what a stretch was, tell what that changes, and write it down."""
    st.markdown(f"#### {t('asset.mark_title')}")
    with frame.troubles():
        start, end = _ends(place, stretch)
        if start is None or end is None or not start < end:
            st.caption(t("asset.mark_order"))
            return
        waiting = [
            one
            for one in place.events
            if one.state in UNCLOSED and one.start < end and one.end >= start
        ]
        what = st.radio(
            t("asset.mark_what"),
            _offered(place.project, waiting),
            format_func=lambda name: t(f"asset.mark_{name}"),
            captions=[
                t(f"asset.mark_{name}_text") for name in _offered(place.project, waiting)
            ],
        )
        if what == "normal":
            _normal(plant, place, (start, end), waiting)
        else:
            _window(plant, place, what, (start, end))


def _offered(project: str, waiting: Sequence[Event]) -> list[str]:
    found = ["failure"] if api.may("annotate", project) else []
    if api.may("configure", project):
        found += _WINDOWS
    if api.may("configure", project) or (waiting and api.may("annotate", project)):
        found.append("normal")
    return found


def _ends(
    place: Place, stretch: tuple[datetime, datetime]
) -> tuple[datetime | None, datetime | None]:
    left, right = st.columns(2)
    words = t("asset.mark_from"), t("asset.mark_to")
    if place.kind == "cycle":
        cycles = []
        for column, word, moment in zip((left, right), words, stretch, strict=True):
            number = round((moment - _FIRST_CYCLE) / _CYCLE)
            with column:
                cycles.append(st.number_input(word, value=number, step=1))
        return _FIRST_CYCLE + cycles[0] * _CYCLE, _FIRST_CYCLE + cycles[1] * _CYCLE
    start = stretch[0].replace(second=0, microsecond=0)
    end = max(stretch[1].replace(second=0, microsecond=0), start + _LEAST)
    with left:
        first = controls.moment(words[0], start, place.zone, "mark_from")
    with right:
        return first, controls.moment(words[1], end, place.zone, "mark_to")


# ---------------------------------------------------------------- deeds
def _normal(
    plant: Plant, place: Place, stretch: tuple[datetime, datetime], waiting: Sequence[Event]
) -> None:
    """Close its events as false alarms; who may, also writes it into the calendar."""
    st.caption(t("asset.normal_events", n=formats.number(len(waiting))))
    if st.button(t("asset.mark_save"), type="primary"):
        if waiting and api.may("annotate", place.project):
            plant.deal([one.id for one in waiting], "close", verdict="false")
        if api.may("configure", place.project):
            plant.calendar.add(_draft(place, "normal", "", stretch))
        frame.say_next(t("asset.normal_done", n=formats.number(len(waiting))))
        st.rerun()


def _window(plant: Plant, place: Place, what: str, stretch: tuple[datetime, datetime]) -> None:
    title = st.text_input(
        t("asset.mark_words"), max_chars=200, placeholder=t(f"asset.mark_{what}_example")
    ).strip()
    draft = _draft(place, what, title, stretch)
    if what != "failure" and api.may("score", place.project):
        with st.spinner(t("asset.previewing")):
            st.caption(_told(plant.calendar.preview(place.fleet, [draft])))
    if not st.button(t("asset.mark_save"), type="primary"):
        return
    if what == "failure":
        plant.fleet(place.fleet).add_failure(*stretch, asset=place.asset, title=title)
    else:
        plant.calendar.add(draft, score=api.may("score", place.project))
    frame.say_next(t("asset.mark_done"))
    st.rerun()


def _draft(
    place: Place, what: str, title: str, stretch: tuple[datetime, datetime]
) -> WindowDraft:
    return WindowDraft(
        fleet=place.fleet,
        asset=place.asset,
        kind=WindowKind(what),
        title=title,
        start=stretch[0],
        end=stretch[1],
    )


def _told(preview: CalendarPreview) -> str:
    """Return what a window would change, in a sentence."""
    return t(
        "asset.preview",
        silenced=formats.number(preview.silenced),
        vanish=formats.number(len(preview.vanish)),
        change=formats.number(len(preview.change) + len(preview.merge)),
        appear=formats.number(len(preview.appear)),
    )
