"""Administration: who may what, by what they come in, and who did what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.client import Plant
from ui import api, controls
from ui.text import t
from ui.views.administration import audit, channels, projects, sign_in, tokens, users


@dataclass(frozen=True)
class Part:
    """One part of the page.

    Attributes
    ----------
    open_to
        The right without which it is not offered.
    """

    show: Callable[[Plant, ZoneInfo], None]
    open_to: str


PARTS = {
    "users": Part(users.show, "manage_users"),
    "projects": Part(projects.show, "manage_members"),
    "tokens": Part(tokens.show, "manage_users"),
    "sign_in": Part(sign_in.show, "manage_users"),
    "channels": Part(channels.show, "operate"),
    "audit": Part(audit.show, "read_audit"),
}
"""By name in the address, in the order in which they are shown."""


def show() -> None:
    """Draw the part that the address names, of those that one may see."""
    plant = api.plant()
    parts = [name for name, part in PARTS.items() if api.may(part.open_to)]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(t("administration.title"), anchor=False, width="stretch")
        part = controls.segments(
            "part",
            parts,
            parts[0],
            label=t("administration.part"),
            words=lambda name: t(f"administration.part_{name}"),
            clears=("user", "project", "owner", "channel", "became", "shown"),
        )
    PARTS[part].show(plant, plant.zone())
