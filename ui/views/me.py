"""One's own account: password, sessions, tokens and language."""

from __future__ import annotations

from functools import partial
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.client import Plant
from appliance.core.errors import Unauthenticated
from appliance.schemas.access import User
from ui import api, controls, formats, frame
from ui.components.briefs import Brief, briefs
from ui.components.go import go
from ui.text import LANGUAGES, language, t
from ui.views.administration import tokens
from ui.views.administration.user import sessions


def show() -> None:
    """Draw the account of whoever is logged in."""
    plant = api.plant()
    zone = plant.zone()
    user = plant.users.get(str(api.me()["user"]))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(t("me.title"), anchor=False, width="stretch")
        _language()
    left, right = st.columns([4, 6], gap="small")
    with left:
        with st.container(border=True):
            _who(user, zone)
        with st.container(border=True):
            _password(plant, user)
    with right:
        with st.container(border=True):
            _sessions(plant, user, zone)
        with st.container(border=True):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"**{t('me.tokens')}**", width="stretch")
                make = st.button(t("tokens.make"), icon=":material/add:")
            st.caption(t("tokens.what"))
            tokens.listed(plant, list(plant.tokens.list(user.name)), zone)
    if make:
        tokens.ask(plant, [user.name])


def _language() -> None:
    """Draw the languages; another is chosen by an address that leaves a cookie."""
    codes = list(LANGUAGES)
    chosen = st.segmented_control(
        t("me.language"),
        codes,
        default=language(),
        format_func=LANGUAGES.__getitem__,
        label_visibility="collapsed",
        required=True,
    )
    if chosen != language():
        go(f"/language?set={chosen}&next=/me")


def _who(user: User, zone: ZoneInfo) -> None:
    frame.name(user.name)
    st.caption(t("user.since", day=formats.day(user.created, zone)))
    if user.admin:
        lines = [Brief(t("users.site_admin"), t("user.admin_may"))]
    else:
        lines = [
            Brief(project, t(f"role.{role.value}"))
            for project, role in sorted(user.roles.items())
        ]
    if lines:
        briefs(lines, label=t("user.roles"), key="own_roles", wraps=True)
    else:
        st.caption(t("users.no_role"))


def _password(plant: Plant, user: User) -> None:
    st.markdown(f"**{t('me.password')}**")
    if not user.password:
        st.caption(t("user.no_password"))
        return
    with st.form("own_password", clear_on_submit=True, border=False):
        old = st.text_input(
            t("me.old"), type="password", autocomplete="current-password", key="own_old"
        )
        new = st.text_input(
            t("me.new"),
            type="password",
            autocomplete="new-password",
            help=t("users.password_help"),
            key="own_new",
        )
        again = st.text_input(
            t("me.again"), type="password", autocomplete="new-password", key="own_again"
        )
        if not st.form_submit_button(t("me.change")):
            return
    with frame.troubles():
        if new != again:
            st.error(t("me.differ"))
            return
        try:
            plant.change_password(old, new)
        except Unauthenticated:  # of the old password; of the session the next run tells
            st.error(t("me.wrong"))
            return
        frame.say_next(t("me.changed"))
        st.rerun()


def _sessions(plant: Plant, user: User, zone: ZoneInfo) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{t('user.sessions')}**", width="stretch")
        end = st.button(t("me.end_all"), icon=":material/logout:")
    own = str(api.me().get("session") or "")
    found = list(plant.users.sessions(user.name))
    found.sort(key=lambda one: (one.id != own, -one.seen.timestamp()))
    sessions(plant, found, zone, key="own_sessions", own=own)
    if end:
        controls.confirm(
            t("me.end_all"),
            t("me.end_all_text"),
            t("me.end_all"),
            partial(plant.users.end_sessions, user.name),
            t("user.ended"),
        )
