"""Signing in: by what people come in, and what each role may."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.client import Plant
from appliance.schemas.access import Right, Role
from ui import theme
from ui.components.briefs import Brief, briefs
from ui.components.table import Cell, Column, Row, table
from ui.text import t


def show(plant: Plant, _zone: ZoneInfo) -> None:
    """Draw the ways in, and the table of rights."""
    ways, site = plant.ways(), plant.site()
    left, right = st.columns([4, 6], gap="small")
    with left.container(border=True):
        st.markdown(f"**{t('sign_in.ways')}**")
        on, off = theme.CATEGORIES[2], theme.tokens()["quiet"]
        lines = [
            Brief(t("sign_in.password"), t("sign_in.password_text"), colour=on),
            Brief(
                ways.provider or t("sign_in.no_provider"),
                t("sign_in.provider_text" if ways.provider else "sign_in.provider_how"),
                colour=on if ways.provider else off,
            ),
            Brief(t("sign_in.token"), t("sign_in.token_text"), colour=on),
        ]
        briefs(lines, label=t("sign_in.ways"), key="ways")
        if not ways.provider:
            st.caption(t("sign_in.set_up"))
            st.code(_SETTINGS, language="toml")
    with right.container(border=True):
        st.markdown(f"**{t('sign_in.rights')}**")
        columns = [
            Column(t("sign_in.right")),
            *(Column(t(f"role.{role.value}")) for role in Role),
            Column(t("sign_in.site_admin")),
        ]
        rows = [_row(one, site.roles) for one in Right]
        table(columns, rows, label=t("sign_in.rights"), key="rights")


_SETTINGS = """oidc_name = "…"
oidc_issuer = "https://…"
oidc_client_id = "…"
"""


def _row(right: Right, roles: Mapping[Role, tuple[Right, ...]]) -> Row:
    held = [right in roles.get(role, ()) for role in Role]
    marks = [Cell("●" if has else "–", title=_said(has)) for has in (*held, True)]
    return Row(right.value, [Cell(t(f"right.{right.value}")), *marks])


def _said(has: bool) -> str:
    return t("sign_in.may" if has else "sign_in.may_not")
