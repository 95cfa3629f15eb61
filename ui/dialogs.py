"""Questions that are asked over a page, which no part that draws itself anew takes away."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Literal, ParamSpec

import streamlit as st

_STATE = "_dialog"
Told = ParamSpec("Told")


def begin_run() -> None:
    """Forget the dialog of an earlier run: a page that is drawn anew shows none."""
    st.session_state.pop(_STATE, None)


def dialog(
    title: str, *, width: Literal["small", "medium", "large"] = "small"
) -> Callable[[Callable[Told, None]], Callable[Told, None]]:
    """Let what a function draws be a dialog; the page is drawn anew when it is closed.

    What was typed into it, a secret say, is then forgotten.
    """

    def made(draw: Callable[Told, None]) -> Callable[Told, None]:
        @wraps(draw)
        def draw_while_open(*told: Told.args, **named: Told.kwargs) -> None:
            if st.session_state.get(_STATE) == "closed":
                # A browser that tells of the closing together with what was typed last has
                # the dialog alone drawn.
                st.rerun()
            draw(*told, **named)

        shown = st.dialog(title, width=width, on_dismiss=_close)(draw_while_open)

        @wraps(draw)
        def ask(*told: Told.args, **named: Told.kwargs) -> None:
            st.session_state[_STATE] = "open"
            shown(*told, **named)

        return ask

    return made


def _close() -> None:
    st.session_state[_STATE] = "closed"


def draw_page_anew() -> None:
    """Draw the whole page anew, for a part that draws itself; not while a dialog is open."""
    if st.session_state.get(_STATE) != "open":
        st.rerun()
