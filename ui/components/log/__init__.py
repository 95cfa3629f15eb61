"""What a job said: the newest at the bottom, followed while one looks there, to be copied."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.schemas.job import JobLogLine
from ui.components.source import joined
from ui.text import t

_component = st.components.v2.component(
    "kizashi_log",
    html='<div class="log"></div>',
    css=joined("log", "log.css"),
    js=joined("shared", "page.js") + joined("log", "log.js"),
)
_WORDS = ("copy", "copied", "follow", "nothing")


def log(lines: Sequence[JobLogLine], zone: ZoneInfo, *, label: str, key: str) -> None:
    """Draw lines.

    Parameters
    ----------
    label
        What said them, for whoever does not see it.
    """
    _component(
        data={
            "label": label,
            "lines": [
                {
                    "at": f"{line.at.astimezone(zone):%H:%M:%S}",
                    "level": line.level,
                    "text": line.text,
                }
                for line in lines
            ],
            "words": {name: t(f"job.log_{name}") for name in _WORDS},
        },
        key=key,
        height="content",
    )
