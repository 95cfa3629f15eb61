"""A row of figures: what a page is about, in a few numbers."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from ui import theme


@dataclass(frozen=True)
class Part:
    """One part of a figure, with the colour that stands for it elsewhere."""

    label: str
    value: str
    colour: str


@dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes
    ----------
    note
        What it is of, or since when.
    parts
        What it is made of; shown in place of a note.
    """

    label: str
    value: str
    note: str = ""
    parts: Sequence[Part] = ()


def figures(shown: Sequence[Figure]) -> None:
    """Draw figures beside each other; two in a row where there is no room for more."""
    st.html(f'{_style()}<div class="figures">{"".join(map(_figure, shown))}</div>')


def _figure(one: Figure) -> str:
    below = "".join(map(_part, one.parts)) or html.escape(one.note)
    return (
        f'<div class="figure"><div class="label">{html.escape(one.label)}</div>'
        f'<div class="value">{html.escape(one.value)}</div>'
        f'<div class="below">{below}</div></div>'
    )


def _part(one: Part) -> str:
    return (
        f'<span class="part"><i style="background:{html.escape(one.colour)}"></i>'
        f"{html.escape(one.label)} <b>{html.escape(one.value)}</b></span>"
    )


def _style() -> str:
    colours = theme.tokens()
    return f"""
<style>
.figures {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(190px, 1fr));
  gap: 12px; }}
.figure {{ border: 1px solid {colours["border"]}; border-radius: 6px; padding: 12px 14px;
  min-width: 0; }}
.figure .label {{ font-size: 12.5px; color: {colours["muted"]}; }}
.figure .value {{ font-size: 22px; font-weight: 600; line-height: 1.5;
  font-variant-numeric: tabular-nums; }}
.figure .below {{ font-size: 12px; color: {colours["muted"]}; min-height: 18px;
  display: flex; flex-wrap: wrap; gap: 2px 12px; }}
.figure .part {{ white-space: nowrap; }}
.figure .part i {{ display: inline-block; width: 9px; height: 9px; border-radius: 3px;
  margin-right: 5px; border: 1px solid rgba(128, 128, 128, .35); }}
.figure .part b {{ color: {colours["text"]}; font-weight: 600; }}
@media (max-width: 640px) {{ .figures {{ grid-template-columns: 1fr 1fr; gap: 8px; }}
  .figure {{ padding: 8px 10px; }} .figure .value {{ font-size: 18px; }}
  .figure:last-child:nth-child(odd) {{ grid-column: 1 / -1; }} }}
</style>
"""
