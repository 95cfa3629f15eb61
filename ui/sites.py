"""At a gateway: which of its sites are shown, and which of them are away."""

from __future__ import annotations

import streamlit as st

from appliance.core.clock import now
from appliance.core.errors import KizashiError
from appliance.schemas.gateway import MemberSite
from ui import api, formats, state
from ui.text import t

_ONE = frozenset({"data", "pipelines"})
"""Pages that are about one site at a time."""


def chosen() -> str | None:
    """Return the one site that is shown; None for all of them, or without a gateway."""
    return api.chosen_site()


def members() -> list[MemberSite]:
    """Return the sites of the gateway that whoever is logged in has a place at."""
    return api.once("sites", lambda: list(api.gateway_itself().sites()))


def choice() -> None:
    """Draw what chooses the site in the sidebar; nothing where there is no gateway."""
    if not api.is_gateway():
        return
    names = [one.name for one in members()]
    known = chosen()
    options = ["", *names]
    picked = st.selectbox(
        t("sites.site"),
        options,
        index=options.index(known) if known in options else 0,
        format_func=lambda name: name or t("sites.all"),
        key="site_choice",
    )
    if (picked or None) != known:
        api.choose_site(picked or None)
        st.rerun()
    state.put(site=known)


def strip() -> None:
    """Say which of the sites shown are away: what is told of them is old, or missing."""
    if not api.is_gateway():
        return
    known = chosen()
    shown = [one for one in members() if known in (None, one.name)]
    away = [one for one in shown if one.state == "away"]
    if not away:
        return
    told = ", ".join(
        f"{one.name} ({formats.ago(one.seen, now())})" if one.seen is not None else one.name
        for one in away
    )
    waiting = sum(one.waiting for one in away)
    text = t("sites.away", sites=told)
    if waiting:
        text += " " + t("sites.waiting", count=waiting)
    st.warning(text, icon=":material/cloud_off:")


def needs_one(page: str) -> bool:
    """Whether a page needs a site to be chosen first."""
    try:
        return page in _ONE and api.is_gateway() and chosen() is None and len(members()) > 1
    except KizashiError:
        return False
