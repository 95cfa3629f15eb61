"""Counts, each of which leads to what it counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import streamlit as st

from ui.components.source import joined

_component = st.components.v2.component(
    "kizashi_tally",
    html='<nav class="tally"></nav>',
    css=joined("tally", "tally.css"),
    js=joined("shared", "page.js") + joined("tally", "tally.js"),
)


@dataclass(frozen=True)
class Count:
    """One count.

    Attributes
    ----------
    address
        Where it leads within the site.
    chosen
        Whether that is what is shown now.
    colour
        Of the mark before it; none if empty.
    title
        What it means, in a sentence.
    """

    label: str
    value: str
    address: str
    chosen: bool = False
    colour: str = ""
    title: str = ""


def tally(counts: Sequence[Count], *, label: str, key: str) -> None:
    """Draw counts beside each other; `label` says what they are of."""
    _component(
        data={"label": label, "counts": [asdict(one) for one in counts]},
        key=key,
        height="content",
    )
