"""Steps as boxes and what hands on to what as arrows, from left to right."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from ui import theme
from ui.components.stages import Standing

_SIGNS: Mapping[str, str] = {
    "succeeded": "✓",
    "failed": "!",
    "cancelled": "–",
    "running": "▶",
    "queued": "○",
}
_WIDE, _HIGH, _GAP_X, _GAP_Y, _EDGE, _HEAD = 190, 58, 56, 18, 6, 8
"""Pixels of a box, between boxes, around all of them, and of an arrow's head."""


@dataclass(frozen=True)
class Node:
    """One step.

    Attributes
    ----------
    name
        By which links know it.
    below
        What it runs.
    told
        How it stands, in a word; nothing where nothing has run.
    address
        Where it leads.
    chosen
        Whether it is the one that is looked at.
    """

    name: str
    below: str
    state: Standing | None = None
    told: str = ""
    address: str = ""
    chosen: bool = False


def graph(nodes: Sequence[Node], links: Sequence[tuple[str, str]], *, label: str) -> None:
    """Draw a graph.

    Parameters
    ----------
    nodes
        Each after all that hand on to it.
    links
        From which node to which, by name.
    """
    places = placed([node.name for node in nodes], links)
    columns = max((x for x, _ in places.values()), default=0) + 1
    rows = max((y for _, y in places.values()), default=0) + 1
    width = columns * (_WIDE + _GAP_X) - _GAP_X + 2 * _EDGE
    height = rows * (_HIGH + _GAP_Y) - _GAP_Y + 2 * _EDGE
    arrows = "".join(_arrow(places[one], places[two]) for one, two in links)
    boxes = "".join(_box(node, places[node.name], links) for node in nodes)
    st.html(
        f"{_style()}"
        f'<div class="graph"><div class="sheet" style="width:{width}px;height:{height}px">'
        f'<span aria-hidden="true">{arrows}</span>'
        f'<ol aria-label="{html.escape(label)}">{boxes}</ol></div></div>'
    )


def placed(
    names: Sequence[str], links: Sequence[tuple[str, str]]
) -> dict[str, tuple[int, int]]:
    """Return column and row of each node: behind the last that hands on to it.

    Parameters
    ----------
    names
        Each after all that hand on to it.
    """
    places: dict[str, tuple[int, int]] = {}
    filled: dict[int, int] = {}
    for name in names:
        before = [places[one][0] for one, two in links if two == name and one in places]
        column = max(before, default=-1) + 1
        places[name] = (column, filled.get(column, 0))
        filled[column] = places[name][1] + 1
    return places


def _left(place: tuple[int, int]) -> int:
    return _EDGE + place[0] * (_WIDE + _GAP_X)


def _top(place: tuple[int, int]) -> int:
    return _EDGE + place[1] * (_HIGH + _GAP_Y)


def _arrow(start: tuple[int, int], end: tuple[int, int]) -> str:
    """Return a line that turns before the column of its end, and a head."""
    x1, y1 = _left(start) + _WIDE, _top(start) + _HIGH // 2
    x2, y2 = _left(end) - _HEAD, _top(end) + _HIGH // 2
    turn = _left(end) - _GAP_X // 2
    level = [(x1, y1, turn - x1), (turn, y2, x2 - turn)]
    lines = "".join(
        f'<i class="level" style="left:{x}px;top:{y}px;width:{wide}px"></i>'
        for x, y, wide in level
    )
    high = abs(y2 - y1)
    if high:
        top = min(y1, y2)
        lines += f'<i class="plumb" style="left:{turn}px;top:{top}px;height:{high}px"></i>'
    return f'{lines}<i class="head" style="left:{x2}px;top:{y2}px"></i>'


def _box(node: Node, place: tuple[int, int], links: Sequence[tuple[str, str]]) -> str:
    state = node.state or "still"
    after = [one for one, two in links if two == node.name]
    sign = (
        f'<span class="sign" aria-hidden="true">{_SIGNS[node.state]}</span>'
        if node.state
        else ""
    )
    told = f'<span class="told">{html.escape(node.told)}</span>' if node.told else ""
    inner = (
        f'{sign}<span class="words"><b>{html.escape(node.name)}</b>'
        f'<span class="below">{told}{html.escape(node.below)}</span></span>'
    )
    spoken = html.escape(
        ", ".join(filter(None, [node.name, node.told, node.below, " + ".join(after)]))
    )
    current = ' aria-current="true"' if node.chosen else ""
    if node.address:
        inner = (
            f'<a href="{html.escape(node.address)}" target="_self" title="{spoken}"{current}>'
            f"{inner}</a>"
        )
    else:
        inner = f'<span class="box" title="{spoken}">{inner}</span>'
    style = f"left:{_left(place)}px;top:{_top(place)}px"
    return f'<li class="{state}" style="{style}">{inner}</li>'


def _style() -> str:
    colours = theme.tokens()
    good, bad = theme.CATEGORIES[2], colours["act"]
    return f"""
<style>
.graph {{ overflow-x: auto; padding-bottom: 6px; }}
.graph .sheet {{ position: relative; }}
.graph i {{ position: absolute; background: {colours["quiet"]}; }}
.graph .level {{ height: 1.5px; }}
.graph .plumb {{ width: 1.5px; }}
.graph .head {{ background: none; margin-top: -4px; border: solid transparent;
  border-width: 5px 0 5px {_HEAD}px; border-left-color: {colours["quiet"]}; }}
.graph ol {{ list-style: none; margin: 0 !important; padding: 0 !important; }}
.graph li {{ position: absolute; width: {_WIDE}px; height: {_HIGH}px; margin: 0 !important;
  padding: 0 !important; }}
.graph a, .graph .box {{ display: flex; gap: 9px; align-items: center; box-sizing: border-box;
  width: 100%; height: 100%; padding: 8px 11px; border-radius: 7px; color: inherit !important;
  text-decoration: none !important; background: {colours["back"]};
  border: 1.5px solid {colours["quiet"]}; }}
.graph a:hover, .graph a[aria-current] {{ box-shadow: 0 0 0 2px {colours["accent"]}; }}
.graph a:focus-visible {{ outline: 3px solid {colours["accent"]}; outline-offset: 2px; }}
.graph .words {{ min-width: 0; display: grid; line-height: 1.35; }}
.graph b, .graph .below {{ overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }}
.graph b {{ font-size: 13.5px; font-weight: 600; }}
.graph .below {{ font-size: 12px; color: {colours["muted"]}; }}
.graph .told {{ color: {colours["text"]}; font-weight: 600; margin-right: 6px; }}
.graph .sign {{ flex: none; width: 22px; height: 22px; border-radius: 50%; display: grid;
  place-items: center; font-size: 12px; font-weight: 700; box-sizing: border-box;
  border: 1.5px solid {colours["quiet"]}; color: {colours["muted"]}; }}
.graph .succeeded .sign {{ background: {good}; border-color: {good}; color: #FFFFFF; }}
.graph .failed .sign {{ background: {bad}; border-color: {bad}; color: {colours["back"]}; }}
.graph .running .sign {{ border-color: {colours["accent"]}; color: {colours["accent"]}; }}
.graph .running a, .graph .running .box {{ border-color: {colours["accent"]}; }}
.graph .failed a, .graph .failed .box {{ border-color: {bad}; border-width: 2px; }}
.graph .queued a, .graph .queued .box {{ border-style: dashed; }}
</style>
"""
