"""What became of something and what was said of it, the latest first."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from ui import theme


@dataclass(frozen=True)
class Entry:
    """One thing that happened.

    Attributes
    ----------
    when, ago
        The time, and how long ago that is.
    what
        What was done; empty for a comment.
    text
        What was said.
    """

    who: str
    when: str
    ago: str
    what: str = ""
    text: str = ""


def activity(entries: Sequence[Entry], label: str) -> None:
    """Draw what happened; `label` says of what."""
    lines = "".join(map(_line, entries))
    title = html.escape(label, quote=True)
    st.html(f'{_style()}<ul class="activity" aria-label="{title}">{lines}</ul>')


def _line(one: Entry) -> str:
    kind = "" if one.what else ' class="said"'
    what = f" · {html.escape(one.what)}" if one.what else ""
    text = f"<p>{html.escape(one.text)}</p>" if one.text else ""
    when = html.escape(one.when, quote=True)
    return (
        f"<li{kind}><div><b>{html.escape(one.who)}</b><span>{what}</span>"
        f'<time title="{when}">{html.escape(one.ago)}</time></div>{text}</li>'
    )


def _style() -> str:
    colours = theme.tokens()
    return f"""
<style>
ul.activity {{ list-style: none; margin: 0; padding: 0; font-size: 13px; }}
ul.activity > li {{ position: relative; margin: 0; padding: 0 0 10px 16px;
  border-left: 1px solid {colours["border"]}; }}
ul.activity > li::before {{ content: ""; position: absolute; left: -4px; top: 6px; width: 7px;
  height: 7px; border-radius: 50%; background: {colours["border"]}; }}
ul.activity > li.said::before {{ background: {colours["accent"]}; }}
ul.activity > li:last-child {{ padding-bottom: 0; border-left-color: transparent; }}
.activity div {{ display: flex; gap: 2px; align-items: baseline; min-width: 0; }}
.activity b {{ font-weight: 600; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; max-width: 45%; }}
.activity span {{ color: {colours["muted"]}; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; white-space: pre; }}
.activity time {{ margin-left: auto; padding-left: 10px; font-size: 12px;
  color: {colours["muted"]}; white-space: nowrap; }}
.activity p {{ margin: 3px 0 0; white-space: pre-wrap; overflow-wrap: anywhere; }}
</style>
"""
