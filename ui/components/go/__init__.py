"""Leads the browser elsewhere: to another page of the site, or to the login."""

from __future__ import annotations

import streamlit as st

_SCRIPT = """
export default function ({ data }) {
  if (!data || !data.to) return;
  const { pathname, search } = window.location;
  const back = data.back ? `?next=${encodeURIComponent(pathname + search)}` : "";
  window.location.replace(data.to + back);
}
"""
_component = st.components.v2.component("kizashi_go", js=_SCRIPT)


def go(to: str, *, back: bool = False) -> None:
    """Load an address of this site in place of the page; tell it where to lead back to."""
    _component(data={"to": to, "back": back}, key="go")
