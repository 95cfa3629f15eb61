"""What a change of the calendar would do is looked at before anybody makes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.client import Plant
from appliance.schemas.calendar import CalendarPreview, WindowDraft
from appliance.schemas.fleet import FleetSummary
from ui import api, formats
from ui.components.briefs import Brief, briefs
from ui.components.figures import Figure, figures
from ui.text import t

_WEIGHED = "calendar_weighed"
_MOST_FLEETS = 5
_LINES = 6
_Told = tuple[str, list[CalendarPreview], int]


@dataclass(frozen=True)
class Planner:
    """Who plans, and what for.

    Attributes
    ----------
    zone
        The site's.
    fleets
        Those that may be seen.
    """

    plant: Plant
    zone: ZoneInfo
    fleets: Sequence[FleetSummary]

    def may(self, fleet: str | None) -> bool:
        """Whether windows of a fleet may be changed, or those of the whole site."""
        if fleet is None:
            return bool(api.me().get("admin"))
        project = next((one.project for one in self.fleets if one.fleet == fleet), None)
        return project is not None and api.may("configure", project)

    @property
    def may_change(self) -> bool:
        """Whether windows of any fleet may be changed."""
        return self.may(None) or any(self.may(one.fleet) for one in self.fleets)

    def places(self) -> list[str]:
        """Return the fleets whose windows may be changed; an empty name for the site."""
        names = sorted(one.fleet for one in self.fleets if self.may(one.fleet))
        return [*names, ""] if self.may(None) else names


def forget() -> None:
    """Forget what was looked at: something else is."""
    st.session_state.pop(_WEIGHED, None)


def weighed(
    planner: Planner, adding: Sequence[WindowDraft], removing: Sequence[str], fleet: str | None
) -> bool:
    """Offer to tell what a change would do; return whether that was told of this very one."""
    signature = repr(([one.model_dump() for one in adding], removing))
    held: _Told | None = st.session_state.get(_WEIGHED)
    if held is None or held[0] != signature:
        place = st.empty()
        with place.container():
            st.caption(t("calendar.weigh_first"))
            if not st.button(t("calendar.weigh"), icon=":material/balance:"):
                return False
        with place, st.spinner(t("calendar.weighing")):
            held = signature, *_previews(planner, adding, removing, fleet)
        place.empty()
        st.session_state[_WEIGHED] = held
    with st.container(border=True):
        st.markdown(f"**{t('calendar.would')}**")
        _told(held[1], held[2])
    return True


def _previews(
    planner: Planner, adding: Sequence[WindowDraft], removing: Sequence[str], fleet: str | None
) -> tuple[list[CalendarPreview], int]:
    """Return what a change would do to the fleets that it bears on, and how many are left."""
    watched = [one.fleet for one in planner.fleets if one.champion is not None]
    meant = [name for name in sorted(watched) if fleet in (None, name)]
    looked = [
        planner.plant.calendar.preview(name, adding, removing) for name in meant[:_MOST_FLEETS]
    ]
    return looked, max(len(meant) - _MOST_FLEETS, 0)


def _told(previews: Sequence[CalendarPreview], more: int) -> None:
    if not previews:
        st.caption(t("calendar.no_model"))
        return
    total = {
        name: sum(getattr(one, name) for one in previews)
        for name in ("silenced", "judged", "unlearned", "learned")
    }
    gone = [event for one in previews for event in (*one.vanish, *one.merge)]
    figures(
        [
            Figure(t("calendar.vanish"), formats.number(len(gone))),
            Figure(
                t("calendar.appear"),
                formats.number(sum(len(one.appear) for one in previews)),
                t(
                    "calendar.change_note",
                    n=formats.number(sum(len(one.change) for one in previews)),
                ),
            ),
            _readings("calendar.silenced", total["silenced"], "judged_again", total["judged"]),
            _readings("calendar.unlearned", total["unlearned"], "learned", total["learned"]),
        ]
    )
    lines = [
        Brief(event.asset, t("calendar.vanishes"), address=f"/event?id={event.id}")
        for event in gone[:_LINES]
    ]
    lines += [
        Brief(
            t("calendar.version", fleet=one.fleet, n=version),
            t("calendar.version_note"),
            address=f"/model?fleet={one.fleet}&version={version}",
        )
        for one in previews
        for version in one.versions[-_LINES:]
    ]
    if lines:
        briefs(lines, label=t("calendar.would"), key="would")
    elif not any(total.values()):
        st.caption(t("calendar.changes_nothing"))
    if more:
        st.caption(t("calendar.more_fleets", n=formats.number(more)))


def _readings(name: str, fewer: int, back: str, more: int) -> Figure:
    note = t(f"calendar.{back}", n=formats.number(more)) if more else ""
    return Figure(t(name), formats.number(fewer), note)
