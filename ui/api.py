"""The one door to the platform: its client, with the rights of whoever is logged in."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import streamlit as st

from appliance.client import Plant, connect
from appliance.core.errors import Unauthenticated

_Given = ParamSpec("_Given")
_Found = TypeVar("_Found")
SESSION_COOKIE = "kizashi_session"
ADDRESS = "KIZASHI_UI_API"
"""Where the web process says that its API is."""
_KEY = "_plant"
_SITE = "_site"
_PATIENCE = 4.0
"""Seconds for which a page waits for a platform that does not answer."""


def plant() -> Plant:
    """Return the platform as whoever is logged in may see it; at a gateway, the site chosen.

    Raises
    ------
    Unauthenticated
        Nobody is logged in.
    """
    whole = gateway_itself()
    site = chosen_site()
    return whole if site is None else once(f"site {site}", lambda: whole.at(site))


def gateway_itself() -> Plant:
    """Return the platform, be it one site or, at a gateway, all of them.

    Raises
    ------
    Unauthenticated
        Nobody is logged in.
    """
    session = st.context.cookies.get(SESSION_COOKIE)
    if not session:
        raise Unauthenticated("nobody is logged in.")
    held: tuple[str, Plant] | None = st.session_state.get(_KEY)
    if held is None or held[0] != session:
        made = connect(os.environ[ADDRESS], session, patience=_PATIENCE)
        held = session, made
        st.session_state[_KEY] = held
    return held[1]


def is_gateway() -> bool:
    """Whether the pages are those of a gateway before many sites."""
    return once("gateway", lambda: gateway_itself().site().gateway)


def chosen_site() -> str | None:
    """Return the one site of the gateway that is shown; None for all of them."""
    named = st.query_params.get("site") or st.session_state.get(_SITE)
    return str(named) if named and is_gateway() else None


def choose_site(site: str | None) -> None:
    """Show one site of the gateway from now on, or all of them."""
    st.session_state[_SITE] = site
    if site is None:
        st.query_params.pop("site", None)
    else:
        st.query_params["site"] = site


def me() -> dict[str, object]:
    """Return who is logged in, with their roles; asked once a run of a page."""
    return once("me", gateway_itself().me)


def entered() -> bool:
    """Whether somebody is logged in, and their session still good."""
    try:
        me()
    except Unauthenticated:
        return False
    return True


def may(right: str, project: str | None = None) -> bool:
    """Whether whoever is logged in has a right, so that pages offer only what is possible.

    The platform decides for itself; this only spares people buttons that answer no.
    """
    held = me()
    rights = held.get("rights")
    if held.get("admin"):
        return True
    if not isinstance(rights, dict):
        return False
    # At a gateway a role over all of a site holds in each of its projects.
    where = [project, project.rpartition("@")[2]] if project else list(rights)
    return any(right in rights.get(name, ()) for name in where)


def once(key: str, ask: Callable[[], _Found]) -> _Found:
    """Return what was asked under a key in this run of the page, or ask it now."""
    asked: dict[str, object] = st.session_state.setdefault("_asked", {})
    if key not in asked:
        asked[key] = ask()
    return asked[key]  # type: ignore[return-value]


def begin_run() -> None:
    """Forget what an earlier run of the page asked."""
    st.session_state["_asked"] = {}
