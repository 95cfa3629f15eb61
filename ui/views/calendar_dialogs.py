"""The calendar's dialogs: a window is weighed before it is added, changed or removed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.core.clock import now
from appliance.schemas.calendar import (
    CalendarFile,
    Rescoring,
    Window,
    WindowDraft,
    WindowKind,
)
from ui import controls, formats, frame, state, windows
from ui.components.briefs import Brief, briefs
from ui.components.month import weekday
from ui.components.table import Cell, Column, Row, table
from ui.dialogs import dialog
from ui.text import t
from ui.views.calendar_weighing import Planner, forget, weighed

_USUAL = timedelta(hours=4)
_MOST_DRAFTS = 100
_LINES = 6
_LARGEST = 4
"""Megabytes that a calendar file may have."""


# ---------------------------------------------------------------- add and edit
def change(planner: Planner, window: Window | None, fleet: str, day: date | None) -> None:
    """Ask for a window, weigh it and save it.

    Parameters
    ----------
    window
        That is changed; None for a new one.
    fleet, day
        Which a new one is for, at first.
    """
    forget()
    title = t("calendar.edit_title" if window else "calendar.add_title")
    dialog(title, width="medium")(_change)(planner, window, fleet, day)


def _change(planner: Planner, window: Window | None, fleet: str, day: date | None) -> None:
    draft = _asked(planner, window, fleet, day)
    removing = [window.id] if window else []
    score = st.checkbox(t("calendar.score"), help=t("calendar.score_help"), key="window_score")
    with frame.troubles():
        if draft.end <= draft.start:
            st.error(t("calendar.order"))
            return
        if not weighed(planner, [draft], removing, draft.fleet):
            return
        if st.button(t("calendar.save"), type="primary"):
            calendar = planner.plant.calendar
            if window is None:
                done = calendar.add(draft, score=score)
            else:
                done = calendar.edit(window.id, draft, window.revision, score=score)
            _leave(t("calendar.saved"), done.outdated)
            state.put(window=done.window.id)
            st.rerun()


def _asked(
    planner: Planner, window: Window | None, fleet: str, day: date | None
) -> WindowDraft:
    """Draw the fields; return what they say."""
    known = window.id if window else f"new-{day or ''}"
    place, asset = _place(planner, window or fleet, known)
    left, right = st.columns([2, 3])
    kinds = list(WindowKind)
    kind = left.selectbox(
        t("calendar.kind"),
        kinds,
        kinds.index(window.kind) if window else 0,
        format_func=lambda one: t(f"calendar.kind_{one.value}"),
        key=f"window_kind_{known}",
    )
    title = right.text_input(
        t("calendar.what"),
        window.title if window else "",
        max_chars=200,
        key=f"window_title_{known}",
    )
    first = window.start if window else _begin(planner.zone, day)
    last = window.end if window else first + _USUAL
    with left:
        start = controls.moment(
            t("calendar.start"), first, planner.zone, f"window_start_{known}"
        )
    with right:
        end = controls.moment(t("calendar.end"), last, planner.zone, f"window_end_{known}")
    rule = windows.rule_of(_repeat(window.rule if window else "", known))
    same = window is not None and window.rule == rule
    return WindowDraft(
        fleet=place or None,
        asset=asset,
        kind=kind,
        title=title.strip(),
        start=start or first,
        end=end or last,
        zone=window.zone if window else planner.zone.key,
        rule=rule,
        excluded=window.excluded if window and same else (),
        added=window.added if window and same else (),
    )


def _begin(zone: ZoneInfo, day: date | None) -> datetime:
    """Return when a new window begins at first: the next full hour, or in the morning."""
    if day is not None:
        return datetime.combine(day, time(8), zone)
    return now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def _place(planner: Planner, usual: Window | str, known: str) -> tuple[str, str | None]:
    """Ask for the fleet and the machine that a window holds for.

    Parameters
    ----------
    usual
        The window that is changed, or the name of a fleet; the first one if empty.
    """
    places = planner.places()
    if isinstance(usual, Window):
        fleet, asset = usual.fleet or "", usual.asset
    else:
        fleet, asset = usual or places[0], None
    left, right = st.columns([2, 3])
    chosen = left.selectbox(
        t("calendar.fleet"),
        places,
        places.index(fleet) if fleet in places else 0,
        format_func=lambda name: name or t("calendar.whole_site"),
        key=f"window_fleet_{known}",
    )
    if not chosen:
        return "", None
    assets = [one.asset for one in planner.plant.fleet(chosen).assets()]
    found = right.selectbox(
        t("calendar.machine"),
        ["", *assets],
        assets.index(asset) + 1 if asset in assets else 0,
        format_func=lambda name: name or t("calendar.all_machines"),
        key=f"window_asset_{known}_{chosen}",
    )
    return chosen, found or None


def _repeat(rule: str, known: str) -> windows.Repeat:
    """Ask when a window returns."""
    usual = windows.repeat_of(rule)
    how = st.segmented_control(
        t("calendar.repeats"),
        windows.REPEATS,
        default=usual.how,
        format_func=lambda name: t(f"calendar.repeat_{name}"),
        required=True,
        key=f"window_repeat_{known}",
    )
    if how == "own":
        own = st.text_input(
            t("calendar.rule"),
            usual.own,
            max_chars=500,
            placeholder="FREQ=MONTHLY;BYDAY=1MO",
            help=t("calendar.rule_help"),
            key=f"window_rule_{known}",
        )
        return windows.Repeat("own", own=own)
    days: Sequence[str] = ()
    if how == "weekly":
        days = st.pills(
            t("calendar.days"),
            windows.DAYS,
            selection_mode="multi",
            default=list(usual.days),
            format_func=lambda name: weekday(windows.DAYS.index(name)),
            help=t("calendar.days_help"),
            key=f"window_days_{known}",
        )
    until = None
    if how != "once":
        until = st.date_input(
            t("calendar.last_day"),
            usual.until,
            format="YYYY-MM-DD",
            help=t("calendar.last_day_help"),
            key=f"window_until_{known}",
        )
    return windows.Repeat(how or "once", tuple(days), until)


# ---------------------------------------------------------------- remove
def remove(planner: Planner, window: Window) -> None:
    """Weigh and remove a window."""
    forget()
    dialog(t("calendar.remove_title"), width="medium")(_remove)(planner, window)


def _remove(planner: Planner, window: Window) -> None:
    st.text(windows.name_of(window.kind, window.title))
    st.caption(t("calendar.remove_text"))
    with frame.troubles():
        if not weighed(planner, [], [window.id], window.fleet):
            return
        if st.button(t("calendar.remove"), type="primary", key="window_remove"):
            done = planner.plant.calendar.remove(window.id, window.revision)
            _leave(t("calendar.removed"), done.outdated)
            st.rerun()


def _leave(text: str, outdated: Sequence[Rescoring]) -> None:
    """Say what was done, and what is judged anew because of it."""
    told = [text]
    if outdated:
        machines = sum(one.assets for one in outdated)
        word = "calendar.rejudging" if any(one.job for one in outdated) else "calendar.rejudged"
        told.append(t(word, n=formats.number(machines)))
    frame.say_next(formats.sentences(told))
    forget()


# ---------------------------------------------------------------- import
def import_file(planner: Planner, fleet: str) -> None:
    """Ask for a calendar file, show what it holds, weigh it and bring it in."""
    forget()
    dialog(t("calendar.import_title"), width="large")(_import_file)(planner, fleet)


def _import_file(planner: Planner, fleet: str) -> None:
    st.caption(t("calendar.import_text"))
    place, asset = _place(planner, fleet, "import")
    kinds = [kind for kind in WindowKind if kind is not WindowKind.FAILURE]
    kind = st.selectbox(
        t("calendar.kind"),
        kinds,
        format_func=lambda one: t(f"calendar.kind_{one.value}"),
        key="import_kind",
    )
    given = st.file_uploader(t("calendar.file"), ["ics"], max_upload_size=_LARGEST, key="ics")
    if given is None:
        return
    data, calendar = given.getvalue(), planner.plant.calendar
    with frame.troubles():
        found = calendar.preview_file(data, place or None, asset=asset, kind=kind)
        _entries(found, planner.zone)
        standing = calendar.list(place or None)
        replaced = [
            one.id
            for one in standing
            if one.source in found.series and (one.fleet or "", one.asset) == (place, asset)
        ]
        drafts = found.drafts[:_MOST_DRAFTS]
        if not found.drafts or not weighed(
            planner, drafts, replaced[:_MOST_DRAFTS], place or None
        ):
            return
        if st.button(t("calendar.bring", n=len(found.drafts)), type="primary"):
            done = calendar.import_file(data, place or None, asset=asset, kind=kind)
            facts = done.report.model_dump(exclude={"notes"})
            _leave(t("calendar.brought", **facts), done.outdated)
            st.rerun()


def _entries(found: CalendarFile, zone: ZoneInfo) -> None:
    rows = [
        Row(
            str(number),
            [
                Cell(windows.name_of(one.kind, one.title), colour=windows.colour_of(one.kind)),
                Cell(formats.at(one.start, zone), formats.span(one.end - one.start)),
                Cell(windows.returns(one.rule)),
            ],
        )
        for number, one in enumerate(found.drafts[:_MOST_DRAFTS])
    ]
    columns = [Column(t(f"calendar.{name}")) for name in ("what", "when", "repeats")]
    table(columns, rows, label=t("calendar.file"), key="drafts")
    if len(found.drafts) > _MOST_DRAFTS:
        st.caption(t("calendar.first_only", n=formats.number(_MOST_DRAFTS)))
    if found.notes:
        st.caption(t("calendar.passed_over"))
        briefs(
            [Brief(note) for note in found.notes[:_LINES]],
            label=t("calendar.passed_over"),
            key="notes",
        )
