"""Leads the browser elsewhere: to another page of the site, or to the login."""

from __future__ import annotations

import streamlit as st

_SCRIPT = """
export default function ({ data }) {
  if (data && data.to) window.location.replace(data.to);
}
"""
_component = st.components.v2.component("kizashi_go", js=_SCRIPT)


def go(to: str) -> None:
    """Load an address of this site in place of the page."""
    _component(data={"to": to}, key="go")
