"""A short list of lines, each of which leads somewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import streamlit as st

from ui.components.source import joined

_component = st.components.v2.component(
    "kizashi_briefs",
    html='<ul class="briefs"></ul>',
    css=joined("briefs", "briefs.css"),
    js=joined("shared", "page.js") + joined("briefs", "briefs.js"),
)


@dataclass(frozen=True)
class Brief:
    """One line.

    Attributes
    ----------
    below
        What is said beneath, smaller.
    beside
        What is said at the end of the line.
    address
        Where it leads; nowhere if empty.
    colour
        Of the mark before it; none if empty.
    """

    text: str
    below: str = ""
    beside: str = ""
    address: str = ""
    colour: str = ""


def briefs(lines: Sequence[Brief], *, label: str, key: str, wraps: bool = False) -> None:
    """Draw lines.

    Parameters
    ----------
    label
        What the list is, for whoever does not see it.
    wraps
        Whether long words are shown whole, on several lines.
    """
    _component(
        data={"label": label, "wraps": wraps, "lines": [asdict(line) for line in lines]},
        key=key,
        height="content",
    )
