"""One of a list: the way back to the list, to the one before and after, and a link to copy."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from ui.components.source import joined
from ui.text import t

_component = st.components.v2.component(
    "kizashi_steps",
    html='<nav class="steps"></nav>',
    css=joined("steps", "steps.css"),
    js=joined("shared", "page.js") + joined("steps", "steps.js"),
)
_WORDS = ("back", "before", "after", "copy", "copied", "label")


def steps(
    *,
    back: str,
    before: str = "",
    after: str = "",
    place: str = "",
    own: str,
    deeds: Sequence[str] = (),
    key: str,
) -> str:
    """Draw the way through a list; return what was asked for by a key, once.

    Parameters
    ----------
    back, before, after
        Addresses within the site: of the list, and of its neighbours; none if empty.
    place
        Where in the list this one is, in words.
    own
        Address of this one, as it is copied.
    deeds
        What may be asked for by a key: ``acknowledge`` by A, ``close`` by C, ``mute`` by M.
    """
    answer = _component(
        data={
            "back": back,
            "before": before,
            "after": after,
            "place": place,
            "own": own,
            "deeds": list(deeds),
            "words": {name: t(f"steps.{name}") for name in _WORDS},
        },
        key=key,
        on_deed_change=lambda: None,
        height="content",
    )
    return answer.deed if answer.deed in deeds else ""
