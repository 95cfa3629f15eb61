"""A way of some steps, and how far somebody is on it."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from ui import theme
from ui.text import t


@dataclass(frozen=True)
class Stretch:
    """One step of the way."""

    title: str
    text: str
    state: Literal["done", "now", "later"] = "later"


def way(shown: Sequence[Stretch], *, label: str) -> None:
    """Draw the steps of a way in their order.

    Parameters
    ----------
    label
        What way it is, for whoever does not see it.
    """
    items = "".join(_step(number, one) for number, one in enumerate(shown, 1))
    st.html(f'{_style()}<ol class="way" aria-label="{html.escape(label)}">{items}</ol>')


def _step(number: int, one: Stretch) -> str:
    current = ' aria-current="step"' if one.state == "now" else ""
    sign = "✓" if one.state == "done" else str(number)
    told = html.escape(t(f"way.{one.state}"))
    return (
        f'<li class="{one.state}"{current}><span class="sign" title="{told}">{sign}</span>'
        f'<span class="words"><b>{html.escape(one.title)}</b>'
        f"<span>{html.escape(one.text)}</span></span></li>"
    )


def _style() -> str:
    colours = theme.tokens()
    return f"""
<style>
.way {{ list-style: none; margin: 0 !important; padding: 0 !important;
  display: grid; gap: 12px;
  grid-template-columns: repeat(auto-fit, minmax(210px, 1fr)); }}
.way li {{ display: flex; gap: 12px; padding: 12px 14px; border-radius: 6px;
  margin: 0 !important; border: 1px solid {colours["border"]}; min-width: 0; }}
.way li.now {{ border-color: {colours["accent"]};
  box-shadow: inset 0 0 0 1px {colours["accent"]}; }}
.way .sign {{ flex: none; width: 26px; height: 26px; border-radius: 50%; display: grid;
  place-items: center; font-size: 13px; font-weight: 600; color: {colours["muted"]};
  border: 1.5px solid {colours["border"]}; }}
.way .now .sign {{ color: {colours["back"]}; background: {colours["accent"]};
  border-color: {colours["accent"]}; }}
.way .done .sign {{ color: {colours["accent"]}; border-color: {colours["accent"]}; }}
.way .words {{ display: flex; flex-direction: column; min-width: 0; line-height: 1.45; }}
.way .words b {{ font-weight: 600; }}
.way .words span {{ font-size: 12.5px; color: {colours["muted"]}; }}
.way .later b {{ color: {colours["muted"]}; font-weight: 500; }}
</style>
"""
