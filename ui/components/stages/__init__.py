"""The steps of a job beneath each other: what each is at, how long it took, how it ended."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from ui import theme

Standing = Literal["succeeded", "failed", "cancelled", "running", "queued"]
_SIGNS = {"succeeded": "✓", "failed": "!", "cancelled": "–", "running": "", "queued": ""}


@dataclass(frozen=True)
class Stage:
    """One step.

    Attributes
    ----------
    told
        How it stands, for whoever does not see its sign.
    beside
        How long it took.
    share
        How much of it is done, 0..1; none where nobody knows.
    """

    text: str
    state: Standing
    told: str
    below: str = ""
    beside: str = ""
    share: float | None = None


def stages(shown: Sequence[Stage], *, label: str) -> None:
    """Draw steps in their order."""
    items = "".join(map(_stage, shown))
    st.html(f'{_style()}<ol class="stages" aria-label="{html.escape(label)}">{items}</ol>')


def _stage(one: Stage) -> str:
    bar = ""
    if one.share is not None and one.state == "running":
        share = f"{one.share * 100:.0f}"
        bar = (
            f'<span class="bar" role="progressbar" aria-valuemin="0" aria-valuemax="100" '
            f'aria-valuenow="{share}" aria-label="{html.escape(one.text)}">'
            f'<i style="width:{share}%"></i></span>'
        )
    below = f'<span class="below">{html.escape(one.below)}</span>' if one.below else ""
    told = html.escape(one.told)
    return (
        f'<li class="{one.state}"><span class="sign" role="img" aria-label="{told}" '
        f'title="{told}">{_SIGNS[one.state]}</span>'
        f'<span class="words"><span class="text">{html.escape(one.text)}</span>{below}{bar}'
        f'</span><span class="beside">{html.escape(one.beside)}</span></li>'
    )


def _style() -> str:
    colours = theme.tokens()
    good, bad = theme.CATEGORIES[2], colours["act"]
    return f"""
<style>
.stages {{ list-style: none; margin: 0 !important; padding: 0 !important; font-size: 13px; }}
.stages li {{ position: relative; display: grid; margin: 0 !important; padding: 0 0 14px;
  grid-template-columns: 22px minmax(0, 1fr) auto; gap: 0 10px; }}
.stages li:not(:last-child)::before {{ content: ""; position: absolute; left: 10px; top: 22px;
  bottom: 0; width: 1px; background: {colours["border"]}; }}
.stages .sign {{ width: 20px; height: 20px; border-radius: 50%; display: grid;
  place-items: center; font-size: 12px; font-weight: 700; box-sizing: border-box;
  border: 1.5px solid {colours["quiet"]}; color: {colours["muted"]}; }}
.stages .succeeded .sign {{ border-color: {good}; background: {good}; color: #FFFFFF; }}
.stages .failed .sign {{ border-color: {bad}; background: {bad};
  color: {colours["back"]}; }}
.stages .running .sign {{ border-color: {colours["accent"]};
  border-right-color: transparent; animation: kz-turn 1s linear infinite; }}
.stages .words {{ display: flex; flex-direction: column; min-width: 0; line-height: 1.5; }}
.stages .text {{ font-weight: 500; overflow-wrap: anywhere; }}
.stages .below {{ font-size: 12px; color: {colours["muted"]}; overflow-wrap: anywhere; }}
.stages .failed .below {{ color: {bad}; }}
.stages .beside {{ font-size: 12px; line-height: 20px; color: {colours["muted"]};
  white-space: nowrap; font-variant-numeric: tabular-nums; }}
.stages .bar {{ height: 6px; border-radius: 3px; margin: 5px 0 0; overflow: hidden;
  background: {colours["border"]}; }}
.stages .bar i {{ display: block; height: 100%; border-radius: 3px;
  background: {colours["accent"]}; }}
@keyframes kz-turn {{ to {{ transform: rotate(360deg); }} }}
@media (prefers-reduced-motion: reduce) {{ .stages .running .sign {{ animation: none; }} }}
</style>
"""
