"""Users: who is known to the site, added and found here."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import streamlit as st

from appliance.client import Plant
from appliance.core.clock import now
from appliance.schemas.access import Role, User
from ui import formats, frame, state, theme
from ui.components.figures import Figure, figures
from ui.components.table import Cell, Column, Row, table
from ui.dialogs import dialog
from ui.text import t
from ui.views.administration import user

_MOST = 500


def show(plant: Plant, zone: ZoneInfo) -> None:
    """Draw the users, and the one that the address names."""
    found = list(plant.users.list())
    _figures(found)
    chosen = next((one for one in found if one.name == state.get("user")), None)
    left, right = st.columns([6, 4], gap="small") if chosen else (st.container(), None)
    with left.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{t('administration.part_users')}**", width="stretch")
            text = st.text_input(
                t("users.find"),
                placeholder=t("users.find"),
                label_visibility="collapsed",
                width=180,
                key="users_find",
            )
            if st.button(t("users.add"), icon=":material/person_add:", type="primary"):
                dialog(t("users.add"))(_add)(plant)
        _table([one for one in found if text.strip().casefold() in one.name.casefold()])
    if chosen is not None and right is not None:
        with right:
            user.show(plant, chosen, zone)


def _figures(found: list[User]) -> None:
    out = sum(one.disabled for one in found)
    figures(
        [
            Figure(
                t("users.known"),
                formats.number(len(found)),
                t("users.disabled_of", n=formats.number(out)) if out else "",
            ),
            Figure(
                t("users.admins"),
                formats.number(sum(one.admin and not one.disabled for one in found)),
                t("users.admins_note"),
            ),
            Figure(
                t("users.locked"),
                formats.number(sum(is_locked(one) for one in found)),
                t("users.locked_note"),
            ),
        ]
    )


def is_locked(one: User) -> bool:
    """Whether too many logins of a user failed."""
    return one.locked_until is not None and one.locked_until > now()


def _table(found: list[User]) -> None:
    names = ("name", "roles", "comes_by", "state")
    rows = [Row(one.name, _cells(one)) for one in found[:_MOST]]
    columns = [Column(t(f"users.{name}")) for name in names]
    table(columns, rows, label=t("administration.part_users"), key="users")
    if len(found) > _MOST:
        st.caption(t("users.first_only", n=formats.number(_MOST)))


def _cells(one: User) -> list[Cell]:
    roles = t("users.comma").join(
        f"{project}: {t(f'role.{role.value}')}" for project, role in sorted(one.roles.items())
    )
    if one.admin:
        roles = t("users.site_admin")
    word, colour = "active", theme.CATEGORIES[2]
    if one.disabled:
        word, colour = "disabled", theme.tokens()["quiet"]
    elif is_locked(one):
        word, colour = "is_locked", theme.tokens()["plan"]
    return [
        Cell(one.name, address=user.address(one.name)),
        Cell(roles or t("users.no_role")),
        Cell(t("users.by_password" if one.password else "users.by_other")),
        Cell(t(f"users.{word}"), colour=colour),
    ]


def _add(plant: Plant) -> None:
    """Ask for a user, with a role in a project."""
    name = st.text_input(t("users.name"), max_chars=100, key="new_user")
    password = st.text_input(
        t("users.password"),
        type="password",
        autocomplete="new-password",
        help=t("users.password_help"),
        key="new_password",
    )
    admin = st.checkbox(t("users.site_admin"), help=t("users.admin_help"), key="new_admin")
    project, role = None, Role.VIEWER
    if not admin:
        left, right = st.columns(2)
        names = [one.name for one in plant.projects.list()]
        project = left.selectbox(t("users.project"), names, key="new_project")
        role = right.selectbox(
            t("users.role"),
            user.ROLES,
            format_func=lambda one: t(f"role.{one.value}"),
            key="new_role",
        )
    with frame.troubles():
        if st.button(t("users.add"), type="primary", key="new_save", disabled=not name.strip()):
            made = plant.users.add(name.strip(), password or None, admin=admin)
            if project is not None:
                plant.users.grant(made.name, project, role)
            state.put(user=made.name)
            frame.say_next(t("users.added", name=made.name))
            st.rerun()
