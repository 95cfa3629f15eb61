"""The tokens of the theme that charts and components share; the rest is in config.toml."""

from __future__ import annotations

SEVERITIES = ("normal", "watch", "plan", "act")
LIGHT = {
    "normal": "#EEF1F5",
    "watch": "#FBE3A6",
    "plan": "#E8862E",
    "act": "#8F1524",
    "line": "#49597A",
    "accent": "#2F5BD8",
    "expected": "#0B8F6B",
    "grid": "#EEF0F3",
    "muted": "#5B6472",
    "border": "#DFE3E8",
    "quiet": "#8593AB",
    "text": "#1A1D23",
    "back": "#FFFFFF",
}
DARK = {
    "normal": "#20242C",
    "watch": "#5A4C1C",
    "plan": "#C9822B",
    "act": "#FF6B5E",
    "line": "#9DB2D6",
    "accent": "#7C9BFF",
    "expected": "#5CD6B0",
    "grid": "#23272F",
    "muted": "#98A1AF",
    "border": "#2A2F38",
    "quiet": "#5F7396",
    "text": "#E8EAEE",
    "back": "#111317",
}
"""Severities grow in contrast to the background, so that they are told apart without hue."""
CATEGORIES = ("#2F5BD8", "#D55E00", "#0B8F6B", "#CC79A7", "#E0A100", "#56B4E9")
"""Okabe and Ito's palette for colour vision of every kind, with the theme's blue."""


def is_dark() -> bool:
    """Whether the reader's page is dark."""
    import streamlit as st

    return st.context.theme.type == "dark"


def tokens() -> dict[str, str]:
    """Return the colours of the reader's page."""
    return DARK if is_dark() else LIGHT
