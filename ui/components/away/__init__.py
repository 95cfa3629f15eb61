"""Says that the platform does not answer, for as long as it does not; leads to the login.

Streamlit tells of a lost connection in a dialog of its own, in English; this takes its place.
"""

from __future__ import annotations

import streamlit as st

from ui import theme
from ui.components.source import joined
from ui.text import t

_component = st.components.v2.component("kizashi_away", js=joined("away", "away.js"))


def away() -> None:
    """Watch the page's connection from now on, in the reader's language."""
    words = {name: t(f"away.{name}") for name in ("lost", "found")}
    colours = theme.tokens()
    look = {name: colours[name] for name in ("back", "text", "border")}
    _component(data={"words": words, "look": look}, key="away")
