"""Facts in words: what each is about at the left, what is so at the right."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from ui import theme


@dataclass(frozen=True)
class Fact:
    """One fact.

    Attributes
    ----------
    address
        Where it leads within the site; nowhere if empty.
    """

    label: str
    text: str
    address: str = ""


def facts(told: Sequence[Fact]) -> None:
    """Draw facts beneath each other."""
    st.html(f'{_style()}<dl class="facts">{"".join(map(_fact, told))}</dl>')


def _fact(one: Fact) -> str:
    text = html.escape(one.text)
    if one.address:
        text = f'<a href="{html.escape(one.address, quote=True)}" target="_self">{text}</a>'
    return f"<dt>{html.escape(one.label)}</dt><dd>{text}</dd>"


def _style() -> str:
    colours = theme.tokens()
    return f"""
<style>
.facts {{ display: grid; grid-template-columns: minmax(110px, 30%) minmax(0, 1fr);
  gap: 6px 14px; margin: 0 !important; padding: 0 !important;
  font-size: 13px; line-height: 1.5; }}
.facts dt, .facts dd {{ margin: 0 !important; padding: 0 !important; font-weight: 400; }}
.facts dt {{ color: {colours["muted"]}; }}
.facts dd {{ overflow-wrap: anywhere; }}
.facts a {{ color: {colours["accent"]}; }}
@media (max-width: 640px) {{ .facts {{ grid-template-columns: 1fr; gap: 0; }}
  .facts dd {{ padding-bottom: 8px !important; }} }}
</style>
"""
