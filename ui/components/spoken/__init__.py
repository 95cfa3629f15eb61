"""Tells the browser in which language a page is, for whoever has it read out."""

from __future__ import annotations

import streamlit as st

_SCRIPT = """
export default function ({ data }) {
  if (data && data.language) document.documentElement.lang = data.language;
}
"""
_component = st.components.v2.component("kizashi_spoken", js=_SCRIPT)


def spoken(language: str) -> None:
    """Mark the page as one in a language."""
    _component(data={"language": language}, key="spoken")
