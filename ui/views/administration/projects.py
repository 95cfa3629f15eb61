"""Projects: fleets that the same people see, and who those are."""

from __future__ import annotations

from functools import partial
from urllib.parse import quote
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.client import Plant
from appliance.schemas.access import Project
from ui import api, controls, formats, frame, state
from ui.components.table import Cell, Column, Row, table
from ui.dialogs import dialog
from ui.text import t
from ui.views.administration import user


def show(plant: Plant, _zone: ZoneInfo) -> None:
    """Draw the projects, and the one that the address names."""
    found = list(plant.projects.list())
    fleets = {one.fleet: one.project for one in plant.fleets()}
    chosen = next((one for one in found if one.name == state.get("project")), None)
    left, right = st.columns([5, 5], gap="small") if chosen else (st.container(), None)
    with left.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{t('administration.part_projects')}**", width="stretch")
            add = api.may("manage_projects") and st.button(
                t("projects.add"), icon=":material/add:", type="primary"
            )
        st.caption(t("projects.what"))
        rows = [Row(one.name, _cells(one, fleets)) for one in found]
        columns = [Column(t("projects.name")), Column(t("projects.fleets"))]
        table(columns, rows, label=t("administration.part_projects"), key="projects")
    if add:
        dialog(t("projects.add"))(_add)(plant)
    if chosen is not None and right is not None:
        with right:
            _project(plant, chosen, fleets)


def _of(project: str, fleets: dict[str, str]) -> list[str]:
    return sorted(fleet for fleet, own in fleets.items() if own == project)


def _cells(one: Project, fleets: dict[str, str]) -> list[Cell]:
    address = f"/administration?part=projects&project={quote(one.name)}"
    own = sorted({*one.fleets, *_of(one.name, fleets)})
    return [
        Cell(one.name, address=address),
        Cell(formats.number(len(own)), t("users.comma").join(own)),
    ]


def _add(plant: Plant) -> None:
    name = st.text_input(
        t("projects.name"), max_chars=63, help=t("projects.name_help"), key="new_project_name"
    )
    with frame.troubles():
        if st.button(t("projects.add"), type="primary", key="new_project_save"):
            made = plant.projects.add(name.strip())
            state.put(project=made.name)
            frame.say_next(t("projects.added", name=made.name))
            st.rerun()


# ---------------------------------------------------------------- one project
def _project(plant: Plant, project: Project, fleets: dict[str, str]) -> None:
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text(project.name, width="stretch")
            if st.button("", icon=":material/close:", type="tertiary", help=t("user.close")):
                state.put(project="")
                st.rerun()
        _fleets(plant, project, fleets)
    if api.may("manage_members", project.name):
        with st.container(border=True):
            _members(plant, project)


def _fleets(plant: Plant, project: Project, fleets: dict[str, str]) -> None:
    st.markdown(f"**{t('projects.fleets')}**")
    own = sorted({*project.fleets, *_of(project.name, fleets)})
    rows = [Row(fleet, [Cell(fleet, address=f"/?fleet={quote(fleet)}")]) for fleet in own]
    table([Column(t("users.fleet"))], rows, label=t("projects.fleets"), key="project_fleets")
    others = [fleet for fleet in sorted(fleets) if fleet not in own]
    if not others or not api.may("manage_projects"):
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        fleet = st.selectbox(t("projects.bring"), others, key="bring_fleet")
        if st.button(t("projects.bring")):
            controls.confirm(
                t("projects.bring"),
                t("projects.bring_text", fleet=fleet, project=project.name),
                t("projects.bring"),
                partial(plant.projects.assign, fleet, project.name),
                t("user.saved"),
            )


def _members(plant: Plant, project: Project) -> None:
    st.markdown(f"**{t('projects.members')}**")
    looks_after = api.may("manage_users")
    rows = [
        Row(
            one.user,
            [
                Cell(one.user, address=user.address(one.user) if looks_after else ""),
                Cell(t(f"role.{one.role.value}")),
            ],
            ["take"],
        )
        for one in plant.projects.members(project.name)
    ]
    columns = [Column(t("users.name")), Column(t("users.role"))]
    deeds = {"take": t("user.take")}
    deed = table(columns, rows, label=t("projects.members"), key="members", deeds=deeds)
    if deed is not None:
        name = deed.rows[0]
        controls.confirm(
            t("user.take"),
            t("user.take_text", name=name, project=project.name),
            t("user.take"),
            partial(plant.users.revoke, name, project.name),
            t("user.saved"),
        )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(t("users.name"), max_chars=100, key="member_name")
        role = st.selectbox(
            t("users.role"),
            user.ROLES,
            format_func=lambda one: t(f"role.{one.value}"),
            key="member_role",
        )
        if st.button(t("user.give"), key="member_give") and name.strip():
            plant.users.grant(name.strip(), project.name, role)
            frame.say_next(t("user.saved"))
            st.rerun()
