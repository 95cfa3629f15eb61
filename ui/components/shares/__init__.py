"""Sensors of an event, ranked: how much of its surprise each is, and which way it went."""

from __future__ import annotations

import html
from collections.abc import Sequence

import streamlit as st

from appliance.schemas.event import SensorShare
from ui import formats
from ui.text import t

_STYLE = """
<style>
.shares { width: 100%; border-collapse: collapse; font-size: 13px; }
.shares td { padding: 5px 0; border: 0; }
.shares .what { max-width: 160px; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; }
.shares .bar { width: 45%; padding: 0 12px; }
.shares .bar div { height: 9px; border-radius: 3px; background: rgba(128, 140, 160, .16); }
.shares .bar span { display: block; height: 9px; border-radius: 3px; background: #2f5bd8; }
.shares .bar .minor { opacity: .45; }
.shares .number { text-align: right; font-variant-numeric: tabular-nums; width: 44px; }
.shares .way { width: 90px; padding-left: 10px; opacity: .75; white-space: nowrap; }
</style>
"""


def shares(sensors: Sequence[SensorShare]) -> None:
    """Draw the sensors, the largest share first; the bar's whole width is all of it."""
    rows = "".join(_row(one) for one in sensors)
    st.html(f'{_STYLE}<table class="shares"><tbody>{rows}</tbody></table>')


def _row(one: SensorShare) -> str:
    name = html.escape(one.name)
    minor = "" if one.share > 0.12 else ' class="minor"'
    width = round(one.share * 100, 1)
    return (
        f'<tr><td class="what" title="{name}">{name}</td>'
        f'<td class="bar"><div><span{minor} style="width:{width}%"></span></div></td>'
        f'<td class="number">{formats.share(one.share)}</td>'
        f'<td class="way">{html.escape(_way(one))}</td></tr>'
    )


def _way(one: SensorShare) -> str:
    """Return which way a sensor went, in a word and an arrow."""
    if one.note:
        return t(f"shares.{one.note.replace(' ', '_')}")
    return {1: t("shares.above"), -1: t("shares.below")}.get(one.direction, "")
