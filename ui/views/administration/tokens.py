"""Tokens: what programs show instead of a password; a secret is shown once and kept nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.client import Plant
from appliance.core.clock import now
from appliance.schemas.access import Right, Token
from ui import api, controls, formats, frame, state, theme
from ui.components.table import Cell, Column, Row, table
from ui.dialogs import dialog
from ui.text import t

_DONE = "token_done"
_DAYS = (30, 90, 365, 1825)


def show(plant: Plant, zone: ZoneInfo) -> None:
    """Draw everybody's tokens, or those of the user that the address names."""
    owner = state.get("owner")
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{t('administration.part_tokens')}**", width="stretch")
            names = sorted(one.name for one in plant.users.list())
            owner = controls.pick(
                "owner",
                ["", *names],
                "",
                label=t("tokens.owner"),
                words=lambda name: name or t("tokens.everybody"),
            )
            make = st.button(t("tokens.make"), icon=":material/add:", type="primary")
        st.caption(t("tokens.what"))
        listed(plant, list(plant.tokens.list(owner or None)), zone)
    if make:
        ask(plant, [owner] if owner else names)


def listed(plant: Plant, found: Sequence[Token], zone: ZoneInfo) -> None:
    """Draw tokens, each of which can be revoked."""
    names = ("label", "owner", "rights", "expires", "used")
    rows = [Row(one.id, _cells(one, zone), [] if _over(one) else ["revoke"]) for one in found]
    columns = [Column(t(f"tokens.{name}")) for name in names]
    deeds = {"revoke": t("tokens.revoke")}
    deed = table(columns, rows, label=t("tokens.list"), key="tokens", deeds=deeds)
    if deed is not None:
        label = next(one.label for one in found if one.id == deed.rows[0])
        controls.confirm(
            t("tokens.revoke"),
            t("tokens.revoke_text", label=label),
            t("tokens.revoke"),
            partial(plant.tokens.revoke, deed.rows[0]),
            t("tokens.revoked_now"),
        )


def _over(one: Token) -> bool:
    return one.revoked is not None or one.expires <= now()


def _cells(one: Token, zone: ZoneInfo) -> list[Cell]:
    rights = t("users.comma").join(t(f"right.{right.value}") for right in one.rights)
    if one.revoked is not None:
        until, colour = t("tokens.revoked"), theme.tokens()["quiet"]
    elif one.expires <= now():
        until, colour = t("tokens.expired"), theme.tokens()["quiet"]
    else:
        until, colour = formats.day(one.expires, zone), theme.CATEGORIES[2]
    return [
        Cell(one.label, t("tokens.begins", id=one.id)),
        Cell(one.owner),
        Cell(rights, one.project or t("tokens.all_projects")),
        Cell(until, colour=colour),
        Cell(formats.ago(one.last_used, now())),
    ]


# ---------------------------------------------------------------- make one
def ask(plant: Plant, owners: Sequence[str]) -> None:
    """Ask for a token of one of some users, make it and show its secret once."""
    dialog(t("tokens.make"))(_ask)(plant, owners)


def _ask(plant: Plant, owners: Sequence[str]) -> None:
    if st.session_state.get(_DONE):
        st.rerun()  # the secret was taken down: the dialog closes
    place = st.empty()
    with place.container():
        me = str(api.me().get("user", ""))
        owner = me
        if len(owners) > 1:
            first = owners.index(me) if me in owners else 0
            owner = st.selectbox(t("tokens.owner"), owners, first, key="token_owner")
        elif owners:
            owner = owners[0]
        label = st.text_input(
            t("tokens.label"), max_chars=100, help=t("tokens.label_help"), key="token_label"
        )
        rights = st.pills(
            t("tokens.rights"),
            _offered(plant),
            selection_mode="multi",
            format_func=lambda right: t(f"right.{right.value}"),
            key="token_rights",
        )
        left, right = st.columns(2)
        names = [one.name for one in plant.projects.list()]
        project = left.selectbox(
            t("tokens.project"),
            ["", *names],
            format_func=lambda name: name or t("tokens.all_projects"),
            key="token_project",
        )
        days = right.selectbox(
            t("tokens.lasts"),
            _DAYS,
            1,
            format_func=lambda n: t("tokens.days", n=formats.number(n)),
            key="token_days",
        )
        ready = bool(label.strip() and rights)
        made = None
        with frame.troubles():
            if st.button(
                t("tokens.make"), type="primary", key="token_save", disabled=not ready
            ):
                made = plant.tokens.create(
                    label.strip(), rights, owner=owner, project=project or None, days=days
                )
    if made is not None:
        with place.container():
            _secret(made.secret)


def _secret(secret: str) -> None:
    """Show a secret: it is in no address and in no state of the page, and gone with it."""
    st.text(t("tokens.once"))
    st.code(secret, language=None, wrap_lines=True)
    if st.button(t("tokens.done"), type="primary", key=_DONE):
        st.rerun()


def _offered(plant: Plant) -> list[Right]:
    """Return the rights that whoever asks could give away."""
    site = set(plant.site().site_rights)
    admin = bool(api.me().get("admin"))
    return [right for right in Right if api.may(right.value) and (admin or right not in site)]
