"""Sensors of an event, ranked: how much of its surprise each is, and which way it went."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from appliance.schemas.event import SensorShare
from ui import formats, theme
from ui.text import t

_MINOR = 0.12
"""Share below which a sensor is told of, but more quietly."""
_DIGITS = 3


@dataclass(frozen=True)
class Normal:
    """What a sensor normally does, and what it did.

    Attributes
    ----------
    low, high
        Of normal running in the mode that it was in.
    measured
        Where it went furthest from that.
    """

    low: float
    high: float
    measured: float
    unit: str = ""


def shares(
    sensors: Sequence[SensorShare],
    *,
    labels: Mapping[str, str] | None = None,
    normal: Mapping[str, Normal] | None = None,
) -> None:
    """Draw the sensors, the largest share first; a bar's whole width is all of the surprise.

    Parameters
    ----------
    labels
        What people call a sensor, by its name.
    normal
        What is drawn beneath a sensor, by its name.
    """
    rows = "".join(_row(one, labels or {}, (normal or {}).get(one.name)) for one in sensors)
    st.html(f'{_style()}<table class="shares"><tbody>{rows}</tbody></table>')


def _row(one: SensorShare, labels: Mapping[str, str], normal: Normal | None) -> str:
    name = html.escape(one.name, quote=True)
    text = html.escape(labels.get(one.name) or one.name)
    minor = "" if one.share > _MINOR else ' class="minor"'
    width = round(one.share * 100, 1)
    row = (
        f'<tr><td class="what" title="{name}">{text}</td>'
        f'<td class="bar"><div><span{minor} style="width:{width}%"></span></div></td>'
        f'<td class="number">{formats.share(one.share)}</td>'
        f'<td class="way">{html.escape(_way(one))}</td></tr>'
    )
    return row if normal is None else f"{row}{_normal(normal)}"


def _way(one: SensorShare) -> str:
    """Return which way a sensor went, in a word and an arrow."""
    if one.note:
        return t(f"shares.{one.note.replace(' ', '_')}")
    return {1: t("shares.above"), -1: t("shares.below")}.get(one.direction, "")


def _normal(one: Normal) -> str:
    """Return a scale with what is normal as a band, and what was measured as a mark."""
    least, most = min(one.low, one.measured), max(one.high, one.measured)
    room = (most - least) * 0.08 or abs(most) * 0.08 or 1.0
    least, most = least - room, most + room
    start, end, at = (
        round(100 * (value - least) / (most - least), 1)
        for value in (one.low, one.high, one.measured)
    )
    text = t(
        "shares.normal",
        low=significant(one.low),
        high=significant(one.high),
        measured=significant(one.measured),
        unit=f" {one.unit}" if one.unit else "",
    )
    return (
        f'<tr class="normal"><td colspan="2">{html.escape(text)}</td><td colspan="2">'
        f'<div class="scale"><i style="left:{start}%;width:{max(end - start, 1.0)}%"></i>'
        f'<b style="left:{at}%"></b></div></td></tr>'
    )


def significant(value: float) -> str:
    """Return a number with three digits that count."""
    text = f"{value:,.{_DIGITS}g}"
    return f"{float(f'{value:.{_DIGITS}g}'):,.10g}" if "e" in text else text


def _style() -> str:
    colours = theme.tokens()
    return f"""
<style>
.shares {{ width: 100%; border-collapse: collapse; font-size: 13px; table-layout: fixed; }}
.shares td {{ padding: 5px 0; border: 0; }}
.shares .what {{ width: 34%; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; }}
.shares .bar {{ padding: 0 12px; }}
.shares .bar div {{ height: 9px; border-radius: 3px; background: {colours["normal"]};
  overflow: hidden; }}
.shares .bar span {{ display: block; height: 9px; background: {colours["accent"]}; }}
.shares .bar .minor {{ opacity: .45; }}
.shares .number {{ text-align: right; font-variant-numeric: tabular-nums; width: 44px; }}
.shares .way {{ width: 108px; padding-left: 10px; color: {colours["muted"]};
  white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }}
.shares .normal td {{ padding: 0 0 6px; font-size: 12px; color: {colours["muted"]};
  vertical-align: middle; }}
.shares .scale {{ position: relative; height: 8px; border-radius: 3px;
  background: {colours["normal"]}; }}
.shares .scale i {{ position: absolute; top: 0; height: 8px; border-radius: 2px;
  background: {colours["quiet"]}; }}
.shares .scale b {{ position: absolute; top: -3px; width: 3px; height: 14px;
  margin-left: -1px; border-radius: 2px; background: {colours["act"]}; }}
</style>
"""
