"""A place to drop files: they go from the browser to the site, past the pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from ui import api, formats
from ui.components.source import joined
from ui.text import t

_component = st.components.v2.component(
    "kizashi_drop",
    html='<div class="drop"></div>',
    css=joined("drop", "drop.css"),
    js=joined("shared", "page.js") + joined("drop", "drop.js"),
)
MOST_FILES = 20
"""Files that are sent together: their names are in the address afterwards."""
_WORDS = (
    "here",
    "choose",
    "kinds",
    "cancel",
    "cancelled",
    "waiting",
    "reading",
    "sent",
    "lost",
    "go_on",
    "leave",
    "logged_out",
)


def drop(most: int, *, key: str) -> tuple[str, ...]:
    """Draw the place; return what the files that came are called at the site, once.

    Parameters
    ----------
    most
        Bytes that one file may have.
    """
    size = formats.size(most)
    answer = _component(
        data={
            "most": most,
            "mostFiles": MOST_FILES,
            "site": api.chosen_site() or "",
            "words": {name: t(f"drop.{name}") for name in _WORDS}
            | {
                "most": t("drop.most", size=size),
                "tooLarge": t("drop.too_large", size=size),
                "tooMany": t("drop.too_many", n=MOST_FILES),
                "of": t("drop.of", done="{done}", size="{size}"),
            },
        },
        key=key,
        on_sent_change=lambda: None,
        height="content",
    )
    sent: Mapping[str, Any] | None = answer.sent
    return tuple(map(str, sent["uploads"])) if sent else ()
