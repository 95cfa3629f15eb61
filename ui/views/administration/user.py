"""One user: what they are where, by what they come in, and what can be done about it."""

from __future__ import annotations

from functools import partial
from urllib.parse import quote
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.client import Plant
from appliance.core.clock import now
from appliance.schemas.access import LoginSession, Role, User
from ui import api, controls, formats, frame, state
from ui.components.table import Cell, Column, Row, table
from ui.dialogs import dialog
from ui.text import t

ROLES: list[Role] = list(Role)
"""From the one that may least on."""


def address(name: str) -> str:
    """Return the address of a user."""
    return f"/administration?part=users&user={quote(name, safe='')}"


def show(plant: Plant, user: User, zone: ZoneInfo) -> None:
    """Draw a user beside the list of all."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            frame.name(user.name)
            if st.button("", icon=":material/close:", type="tertiary", help=t("user.close")):
                state.put(user="")
                st.rerun()
        _state(user, zone)
        _deeds(plant, user)
    with st.container(border=True):
        _roles(plant, user)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{t('user.sessions')}**", width="stretch")
            end = st.button(t("user.end_all"), icon=":material/logout:")
        found = list(plant.users.sessions(user.name))
        sessions(plant, found, zone, key="user_sessions")
        if end:
            controls.confirm(
                t("user.end_all"),
                t("user.end_all_text", name=user.name),
                t("user.end_all"),
                partial(plant.users.end_sessions, user.name),
                t("user.ended"),
            )


def _state(user: User, zone: ZoneInfo) -> None:
    st.caption(t("user.since", day=formats.day(user.created, zone)))
    if user.disabled:
        st.caption(t("user.is_disabled"))
    if user.locked_until is not None and user.locked_until > now():
        st.caption(t("user.is_locked", at=formats.at(user.locked_until, zone)))
    if not user.password:
        st.caption(t("user.no_password"))


# ---------------------------------------------------------------- what can be done
def _deeds(plant: Plant, user: User) -> None:
    """Draw what may be done to a user; nobody shuts themselves out."""
    own = user.name == api.me().get("user")
    with st.container(horizontal=True, vertical_alignment="center"):
        if user.locked_until is not None and user.locked_until > now():
            unlock = st.button(t("user.unlock"), icon=":material/lock_open:")
            if unlock:
                _at_once(partial(plant.users.unlock, user.name), t("user.unlocked"))
        if st.button(t("user.new_password"), icon=":material/key:"):
            dialog(t("user.new_password"))(_password)(plant, user)
        if plant.ways().provider and st.button(t("user.identity"), icon=":material/badge:"):
            dialog(t("user.identity"))(_identity)(plant, user)
        if not own:
            _standing(plant, user)
        frame.link(
            "administration",
            t("user.tokens"),
            ":material/vpn_key:",
            part="tokens",
            owner=user.name,
        )
    if own:
        st.caption(t("user.yourself"))


def _standing(plant: Plant, user: User) -> None:
    words = "user.no_admin" if user.admin else "user.make_admin"
    if st.button(t(words), icon=":material/shield_person:"):
        controls.confirm(
            t(words),
            t(f"{words}_text", name=user.name),
            t(words),
            partial(_set_admin, plant, user),
            t("user.saved"),
        )
    if not user.admin:
        code = "user.no_code" if user.runs_code else "user.let_code"
        if st.button(t(code), icon=":material/code:"):
            controls.confirm(
                t(code),
                t(f"{code}_text", name=user.name),
                t(code),
                partial(_set_code, plant, user),
                t("user.saved"),
            )
    if user.disabled:
        if st.button(t("user.enable"), icon=":material/person:"):
            _at_once(partial(_enable, plant, user), t("user.enabled"))
    elif st.button(t("user.disable"), icon=":material/person_off:"):
        controls.confirm(
            t("user.disable"),
            t("user.disable_text", name=user.name),
            t("user.disable"),
            partial(_disable, plant, user),
            t("user.disabled"),
        )


def _at_once(do: partial[None], said: str) -> None:
    do()
    frame.say_next(said)
    st.rerun()


def _set_admin(plant: Plant, user: User) -> None:
    plant.users.set_admin(user.name, not user.admin)


def _set_code(plant: Plant, user: User) -> None:
    plant.users.let_code_run(user.name, not user.runs_code)


def _enable(plant: Plant, user: User) -> None:
    plant.users.enable(user.name)


def _disable(plant: Plant, user: User) -> None:
    plant.users.disable(user.name)


def _password(plant: Plant, user: User) -> None:
    st.text(t("user.password_text", name=user.name))
    password = st.text_input(
        t("users.password"),
        type="password",
        autocomplete="new-password",
        help=t("users.password_help"),
        key="user_password",
    )
    with frame.troubles():
        if st.button(t("user.save"), type="primary", key="user_password_save"):
            plant.users.set_password(user.name, password or None)
            frame.say_next(t("user.password_set"))
            st.rerun()


def _identity(plant: Plant, user: User) -> None:
    st.text(t("user.identity_text", provider=plant.ways().provider, name=user.name))
    subject = st.text_input(
        t("user.subject"), max_chars=255, help=t("user.subject_help"), key="user_subject"
    )
    with frame.troubles(), st.container(horizontal=True):
        if st.button(t("user.expect"), type="primary", key="user_expect"):
            plant.users.expect_identity(user.name, subject.strip() or None)
            frame.say_next(t("user.saved"))
            st.rerun()
        if st.button(t("user.forget"), key="user_forget"):
            plant.users.forget_identity(user.name)
            frame.say_next(t("user.saved"))
            st.rerun()


# ---------------------------------------------------------------- roles
def _roles(plant: Plant, user: User) -> None:
    st.markdown(f"**{t('user.roles')}**")
    if user.admin:
        st.caption(t("user.admin_may"))
        return
    projects = [one.name for one in plant.projects.list()]
    rows = [
        Row(project, [Cell(project), Cell(t(f"role.{role.value}"))], ["take"])
        for project, role in sorted(user.roles.items())
    ]
    columns = [Column(t("users.project")), Column(t("users.role"))]
    deed = table(
        columns,
        rows,
        label=t("user.roles"),
        key="user_roles",
        deeds={"take": t("user.take")},
    )
    if deed is not None:
        project = deed.rows[0]
        controls.confirm(
            t("user.take"),
            t("user.take_text", name=user.name, project=project),
            t("user.take"),
            partial(plant.users.revoke, user.name, project),
            t("user.saved"),
        )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        project = st.selectbox(t("users.project"), projects, key="give_project")
        role = st.selectbox(
            t("users.role"),
            ROLES,
            format_func=lambda one: t(f"role.{one.value}"),
            key="give_role",
        )
        if st.button(t("user.give")):
            _at_once(partial(plant.users.grant, user.name, project, role), t("user.saved"))


# ---------------------------------------------------------------- sessions
def sessions(
    plant: Plant, found: list[LoginSession], zone: ZoneInfo, *, key: str, own: str = ""
) -> None:
    """Draw somebody's sessions, each of which can be ended.

    Parameters
    ----------
    own
        Identifier of the session that asks.
    """
    rows = [
        Row(
            one.id,
            [
                Cell(one.origin, t("user.this_one") if one.id == own else ""),
                Cell(formats.ago(one.seen, now())),
                Cell(formats.at(one.expires, zone)),
            ],
            [] if one.id == own else ["end"],
        )
        for one in found
    ]
    columns = [Column(t(f"user.{name}")) for name in ("origin", "seen", "expires")]
    deed = table(columns, rows, label=t("user.sessions"), key=key, deeds={"end": t("user.end")})
    if deed is not None:
        _at_once(partial(plant.users.end_session, deed.rows[0]), t("user.ended"))
